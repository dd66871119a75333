// Convolutions as products of matrices whose rows are the input under one window: for any type, on any processor.
//
// Images and weights lie channels last: weights are (O, kernel..., C) in memory.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

void convolve_patches(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
void convolve_input_patches(const Convolution& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
void convolve_weight_patches(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
