// Broadcasting and type promotion.
#pragma once

#include "core/op.h"

namespace bestiary {

// The shape rule of every elementwise op.
void elementwise_meta(const Op& op, Args args, Meta& meta);
// The type that the operands of a call promote to: see Note [Type promotion].
DType promoted(const Op& op, Args args);

}  // namespace bestiary
