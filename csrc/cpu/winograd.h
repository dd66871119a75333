// Convolutions with a window of 3x3 and a stride of 1, in float32, with fewer multiplications.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

// Note [Winograd]
// F(2x2, 3x3) of Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015): windows of 4x4 pixels and
// the weights are transformed so that 16 products do for 4 results what 36 do by the definition. The transforms are
// sums, so that results are as exact as the definition's in float32. But what is not finite in a window reaches all
// four results of it, and sums may overflow that the definition does not make. Therefore the functions answer false
// where a result is not finite, and the caller then goes by the definition.

// Sizes of the forward direction. Whether Winograd's form is possible and pays.
bool is_winograd(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& y);

// Images in either layout, results channels last.
bool winograd(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
bool winograd_input(const Convolution& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
// dweight is contiguous.
bool winograd_weight(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
