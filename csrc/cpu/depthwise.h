// Convolutions of each channel by itself, in float32 or float64. Images lie contiguous or channels last, weights (C, 1,
// ...) anyhow, but results channels last and the weight's gradient contiguous.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

bool is_depthwise(const Convolution& c, const Tensor& weight);
void depthwise(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
void depthwise_input(const Convolution& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
void depthwise_weight(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
