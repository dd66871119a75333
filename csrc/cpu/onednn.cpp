#ifdef BESTIARY_ONEDNN
#include "cpu/onednn.h"

#include <mutex>

#include "cpu/onednn_primitive.h"
#include "cpu/parallel.h"

namespace bestiary::cpu::onednn {
namespace {

using dnnl::memory;

constexpr size_t kMaxPrimitives = 1024;  // of a thread: with more, shapes never come back, and all are dropped

struct KeyHash {
    size_t operator()(const Key& key) const { return key.hash(); }
};

void execute(const dnnl::reorder& reorder, const memory& from, const memory& to) {
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from.get()}, {DNNL_ARG_TO, to.get()}};
    dnnl::error::wrap_c_api(dnnl_primitive_execute(reorder.get(), stream().get(), 2, args),
                            "could not reorder an operand");
}

// Note [Packed-weight cache]
// A weight in another layout than a primitive's would have to be reordered in every call, which for a single image can
// take as long as the convolution. So the packed form is cached with the weight's storage when it is asked for a second
// time at the same version: weights in training, new at every step, are never cached. Nor is memory that is shared
// with code that could write it unnoticed.
class PackedWeights final : public Derived {
public:
    // Returns pack() for `weight` if it is to be cached, otherwise null.
    template <class Pack>
    std::shared_ptr<Block> find(const OperandData& weight, const memory::desc& given, const memory::desc& wanted,
                                const Pack& pack) {
        const std::lock_guard lock(mutex_);
        const uint64_t version = weight.storage->edition();
        for (Form& form : forms_) {
            if (form.data != weight.data || form.wanted != wanted || form.given != given) continue;
            if (form.version != version) form.block = nullptr;
            else if (!form.block) form.block = pack();
            form.version = version;
            return form.block;
        }
        if (forms_.size() < kMaxForms) forms_.push_back({weight.data, given, wanted, version, nullptr});
        return nullptr;
    }

private:
    struct Form {
        const char* data;  // of the weight, in the storage
        memory::desc given, wanted;
        uint64_t version;
        std::shared_ptr<Block> block;  // null when it was asked for only once
    };
    static constexpr size_t kMaxForms = 64;  // of one storage: a few layouts of each weight in it

    std::mutex mutex_;
    std::vector<Form> forms_;
};

PackedWeights& packed_weights(Storage& storage) {
    Derived* cached = storage.derived();
    return static_cast<PackedWeights&>(cached ? *cached : *storage.keep(new PackedWeights));
}

}  // namespace

dnnl::engine& engine() {
    static dnnl::engine* const instance = new dnnl::engine(dnnl::engine::kind::cpu, 0);
    return *instance;
}

dnnl::stream& stream() {
    thread_local dnnl::stream instance(engine());
    return instance;
}

memory::data_type data_type(DType dtype) {
    if (dtype == DType::BFloat16) return memory::data_type::bf16;
    return dtype == DType::Float16 ? memory::data_type::f16 : memory::data_type::f32;
}

memory::desc desc_of(const Tensor& t) {
    return memory::desc(memory::dims(t.sizes().begin(), t.sizes().end()), data_type(t.dtype()),
                        memory::dims(t.strides().begin(), t.strides().end()));
}

dnnl::primitive_attr attributes() {
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attr;
}

Primitive::Primitive(const dnnl::primitive& run, const memory::desc& scratchpad)
    : run_(run), scratchpad_(scratchpad, engine(), nullptr) {
    args_.push_back({DNNL_ARG_SCRATCHPAD, scratchpad_.get()});
}

void Primitive::add(int arg, const memory::desc& given, const memory::desc& wanted, bool is_result) {
    Operand operand{memory(given, engine(), nullptr), memory(wanted, engine(), nullptr), std::nullopt, is_result};
    const memory &from = is_result ? operand.wanted : operand.given, &to = is_result ? operand.given : operand.wanted;
    if (given != wanted) operand.reorder = dnnl::reorder(from, to);
    operands_.push_back(operand);
    args_.push_back({arg, operands_.back().wanted.get()});
}

std::shared_ptr<Block> Primitive::reorder(Operand& operand, const OperandData& given) {
    auto block = std::make_shared<Block>(operand.wanted.get_desc().get_size());
    operand.given.set_data_handle(given.data);
    operand.wanted.set_data_handle(block->data());
    if (!operand.is_result) execute(*operand.reorder, operand.given, operand.wanted);
    return block;
}

std::shared_ptr<Block> Primitive::packed(Operand& operand, const OperandData& given) {
    const auto pack = [&] { return reorder(operand, given); };
    if (!given.storage || given.storage->shared_outside()) return pack();
    std::shared_ptr<Block> cached =
        packed_weights(*given.storage).find(given, operand.given.get_desc(), operand.wanted.get_desc(), pack);
    if (!cached) return pack();
    operand.wanted.set_data_handle(cached->data());
    return cached;
}

