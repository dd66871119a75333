// Computations by oneDNN. Every function returns false, having done nothing, where oneDNN is absent or has no optimised
// kernel for the case on this processor: the caller then runs our own.
#pragma once

#include "cpu/convolution.h"
#include "cpu/isa/gemm.h"

namespace bestiary::cpu::onednn {

#ifdef BESTIARY_ONEDNN
bool matmul(const GemmArgs& p, int threads);
// Images of float32, contiguous or channels last, forward only the latter; weights in any dense layout. x, weight and y
// have the sizes of the forward convolution whichever of them is the result.
bool convolve(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
bool convolve_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
bool convolve_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);
#else
inline bool matmul(const GemmArgs&, int) { return false; }
inline bool convolve(const ConvParams&, const Tensor&, const Tensor&, const Tensor&, const Tensor&) { return false; }
inline bool convolve_input(const ConvParams&, const Tensor&, const Tensor&, const Tensor&) { return false; }
inline bool convolve_weight(const ConvParams&, const Tensor&, const Tensor&, const Tensor&) { return false; }
#endif

}  // namespace bestiary::cpu::onednn
