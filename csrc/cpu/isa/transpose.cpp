// Transposing through registers, a square of elements at a time.
#include "cpu/isa/transpose.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
void transpose_square(T* to, int64_t to_step, const T* from, int64_t from_step) {
    constexpr int64_t lanes = kLanes<T>;
    Vec<T> rows[lanes];
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k) rows[k] = load_vec(from + k * from_step, AllLanes<T>{});
    transpose_vecs<T>(rows);
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k) store_vec(to + k * to_step, rows[k], AllLanes<T>{});
}

// So few lines that a result's line is less than a vector, as the pixels of a picture are.
template <class T, int Lines>
void interleave(const TransposeTile<T>& t) {
    for (int64_t i = 0; i < t.length; ++i)
        for (int j = 0; j < Lines; ++j) t.to[i * Lines + j] = t.from[j * t.from_step + i];
}

template <class T>
void copy(const TransposeTile<T>& t) {
    if (t.lines == 3 && t.to_step == 3) return interleave<T, 3>(t);
    constexpr int64_t lanes = kLanes<T>;
    const int64_t whole_lines = t.lines / lanes * lanes, whole_length = t.length / lanes * lanes;
    const auto one_by_one = [&](int64_t j_begin, int64_t j_end, int64_t begin) {
        for (int64_t i = begin; i < t.length; ++i)
            for (int64_t j = j_begin; j < j_end; ++j) t.to[i * t.to_step + j] = t.from[j * t.from_step + i];
    };
    for (int64_t j = 0; j < whole_lines; j += lanes) {
        for (int64_t i = 0; i < whole_length; i += lanes)
            transpose_square(t.to + i * t.to_step + j, t.to_step, t.from + j * t.from_step + i, t.from_step);
        one_by_one(j, j + lanes, whole_length);
    }
    one_by_one(whole_lines, t.lines, 0);
}

LOOPS {
    provide(TransposeKernels<float>{copy<float>});
    provide(TransposeKernels<double>{copy<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
