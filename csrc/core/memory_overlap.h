// Tensors whose elements share memory with one another.
#pragma once

#include "core/dims.h"

namespace bestiary {

// True if two elements share memory, as in expanded tensors and overlapping windows.
bool overlaps_itself(const Dims& sizes, const Dims& strides);

}  // namespace bestiary
