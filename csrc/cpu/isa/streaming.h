// The kernels of writing past the caches: see Note [Kernel tables].
#pragma once

#include "cpu/loops.h"

namespace bestiary::cpu {

struct StreamingKernels {
    Loop copy;  // of n elements side by side, strides[0] bytes each
};

}  // namespace bestiary::cpu
