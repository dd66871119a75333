// The driver of every elementwise op, and copying between layouts and types.
#include <atomic>
#include <cmath>

#include "core/backend.h"
#include "cpu/loop_table.h"
#include "cpu/parallel.h"
#include "cpu/strided.h"
#include "cpu/transpose.h"

namespace bestiary::cpu {
namespace {

// Elements converted at a time when an operand's type is not the loop's: the piece stays in the first-level cache.
constexpr int64_t kBlock = 512;

// Vectors begin at multiples of so many elements of a row. The C library's functions have other last digits in vectors
// than one by one, and where a row is cut must not show.
constexpr int64_t kCut = 64;

// A result of as many bytes is not going to be found in a cache, and is written past it: a line that is written whole
// need not be read first.
constexpr int64_t kBeyondCache = int64_t{32} << 20;

struct Conversion {
    Loop loop = nullptr;  // null: the operand is used as it is
    int64_t item = 0;     // bytes of the converted element
};

// One call: the loop, the operands, and how each must be converted.
struct Plan {
    Loop loop;
    Strided at;
    std::array<Conversion, kMaxOperands> conversions;
    bool converts = false;
    bool streams = false;  // writes its result past the caches
    std::array<double, 8> params{};
    alignas(8) char scalars[kMaxOperands][8];

    bool flat;  // every operand lies in memory as the result does: one long row

    Plan(const Tensor& out, bool is_flat) : at(is_flat ? Dims{out.numel()} : out.sizes()), flat(is_flat) {}
};

const LoopSet& loops_of(const Op& op) {
    const void*& known = op.loops[static_cast<int>(DeviceType::CPU)];
    if (!known) known = find_loops(op.full_name());
    check_as(ErrorKind::NotImplemented, known, "no CPU loop");
    return *static_cast<const LoopSet*>(known);
}

void add_tensor(Plan& plan, const Tensor& t, DType wanted, bool is_result) {
    if (t.dtype() != wanted) {
        plan.conversions[plan.at.operands] = {is_result ? cast_loop(wanted, t.dtype()) : cast_loop(t.dtype(), wanted),
                                              item_size(wanted)};
        plan.converts = true;
    }
    if (plan.flat) plan.at.add_row(t.raw(), item_size(t.dtype()));
    else plan.at.add(t);
}

bool lies_flat(const KernelCall& call) {
    const TensorImpl& out = *call.outs[0].impl();
    if (!out.contiguous && !is_dense(out.sizes, out.strides)) return false;
    for (const Value& v : call.args) {
        if (!v.is_tensor()) continue;
        const bool alike = v.t->sizes == out.sizes &&
                           (v.t->strides == out.strides || (v.t->contiguous && out.contiguous));
        if (!alike) return false;
    }
    return true;
}

// `rounded` is the type that the number takes on first.
void add_number(Plan& plan, const Value& v, DType wanted, DType rounded) {
    char* place = plan.scalars[plan.at.operands];
    visit(wanted, [&]<class T>() {
        T value = v.tag == Tag::Float ? convert<T>(v.f) : convert<T>(v.integer());
        if (is_floating(rounded) && item_size(rounded) < 4)
            value = visit_stored(rounded, [&]<class R>() { return convert<T>(convert<R>(value)); });
        std::memcpy(place, &value, sizeof value);
    });
    plan.at.add_scalar(place);
}

Plan make_plan(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    Plan plan(out, lies_flat(call));
    const LoopSet& loops = loops_of(call.op);
    // 16-bit floats calculate in float, unless the op has a loop of its own for them.
    const DType type = loops.get(call.compute) ? call.compute : compute_type(call.compute);
    plan.loop = loops.get(type);
    check_as(ErrorKind::NotImplemented, plan.loop, "not implemented for ", call.compute);
    const Promote promotion = call.op.promotion;
    add_tensor(plan, out, promotion == Promote::Bool ? DType::Bool : type, true);
    // A comparison with 0.1 asks whether an element is the nearest to it in the tensor's own type.
    const DType rounded = promotion == Promote::Bool ? call.compute : type;
    int next_param = 0;
    for (int i = 0; i < call.args.size(); ++i) {
        const Kind kind = call.op.schema.params[i].kind;
        const Value& v = call.args[i];
        const bool condition = promotion == Promote::Select && i == 0;
        if (v.is_tensor()) add_tensor(plan, call.args.tensor(i), condition ? DType::Bool : type, false);
        else if (kind == Kind::Operand || kind == Kind::Number) add_number(plan, v, type, rounded);
        else if (v.is_number()) plan.params[next_param++] = v.number();
    }
    return plan;
}

// The loop that copies past the caches.
Loop streaming() {
    static const Loop loop = find_loops("copy.stream")->get(DType::UInt8);
    return loop;
}
// Orders writes past the caches before all later ones.
void finish_streaming() { std::atomic_thread_fence(std::memory_order_seq_cst); }

// Has a large result that is no operand too written past the caches, block by block.
void stream_result(Plan& plan) {
    const int64_t item = plan.at.inner_stride(0);
    if (!plan.flat || plan.conversions[0].loop || plan.at.inner() * item < kBeyondCache) return;
    for (int k = 1; k < plan.at.operands; ++k)
        if (plan.at.data[k] == plan.at.data[0]) return;
    plan.conversions[0] = {streaming(), item};
    plan.converts = plan.streams = true;
}

// Rounds down to where a row may be cut.
int64_t cut(const Strided& at, int64_t element) { return element - element % at.inner() % kCut; }

// Runs the loop over n elements, converting block by block.
void run_converted(const Plan& plan, char* const* data, const int64_t* strides, int64_t n) {
    alignas(64) char buffers[kMaxOperands][kBlock * 8];
    const int operands = plan.at.operands;
    for (int64_t begin = 0; begin < n; begin += kBlock) {
        const int64_t count = std::min(kBlock, n - begin);
        char* at[kMaxOperands];
        int64_t steps[kMaxOperands];
        for (int k = 0; k < operands; ++k) {
            const Conversion& c = plan.conversions[k];
            at[k] = c.loop ? buffers[k] : data[k] + begin * strides[k];
            steps[k] = c.loop ? c.item : strides[k];
            if (k == 0 || !c.loop) continue;
            char* const pair[] = {buffers[k], data[k] + begin * strides[k]};
            const int64_t pair_steps[] = {c.item, strides[k]};
            c.loop(pair, pair_steps, count, nullptr);
        }
        plan.loop(at, steps, count, plan.params.data());
        if (const Conversion& c = plan.conversions[0]; c.loop) {
            char* const pair[] = {data[0] + begin * strides[0], buffers[0]};
            const int64_t pair_steps[] = {strides[0], c.item};
            c.loop(pair, pair_steps, count, nullptr);
        }
    }
}

void elementwise(const KernelCall& call) {
    Plan plan = make_plan(call);
    const int64_t n = call.outs[0].numel();
    if (n == 0) return;
    if (!plan.flat) plan.at.coalesce();
    stream_result(plan);
    parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
        const auto run = [&](char* const* data, const int64_t* strides, int64_t count) {
            if (plan.converts) run_converted(plan, data, strides, count);
            else plan.loop(data, strides, count, plan.params.data());
        };
        for_rows(plan.at, cut(plan.at, begin), cut(plan.at, end), run);
        if (plan.streams) finish_streaming();
    });
}

