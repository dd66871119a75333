// Convolutions of each channel by itself, in float32 or float64. Images are contiguous or channels last, weights
// (C, 1, ...) in any layout; results are channels last, and the weight's gradient contiguous.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

bool is_depthwise(const ConvParams& c, const Tensor& weight);
void depthwise(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y);
void depthwise_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx);
void depthwise_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
