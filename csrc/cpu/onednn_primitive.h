// A cache of oneDNN primitives, ready to run.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/tensor.h"

namespace bestiary::cpu::onednn {

dnnl::engine& engine();
dnnl::stream& stream();
dnnl::memory::data_type data_type(DType dtype);
// With the tensor's own strides.
dnnl::memory::desc desc_of(const Tensor& t);

// Everything that decides which primitive a call needs: sizes, strides, types, number of threads.
class Key {
public:
    void add(int64_t v) {
        values_[count_++] = v;
        hash_ = (hash_ ^ static_cast<uint64_t>(v)) * 0x9E3779B97F4A7C15u;
        hash_ ^= hash_ >> 29;
    }
    void add(const Dims& dims) {
        add(dims.size());
        for (int64_t d : dims) add(d);
    }
    void add(const Tensor& t) {
        add(t.sizes());
        add(t.strides());
    }
    bool operator==(const Key& other) const {
        return count_ == other.count_ && std::equal(values_, values_ + count_, other.values_);
    }
    size_t hash() const { return hash_; }

private:
    static constexpr int kMost = 64;
    int64_t values_[kMost];
    int count_ = 0;
    uint64_t hash_ = 0;
};

// An operand of one call. Of a weight the storage is given too, so that its packed form can be cached.
struct OperandData {
    char* data;
    Storage* storage = nullptr;

    OperandData(char* data) : data(data) {}
    static OperandData weight(const Tensor& t) {
        OperandData operand(t.raw());
        operand.storage = t->storage.get();
        return operand;
    }
};

// Memory in some layout.
class Block {
public:
    explicit Block(size_t bytes) : bytes_(bytes), data_(static_cast<char*>(allocate(bytes))) {}
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() { deallocate(data_, bytes_); }
    char* data() const { return data_; }

private:
    size_t bytes_;
    char* data_;
};

// A primitive and its operands. An operand in another layout than the primitive's is reordered before or afterwards.
class Primitive {
public:
    Primitive() = default;
    Primitive(const dnnl::primitive& run, const dnnl::memory::desc& scratchpad);

    void add(int arg, const dnnl::memory::desc& given, const dnnl::memory::desc& wanted, bool is_result = false);
    void run(std::initializer_list<OperandData> operands);

private:
    struct Operand {
        dnnl::memory given, wanted;
        std::optional<dnnl::reorder> reorder;
        bool is_result;
    };

    static std::shared_ptr<Block> reorder(Operand& operand, const OperandData& given);
    static std::shared_ptr<Block> packed(Operand& operand, const OperandData& given);

    dnnl::primitive run_;
    dnnl::memory scratchpad_;
    std::vector<Operand> operands_;
    std::vector<dnnl_exec_arg_t> args_;
};

// Runs the primitive of `key`, building it the first time; false if `build` finds none: it returns nullopt, or oneDNN
// refuses. Each thread has its own.
bool run_cached(const Key& key, std::optional<Primitive> (*build)(const void* problem), const void* problem,
                std::initializer_list<OperandData> operands);

template <auto Build, class Problem>
bool run_cached(const Key& key, const Problem& problem, std::initializer_list<OperandData> operands) {
    return run_cached(key, [](const void* p) { return Build(*static_cast<const Problem*>(p)); }, &problem, operands);
}

// Reference implementations are far slower than our own kernels.
template <class Desc>
bool is_optimised(const Desc& desc) {
    return std::string_view(desc.impl_info_str()).substr(0, 3) != "ref";
}

dnnl::primitive_attr attributes();

}  // namespace bestiary::cpu::onednn
