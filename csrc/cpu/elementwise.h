// The driver of every elementwise op.
#pragma once

#include "core/op.h"

namespace bestiary::cpu {

void elementwise(const KernelCall& call);

}  // namespace bestiary::cpu
