#include "core/channels_last.h"

#include "cpu/convolution.h"
#include "cpu/isa/channels_last.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kPixels = 256;  // at a time

void turn(const Tensor& from, const Tensor& to) {
    const int64_t channels = from.sizes()[1], plane = pixels(from) / from.sizes()[0], item = item_size(from.dtype());
    const int64_t pieces = ceil_div(plane, kPixels);
    const Loop loop = loop_of("channels_last", from.dtype());
    parallel_for(from.sizes()[0] * pieces, ceil_div(kGrain, kPixels * channels), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t image = i / pieces, first = i % pieces * kPixels;
            PlanarPixels part{from.raw() + (image * channels * plane + first) * item,
                              to.raw() + (image * plane + first) * channels * item, std::min(kPixels, plane - first),
                              channels, plane};
            char* data[] = {reinterpret_cast<char*>(&part)};
            loop(data, nullptr, 0, nullptr);
        }
    });
}

}  // namespace

Tensor channels_last(const Tensor& t) {
    if (is_channels_last(t)) return t;
    const Tensor copy = empty_channels_last(t.sizes(), t.dtype());
    const bool turns = t.is_contiguous() && t.numel() > 0;
    if (turns && (t.dtype() == DType::Float32 || t.dtype() == DType::Float64)) turn(t, copy);
    else copy_into(copy, t);
    return copy;
}

}  // namespace bestiary::cpu
