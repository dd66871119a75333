// The layout of results that are images.
#pragma once

#include "core/backend.h"
#include "core/channels_last.h"

namespace bestiary::ops {

// Has a result be channels last where PyTorch's rule says so, or, hidden from programs, where that `suits` the kernels
// of a device that computes images so.
inline void choose_image_layout(Meta::Out& out, bool visible, bool suits, Device device) {
    if (!visible && !(suits && backend(device).prefers_channels_last())) return;
    out.strides = channels_last_strides(out.sizes);
    out.engine_layout = !visible;
}

}  // namespace bestiary::ops
