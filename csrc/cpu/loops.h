// Inner loops of elementwise ops, in the manner of NumPy's ufuncs: the driver in elementwise.cpp deals with shapes,
// broadcasting, conversion and threads; a loop sees n elements at fixed strides.
#pragma once

#include "core/dtype.h"
#include "cpu/kernel_table.h"

namespace bestiary::cpu {

// data[0] is the result, data[1..] the operands; strides in bytes; params are the op's number arguments.
using Loop = void (*)(char* const* data, const int64_t* strides, int64_t n, const double* params);

// Loops for `op` calculating in `dtype`: the highest level that the processor supports is kept.
void register_loop(const char* op, DType dtype, IsaLevel level, Loop loop);
// Conversion of n elements.
void register_cast(DType from, DType to, IsaLevel level, Loop loop);
Loop cast_loop(DType from, DType to);

// Raises "integer division by zero".
[[noreturn]] void division_by_zero();

}  // namespace bestiary::cpu
