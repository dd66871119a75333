// Convolutions with a window of one pixel: products of matrices over the channels, whose rows are pixels.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

bool is_pointwise(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& y);
// y, which lies channels last, from x in either layout and a contiguous weight: of (outputs, inputs) of this product,
// or `turned` round.
void pointwise(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y, bool turned);
void pointwise_weight(const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
