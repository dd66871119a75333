// Kernels that know only float and double, row-major: what they read and write instead of other tensors.
#pragma once

#include "cpu/contiguous.h"
#include "cpu/loop_table.h"

namespace bestiary::cpu {

// The tensor in the type it is computed in, row-major; undefined stays so.
inline Tensor staged(const Tensor& t, DType computed) { return t.defined() ? packed_as(t, computed) : t; }

// A result to be computed in `computed`, which reaches its own tensor when this goes out of scope.
class StagedResult {
public:
    StagedResult(const Tensor& result, DType computed)
        : StagedResult(result, computed, contiguous_strides(result.sizes()), result.is_contiguous()) {}
    // `fits`: its strides are as good as these.
    StagedResult(const Tensor& result, DType computed, const Dims& strides, bool fits)
        : result_(result),
          work_(fits && result.dtype() == computed ? result
                                                   : Tensor::empty_strided(result.sizes(), strides, computed)) {}
    ~StagedResult() {
        if (work_.impl() != result_.impl()) copy_into(result_, work_);
    }
    StagedResult(const StagedResult&) = delete;
    StagedResult& operator=(const StagedResult&) = delete;

    const Tensor& tensor() const { return work_; }
    char* raw() const { return work_.raw(); }
    template <class T>
    T* data() const {
        return work_.data<T>();
    }

private:
    Tensor result_, work_;
};

template <class T>
T* data_or_null(const Tensor& t) {
    return t.defined() ? t.data<T>() : nullptr;
}

// A pointer as loops take it; those that a loop only reads may be const.
template <class T>
char* bytes(const T* p) {
    return reinterpret_cast<char*>(const_cast<T*>(p));
}

// A registered loop that must be there.
inline Loop loop_of(const std::string& name, DType dtype) {
    const LoopSet* set = find_loops(name);
    const Loop loop = set ? set->get(dtype) : nullptr;
    check_as(ErrorKind::NotImplemented, loop, "not implemented for ", dtype);
    return loop;
}

}  // namespace bestiary::cpu
