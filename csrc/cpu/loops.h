// Inner loops of elementwise ops, in the manner of NumPy's ufuncs: the driver in elementwise.cpp deals with shapes,
// broadcasting, conversion and threads; a loop sees n elements at fixed strides.
//
// Rules of csrc/cpu/isa: each file there is compiled once per instruction set into the namespace ISA. It may
// include this header and isa/*.h only, so that no inline function of a wider instruction set leaks into the rest.
#pragma once

#include "core/dtype.h"

namespace bestiary::cpu {

enum class IsaLevel : uint8_t { baseline, avx2, avx512 };
constexpr const char* kIsaNames[] = {"baseline", "avx2", "avx512"};

// data[0] is the result, data[1..] the operands; strides in bytes; params are the op's number arguments.
using Loop = void (*)(char* const* data, const int64_t* strides, int64_t n, const double* params);

// The best instruction set of this processor, or a lower one that BESTIARY_ISA in the environment names.
IsaLevel supported_isa();

// Loops for `op` calculating in `dtype`: the highest level that the processor supports is kept.
void register_loop(const char* op, DType dtype, IsaLevel level, Loop loop);
// Conversion of n elements.
void register_cast(DType from, DType to, IsaLevel level, Loop loop);
Loop cast_loop(DType from, DType to);

// Raises "integer division by zero".
[[noreturn]] void division_by_zero();

}  // namespace bestiary::cpu
