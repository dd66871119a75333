// What the turning of images is told: shared by the driver and the kernels of every instruction set.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// n pixels with their channels `plane` elements apart, to be laid side by side.
struct PlanarPixels {
    const char* from;
    char* to;
    int64_t n, channels, plane;
};

}  // namespace bestiary::cpu
