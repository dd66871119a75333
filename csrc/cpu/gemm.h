// Our own matrix products of raw memory.
#pragma once

#include "cpu/isa/gemm.h"

namespace bestiary::cpu {

// Blocked kernels for floating types. Threads share large products, unless this is in a parallel loop already.
void blocked_gemm(const GemmArgs& p);
// A plain loop for integers, which wrap.
void integer_gemm(const GemmArgs& p);
// The number of threads that a product is worth.
int64_t threads_for(const GemmArgs& p);

}  // namespace bestiary::cpu
