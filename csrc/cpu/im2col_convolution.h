// Convolutions as products of matrices whose rows are the windows of the input: for any type, on any processor.
//
// Images and weights are channels last: weights are (O, kernel..., C) in memory.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

void im2col_convolve(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
void im2col_convolve_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
void im2col_convolve_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
