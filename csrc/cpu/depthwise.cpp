#include "cpu/depthwise.h"

#include <array>

#include "cpu/isa/depthwise.h"
#include "cpu/loop_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kParts = 16;  // sums of their own, whatever the number of threads: so the result does not depend on it

// Sizes in three dimensions, the missing ones in front being 1.
std::array<int64_t, 3> volume(const Dims& dims, int from, int64_t fill) {
    std::array<int64_t, 3> out{fill, fill, fill};
    std::copy(dims.begin() + from, dims.end(), out.end() - (dims.size() - from));
    return out;
}

// All rows [begin, end) of output pixels, counted through the batch.
void add_rows(const Convolution& c, const Tensor& x, const Tensor& dy, const Dims& weight, int64_t begin, int64_t end, char* sums) {
    const auto in = volume(x.sizes(), 2, 1), out = volume(dy.sizes(), 2, 1), kernel = volume(weight, 2, 1);
    const auto stride = volume(c.stride, 0, 1), padding = volume(c.padding, 0, 0), dilation = volume(c.dilation, 0, 1);
    const int64_t channels = x.sizes()[1], item = item_size(x.dtype());
    const Loop loop = find_loops("depthwise.weight")->get(x.dtype());
    DepthwiseRow row{nullptr, nullptr, nullptr, out[2], in[2], kernel[2], stride[2], dilation[2], padding[2], channels};
    char* data[] = {reinterpret_cast<char*>(&row)};
    for (int64_t at = begin; at < end; ++at) {
        const int64_t h = at % out[1], d = at / out[1] % out[0], n = at / (out[0] * out[1]);
        row.dy = dy.raw() + at * out[2] * channels * item;
        for (int64_t a = 0; a < kernel[0]; ++a)
            for (int64_t b = 0; b < kernel[1]; ++b) {
                const int64_t z = d * stride[0] - padding[0] + a * dilation[0], y = h * stride[1] - padding[1] + b * dilation[1];
                if (z < 0 || z >= in[0] || y < 0 || y >= in[1]) continue;
                row.x = x.raw() + ((n * in[0] + z) * in[1] + y) * in[2] * channels * item;
                row.sums = sums + (a * kernel[1] + b) * kernel[2] * channels * item;
                loop(data, nullptr, 0, nullptr);
            }
    }
}

}  // namespace

void depthwise_weight(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const int64_t channels = x.sizes()[1], places = dweight.numel() / std::max<int64_t>(channels, 1);
    const int64_t rows = dy.dim() > 2 && dy.numel() > 0 ? dy.numel() / (channels * dy.sizes().back()) : 0;
    const int64_t parts = std::min(kParts, std::max<int64_t>(rows, 1));
    const Tensor sums = Tensor::zeros({parts, places, channels}, x.dtype());
    const int64_t bytes = places * channels * item_size(x.dtype());
    const int64_t work = dy.numel() * places / parts;
    parallel_for(parts, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            add_rows(c, x, dy, dweight.sizes(), rows * i / parts, rows * (i + 1) / parts, sums.raw() + i * bytes);
    });
    visit_float(x.dtype(), [&]<class T>() {
        for (int64_t j = 0; j < channels; ++j)
            for (int64_t k = 0; k < places; ++k) {
                T sum = 0;
                for (int64_t i = 0; i < parts; ++i) sum += sums.data<T>()[(i * places + k) * channels + j];
                dweight.data<T>()[j * places + k] = sum;
            }
    });
}

}  // namespace bestiary::cpu
