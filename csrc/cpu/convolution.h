// The geometry of a convolution in 1, 2 or 3 dimensions.
#pragma once

#include <array>

#include "cpu/channels_last.h"

namespace bestiary::cpu {

struct ConvParams {
    Dims stride, padding, dilation;
    int64_t groups;

    int spatial() const { return stride.size(); }
};

// Depth, height and width.
using Volume = std::array<int64_t, 3>;

// The numbers of dims from `first` on; those missing in front are `fill`.
inline Volume volume(const Dims& dims, int first, int64_t fill) {
    Volume out{fill, fill, fill};
    std::copy(dims.begin() + first, dims.end(), out.end() - (dims.size() - first));
    return out;
}

inline int64_t elements(const Volume& v) { return v[0] * v[1] * v[2]; }

// A convolution of shapes (N, C, ...) as one in three dimensions.
struct ConvGeometry {
    Volume input, kernel, output, stride, padding, dilation;

    ConvGeometry(const ConvParams& c, const Dims& x, const Dims& weight, const Dims& y)
        : input(volume(x, 2, 1)), kernel(volume(weight, 2, 1)), output(volume(y, 2, 1)), stride(volume(c.stride, 0, 1)),
          padding(volume(c.padding, 0, 0)), dilation(volume(c.dilation, 0, 1)) {}
};

}  // namespace bestiary::cpu
