// A second device, to show that nothing takes a device's memory for the host's.
//
// Its memory is host memory that is mapped twice: tensors hold an address that faults when it is read or written, and
// the kernels, which are the CPU's, find the other one beside it. Part of engine/_C where the tests are built.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <map>
#include <mutex>

#include "core/backend.h"
#include "core/dispatch.h"

namespace bestiary {
namespace {

struct Block {
    char* seen;  // by the host: protected
    char* real;
    size_t bytes;
};

class ToyBackend final : public Backend {
public:
    ToyBackend();

    void* allocate(size_t bytes, Device) override {
        const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), size = (bytes / page + 1) * page;
        const int file = memfd_create("toy", 0);
        check(file >= 0 && ftruncate(file, static_cast<off_t>(size)) == 0, "toy: out of memory");
        void* real = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        void* seen = mmap(nullptr, size, PROT_NONE, MAP_SHARED, file, 0);
        close(file);
        check(real != MAP_FAILED && seen != MAP_FAILED, "toy: out of memory");
        const std::lock_guard lock(mutex_);
        blocks_[static_cast<char*>(seen)] = {static_cast<char*>(seen), static_cast<char*>(real), size};
        return seen;
    }
    void deallocate(void* block, size_t, Device) noexcept override {
        const std::lock_guard lock(mutex_);
        const Block found = blocks_.extract(static_cast<char*>(block)).mapped();
        munmap(found.seen, found.bytes);
        munmap(found.real, found.bytes);
    }
    void copy(void* to, Device to_device, const void* from, Device from_device, size_t bytes) override {
        if (bytes > 0) std::memcpy(real(to, to_device), real(const_cast<void*>(from), from_device), bytes);
    }
    void zero(void* block, size_t bytes, Device device) override { std::memset(real(block, device), 0, bytes); }
    Generator& default_generator(Device) override { return bestiary::default_generator(); }

    // A tensor of the host over the same memory.
    Tensor on_host(const Tensor& t) {
        char* const base = real(t->storage->data(), t.device());
        auto storage = Storage::borrow(base, t->storage->bytes(), [] {});
        return Tensor(new TensorImpl(std::move(storage), t.sizes(), t.strides(), t->offset, t.dtype()));
    }

private:
    char* real(void* address, Device device) {
        char* const at = static_cast<char*>(address);
        if (device.type == DeviceType::CPU) return at;
        const std::lock_guard lock(mutex_);
        const Block& block = std::prev(blocks_.upper_bound(at))->second;
        return block.real + (at - block.seen);
    }

    std::mutex mutex_;
    std::map<char*, Block> blocks_;
};

ToyBackend* const toy = new ToyBackend;  // storages freed at exit still need it

// Runs the CPU's kernel of the op on the memory of the toy's tensors.
void run_on_host(const KernelCall& call) {
    std::vector<Value> values(call.args.begin(), call.args.end());
    std::deque<Tensor> held;
    std::deque<std::vector<Tensor>> lists;
    for (Value& v : values) {
        if (v.is_tensor()) v = held.emplace_back(toy->on_host(Tensor(v.t)));
        if (v.tag != Tag::Tensors) continue;
        std::vector<Tensor>& list = lists.emplace_back();
        for (const Tensor& t : v.tensor_list()) list.push_back(t.defined() ? toy->on_host(t) : Tensor());
        v = list;
    }
    Results results;
    for (const Tensor& t : call.outs) results.push(toy->on_host(t));
    const int cpu = static_cast<int>(DeviceType::CPU);
    const KernelFn own = call.op.kernels[cpu];
    const KernelFn kernel = own ? own : backends[cpu]->elementwise;
    const int known = results.size();
    kernel({call.op, Args(values.data(), call.args.size()), results, call.compute});
    for (int i = known; i < results.size(); ++i) call.outs.push(copied_to(results[i], {DeviceType::Extension, 0}));
}

// Ops that have a composition go without a kernel, so that the composition is tried.
void give_kernels() {
    for (const auto& [name, overloads] : OpTable::get().by_name())
        for (Op* op : overloads)
            if (op->kernels[static_cast<int>(DeviceType::CPU)] && !op->composed)
                op->kernels[static_cast<int>(DeviceType::Extension)] = run_on_host;
}

ToyBackend::ToyBackend() {
    name_extension_device("toy");
    elementwise = run_on_host;
    backends[static_cast<int>(DeviceType::Extension)] = this;
    OpTable::get().when_complete(give_kernels);
}

}  // namespace
}  // namespace bestiary
