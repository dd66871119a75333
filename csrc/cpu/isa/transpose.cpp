// Transposing squares of elements in registers.
#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
void transpose_square(char* to, int64_t to_step, const char* from, int64_t from_step) {
    constexpr int64_t lanes = kLanes<T>;
    Vec<T> rows[lanes];
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k)
        rows[k] = load_vec(reinterpret_cast<const T*>(from + k * from_step), AllLanes<T>{});
    transpose_vecs<T>(rows);
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k) store_vec<T>(reinterpret_cast<T*>(to + k * to_step), rows[k], AllLanes<T>{});
}

// data = {result, source}: element i of the source's line j goes to element j of the result's line i. strides: bytes
// from line to line of the result and of the source, and how many elements a line of the source has; n lines.
template <class T>
void transpose(char* const* data, const int64_t* strides, int64_t n, const double*) {
    constexpr int64_t lanes = kLanes<T>, item = sizeof(T);
    const int64_t to_step = strides[0], from_step = strides[1], height = strides[2];
    const int64_t whole_lines = n / lanes * lanes, whole_height = height / lanes * lanes;
    const auto one_by_one = [&](int64_t j, int64_t first) {
        const T* line = reinterpret_cast<const T*>(data[1] + j * from_step);
        for (int64_t i = first; i < height; ++i) *reinterpret_cast<T*>(data[0] + i * to_step + j * item) = line[i];
    };
    for (int64_t j = 0; j < whole_lines; j += lanes) {
        for (int64_t i = 0; i < whole_height; i += lanes)
            transpose_square<T>(data[0] + i * to_step + j * item, to_step, data[1] + j * from_step + i * item,
                                from_step);
        for (int64_t k = j; k < j + lanes; ++k) one_by_one(k, whole_height);
    }
    for (int64_t j = whole_lines; j < n; ++j) one_by_one(j, 0);
}

LOOPS {
    register_loop("copy.transpose", DType::Float32, IsaLevel::ISA, transpose<float>);
    register_loop("copy.transpose", DType::Float64, IsaLevel::ISA, transpose<double>);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
