// Iterating over several tensors of one shape at once.
#pragma once

#include <array>

#include "core/tensor.h"

namespace bestiary::cpu {

constexpr int kMaxOperands = 6;

// Operands with one common shape; strides in bytes, 0 where an operand is broadcast. After coalesce() the last
// dimension is the one to run an inner loop over, and dimensions that are contiguous for every operand are merged.
struct Strided {
    Dims sizes;
    int operands = 0;
    std::array<char*, kMaxOperands> data{};
    std::array<Dims, kMaxOperands> strides;

    explicit Strided(Dims shape) : sizes(std::move(shape)) {}

    void add(const Tensor& t) {
        data[operands] = t.raw();
        strides[operands] = broadcast_strides(t, sizes);
        for (int64_t& s : strides[operands]) s *= item_size(t.dtype());
        ++operands;
    }
    // A row of elements of `item` bytes without gaps.
    void add_row(char* first, int64_t item) {
        data[operands] = first;
        strides[operands++] = Dims{item};
    }
    void add_scalar(void* value) {
        data[operands] = static_cast<char*>(value);
        strides[operands++] = Dims(sizes.size(), 0);
    }
    // Drops dimension `at`, for kernels that treat it themselves.
    void drop(int at) {
        sizes.erase(at);
        for (int k = 0; k < operands; ++k) strides[k].erase(at);
    }
    void coalesce();
    // The part of coalesce() that keeps the order of the elements.
    void merge();
    int64_t inner() const { return sizes.empty() ? 1 : sizes.back(); }
    int64_t inner_stride(int k) const { return sizes.empty() ? 0 : strides[k].back(); }
    int64_t outer() const { return inner() == 0 ? 0 : sizes.product() / inner(); }
};

// Calls body(pointers, inner strides, n) for rows of a coalesced Strided; elements [begin, end) in its order.
template <class F>
void for_rows(const Strided& s, int64_t begin, int64_t end, const F& body) {
    const int64_t inner = s.inner();
    std::array<int64_t, kMaxOperands> steps{};
    for (int k = 0; k < s.operands; ++k) steps[k] = s.inner_stride(k);
    const int outer_dims = std::max(s.sizes.size() - 1, 0);
    if (begin >= end) return;
    // The index of the row in the outer dimensions, which count like the digits of a number.
    Dims index(outer_dims);
    std::array<char*, kMaxOperands> row = s.data;
    int64_t column = begin % inner;
    for (int64_t d = outer_dims - 1, rest = begin / inner; d >= 0; --d) {
        index[d] = rest % s.sizes[d];
        rest /= s.sizes[d];
        for (int k = 0; k < s.operands; ++k) row[k] += index[d] * s.strides[k][d];
    }
    while (true) {
        std::array<char*, kMaxOperands> at = row;
        for (int k = 0; k < s.operands; ++k) at[k] += column * steps[k];
        const int64_t n = std::min(inner - column, end - begin);
        body(at.data(), steps.data(), n);
        begin += n;
        if (begin == end) return;
        column = 0;
        for (int d = outer_dims - 1;; --d) {
            const bool carry = ++index[d] == s.sizes[d];
            const int64_t moved = carry ? 1 - s.sizes[d] : 1;
            for (int k = 0; k < s.operands; ++k) row[k] += moved * s.strides[k][d];
            if (!carry) break;
            index[d] = 0;
        }
    }
}

}  // namespace bestiary::cpu