void Primitive::run(std::initializer_list<OperandData> operands) {
    const Block scratch(scratchpad_.get_desc().get_size());
    scratchpad_.set_data_handle(scratch.data());
    std::vector<std::shared_ptr<Block>> blocks;
    auto given = operands.begin();
    for (Operand& operand : operands_) {
        if (operand.reorder) blocks.push_back(packed(operand, *given));
        else operand.wanted.set_data_handle(given->data);
        ++given;
    }
    const auto status = dnnl_primitive_execute(run_.get(), stream().get(), static_cast<int>(args_.size()),
                                               args_.data());
    dnnl::error::wrap_c_api(status, "could not run a primitive");
    for (Operand& operand : operands_)
        if (operand.reorder && operand.is_result) execute(*operand.reorder, operand.wanted, operand.given);
}

bool run_cached(const Key& key, std::optional<Primitive> (*build)(const void* problem), const void* problem,
                std::initializer_list<OperandData> operands) {
    thread_local std::unordered_map<Key, std::optional<Primitive>, KeyHash> known;
    auto found = known.find(key);
    if (found == known.end()) {
        if (known.size() >= kMaxPrimitives) known.clear();
        std::optional<Primitive> built;
        try {
            built = build(problem);
        } catch (const dnnl::error& error) {
            if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) throw;
        }
        found = known.emplace(key, std::move(built)).first;
    }
    if (!found->second) return false;
    found->second->run(operands);
    return true;
}

namespace {

memory::desc matrix(int64_t rows, int64_t columns, DType dtype, int64_t row, int64_t column) {
    return memory::desc({rows, columns}, data_type(dtype), {row, column});
}

// Note [Aliased rows]
// oneDNN's gemm, which it has for processors without AVX-512, copies an operand across its rows. Where they are a
// multiple of 2 KiB apart, they share a few sets of the first-level cache, and unless the copy is used often, the
// product takes up to twice as long as our own.
bool has_aliased_rows(const GemmArgs& p) {
    constexpr int64_t kPeriod = 2048, kOften = 1024;
    const auto aliased = [&](int64_t row) { return row * item_size(p.dtype) % kPeriod == 0; };
    return (p.n < kOften && p.a_col != 1 && aliased(p.a_col)) || (p.m < kOften && p.b_row != 1 && aliased(p.b_row));
}

dnnl::primitive_attr product_attributes(const GemmArgs& p) {
    dnnl::primitive_attr attr = attributes();
    if (!p.accumulate) return attr;
    dnnl::post_ops sum;
    sum.append_sum();
    attr.set_post_ops(sum);
    return attr;
}

std::optional<Primitive> build_matmul(const GemmArgs& p) {
    const memory::desc a = matrix(p.m, p.k, p.dtype, p.a_row, p.a_col), b = matrix(p.k, p.n, p.dtype, p.b_row, p.b_col);
    const memory::desc c = matrix(p.m, p.n, p.dtype, p.c_row, 1), bias = matrix(1, p.n, p.dtype, p.n, 1);
    const dnnl::primitive_attr attr = product_attributes(p);
    const auto desc = p.bias ? dnnl::matmul::primitive_desc(engine(), a, b, bias, c, attr)
                             : dnnl::matmul::primitive_desc(engine(), a, b, c, attr);
    const bool copies = std::string_view(desc.impl_info_str()).starts_with("gemm");
    if (!is_optimised(desc) || (copies && has_aliased_rows(p))) return std::nullopt;
    Primitive built(dnnl::matmul(desc), desc.scratchpad_desc());
    built.add(DNNL_ARG_SRC, a, a);
    built.add(DNNL_ARG_WEIGHTS, b, b);
    built.add(DNNL_ARG_DST, c, c, true);
    if (p.bias) built.add(DNNL_ARG_BIAS, bias, bias);
    return built;
}

// Sets the number of threads, which oneDNN takes from OpenMP.
class Threads {
public:
    explicit Threads(int n) : saved_(omp_get_max_threads()) {
        if (n != saved_) omp_set_num_threads(n);
    }
    ~Threads() { omp_set_num_threads(saved_); }

private:
    int saved_;
};

}  // namespace

bool matmul(const GemmArgs& p, int threads) {
    if (p.k == 0) return false;
    const Threads limit(threads);
    Key key;
    for (int64_t v : {int64_t(p.dtype), p.m, p.n, p.k, p.a_row, p.a_col, p.b_row, p.b_col, p.c_row,
                      int64_t(p.bias != nullptr), int64_t(p.accumulate), int64_t(threads)})
        key.add(v);
    char *a = const_cast<char*>(p.a), *b = const_cast<char*>(p.b), *bias = const_cast<char*>(p.bias);
    if (!p.bias) return run_cached<build_matmul>(key, p, {a, b, p.c});
    return run_cached<build_matmul>(key, p, {a, b, p.c, bias});
}

}  // namespace bestiary::cpu::onednn
#endif
