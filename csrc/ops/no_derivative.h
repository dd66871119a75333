#pragma once

#include "ops/names.h"

namespace bestiary::ops {

// The gradient of ops that have none although their results are numbers: backward() says so.
inline void no_derivative(const Backward& b) {
    fail(ErrorKind::Runtime, "'", b.op.public_name(), "' has no derivative");
}

}  // namespace bestiary::ops
