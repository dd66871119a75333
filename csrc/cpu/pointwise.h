// Convolutions with a window of one pixel: products of matrices over the channels, whose rows are pixels.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

bool is_pointwise(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& y);
// Computes y from x and a contiguous weight of (outputs, inputs) of this product, or `transposed`. Either y is channels
// last and x has either layout, or both are contiguous.
void pointwise(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y, bool transposed);
void pointwise_weight(const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
