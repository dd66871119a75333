// Copies inside kernels, unknown to the graph.
#pragma once

#include "core/tensor.h"

namespace bestiary::cpu {

// Writes `from`, broadcast and converted, into `to`.
void copy_into(const Tensor& to, const Tensor& from);

}  // namespace bestiary::cpu
