// Copying between layouts whose fastest dimensions differ.
#pragma once

#include "cpu/strided.h"

namespace bestiary::cpu {

// Copies operand 1 of a coalesced Strided to operand 0, elements of `item` bytes, where the first lies in memory along
// another dimension than the second. False, and nothing is done, where that is not so.
bool copy_transposed(const Strided& at, int64_t item);

}  // namespace bestiary::cpu
