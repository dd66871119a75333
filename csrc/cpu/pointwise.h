// Convolutions with a window of one pixel: products of matrices over the channels, whose rows are pixels.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

bool is_pointwise(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& y);
// y from x and a contiguous weight: of (outputs, inputs) of this product, or `turned` round. Either y lies channels
// last and x in either layout, or both are contiguous.
void pointwise(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y, bool turned);
void pointwise_weight(const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