void copy(const Tensor& to, const Tensor& from) {
    if (to.numel() == 0 || (to.raw() == from.raw() && to.dtype() == from.dtype() && to.strides() == from.strides()))
        return;
    Strided at(to.sizes());
    at.add(to);
    at.add(from);
    at.coalesce();
    const bool whole = from.dtype() == to.dtype();
    const int64_t item = item_size(to.dtype());
    if (whole && copy_transposed(at, item)) return;
    const bool stream = to.numel() * item >= kBeyondCache;
    const Loop loop = cast_loop(from.dtype(), to.dtype());
    parallel_for(to.numel(), kGrain, [&](int64_t begin, int64_t end) {
        for_rows(at, begin, end, [&](char* const* data, const int64_t* strides, int64_t n) {
            const bool packed = whole && strides[0] == item && strides[1] == item;
            if (packed && stream) streaming()(data, strides, n, nullptr);
            else if (packed) std::memcpy(data[0], data[1], static_cast<size_t>(n * item));
            else loop(data, strides, n, nullptr);
        });
        if (stream) finish_streaming();
    });
}

// Calculations wrap, but a number that is to be stored must fit; in unsigned types so may its negative, as -1 for 255.
void check_fits(const Value& value, DType dtype) {
    if (category(dtype) != Category::Int || (dtype == DType::Int64 && value.tag == Tag::Int)) return;
    const double number = std::trunc(value.number()), limit = std::ldexp(1.0, info(dtype).digits);
    check(number < limit && number >= -limit, "value: ", value, " does not fit in ", dtype);
}

void fill(const Tensor& to, const Value& value) {
    if (value.is_tensor()) return copy(to, Tensor(value.t));
    check_fits(value, to.dtype());
    Tensor one = value.tag == Tag::Float ? Tensor::scalar(value.f, to.dtype())
                                         : Tensor::scalar(value.integer(), to.dtype());
    copy(to, one);
}

void zero(const KernelCall& call) {
    const Tensor& to = call.outs[0];
    if (to.is_contiguous()) std::memset(to.raw(), 0, static_cast<size_t>(to.numel() * item_size(to.dtype())));
    else fill(to, 0);
}

KERNEL(CPU, "copy_", [](const KernelCall& c) { copy(c.outs[0], c.args.tensor(1)); });
KERNEL(CPU, "_convert", [](const KernelCall& c) { copy(c.outs[0], c.args.tensor(0)); });
KERNEL(CPU, "_pack", [](const KernelCall& c) { copy(c.outs[0], c.args.tensor(0)); });
KERNEL(CPU, "fill_", [](const KernelCall& c) { fill(c.outs[0], c.args[1]); });
KERNEL(CPU, "zero_", zero);
KERNEL(CPU, "_zeros", zero);

class CpuBackend final : public Backend {
public:
    CpuBackend() { Backend::elementwise = cpu::elementwise; }
    void* allocate(size_t bytes, Device) override { return bestiary::allocate(bytes); }
    void deallocate(void* block, size_t bytes, Device) noexcept override { bestiary::deallocate(block, bytes); }
    void copy(void* to, Device, const void* from, Device, size_t bytes) override { std::memcpy(to, from, bytes); }
    void zero(void* block, size_t bytes, Device) override { std::memset(block, 0, bytes); }
    Generator& default_generator(Device) override { return bestiary::default_generator(); }
    bool prefers_channels_last() const override { return true; }
};

CpuBackend cpu_backend;
const BackendRegistration registered(DeviceType::CPU, &cpu_backend);

}  // namespace
}  // namespace bestiary::cpu
