// The geometry of a convolution in 1, 2 or 3 dimensions.
#pragma once

#include "core/channels_last.h"

namespace bestiary::cpu {

struct Convolution {
    Dims stride, padding, dilation;
    int64_t groups;

    int spatial() const { return stride.size(); }
};

}  // namespace bestiary::cpu
