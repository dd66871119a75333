// Copying between layouts whose fastest dimensions differ.
#pragma once

#include "cpu/strided.h"

namespace bestiary::cpu {

// Copies operand 1 of a coalesced Strided to operand 0, elements of `item` bytes, if their elements are adjacent along
// different dimensions. Otherwise returns false, having done nothing.
bool copy_transposed(const Strided& at, int64_t item);

}  // namespace bestiary::cpu
