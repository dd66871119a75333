// Convolutions with a window of 3x3 and a stride of 1, in float32, with fewer multiplications.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

// Note [Winograd]
// F(2x2, 3x3) of Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015): windows of 4x4 pixels and
// the weights are transformed so that 16 products give the 4 results that take 36 by the definition. The transforms are
// sums, so that results are as exact as the definition's in float32. But a value that is not finite reaches all four
// results of its window, and sums may overflow that the definition does not have. Therefore the functions return false
// where a result is not finite, and the caller computes by the definition.

// Tells, from the sizes of the forward direction, whether Winograd's form is possible and faster.
bool is_winograd(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& y);

// Images in either layout, results channels last.
bool winograd(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
bool winograd_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
// dweight is contiguous.
bool winograd_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
