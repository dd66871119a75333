// Convolutions of each channel by itself.
#pragma once

#include "cpu/convolution.h"

namespace bestiary::cpu {

// The gradient of a weight (C, 1, ...), which must be contiguous, from images that lie channels last; float32 or float64.
void depthwise_weight(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight);

}  // namespace bestiary::cpu
