// What a run of neighbouring windows is told: shared by the driver and the kernels of every instruction set.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// n windows of `count` places: place k of window i is in[offsets[k] + i * step], result i is out[i]. Elements are float
// or double. Channels last, the windows of a pixel's channels are a run with a step of 1.
struct PoolRun {
    const char* in;
    const int64_t* offsets;
    int64_t count;
    int64_t n;
    int64_t step;
    char* out;
    int32_t* places = nullptr;  // which k was largest
    double scale = 1;           // of sums
    int64_t shift = 0;          // pixels that were added to `in` since the offsets were made
};

}  // namespace bestiary::cpu
