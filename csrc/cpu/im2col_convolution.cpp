#include "cpu/im2col_convolution.h"

#include <cstring>

#include "cpu/gemm_dispatch.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kPatchElements = int64_t{1} << 16;  // of the rows that are gathered at a time: they stay in the cache

// The windows of one group of channels.
struct ConvWindows : ConvGeometry {
    int64_t channels;        // of a group
    int64_t image_channels;  // of the image
    DType dtype;

    ConvWindows(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& y)
        : ConvGeometry(c, x.sizes(), weight.sizes(), y.sizes()), channels(weight.sizes()[1]),
          image_channels(x.sizes()[1]), dtype(x.dtype()) {}

    int64_t rows() const { return elements(output); }
    int64_t patch() const { return elements(kernel) * channels; }
    int64_t rows_at_a_time() const {
        return std::min(std::max<int64_t>(kPatchElements / std::max<int64_t>(patch(), 1), 16), rows());
    }
    int64_t input_bytes() const { return elements(input) * image_channels * item_size(dtype); }

    // Calls visit(offset of the pixel, or -1 in the padding) for every element of the kernel at output `row`.
    template <class F>
    void for_window(int64_t row, const F& visit) const {
        const int64_t o[3] = {row / (output[1] * output[2]), row / output[2] % output[1], row % output[2]};
        int64_t i[3];
        const auto inside = [&](int d, int64_t k) {
            i[d] = o[d] * stride[d] - padding[d] + k * dilation[d];
            return 0 <= i[d] && i[d] < input[d];
        };
        for (int64_t a = 0; a < kernel[0]; ++a) {
            const bool in_a = inside(0, a);
            for (int64_t b = 0; b < kernel[1]; ++b) {
                const bool in_b = inside(1, b) && in_a;
                for (int64_t c = 0; c < kernel[2]; ++c)
                    visit(inside(2, c) && in_b ? ((i[0] * input[1] + i[1]) * input[2] + i[2]) * image_channels
                                               : int64_t{-1});
            }
        }
    }
};

// Rows [begin, end) of the patches of an image, from its channel `first` on.
void gather(const ConvWindows& w, const char* image, int64_t first, int64_t begin, int64_t end, char* patches) {
    const int64_t item = item_size(w.dtype);
    const size_t bytes = static_cast<size_t>(w.channels * item);
    for (int64_t row = begin; row < end; ++row)
        w.for_window(row, [&](int64_t pixel) {
            if (pixel < 0) std::memset(patches, 0, bytes);
            else std::memcpy(patches, image + (pixel + first) * item, bytes);
            patches += bytes;
        });
}

// Adds each patch to the pixels that it came from.
template <class T>
void scatter(const ConvWindows& w, T* image, int64_t first, int64_t begin, int64_t end, const T* patches) {
    for (int64_t row = begin; row < end; ++row)
        w.for_window(row, [&](int64_t pixel) {
            if (pixel >= 0)
                for (int64_t j = 0; j < w.channels; ++j) image[pixel + first + j] += patches[j];
            patches += w.channels;
        });
}

Tensor patch_buffer(const ConvWindows& w) { return Tensor::empty({w.rows_at_a_time(), w.patch()}, w.dtype); }

}  // namespace

void im2col_convolve(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    const ConvWindows w(c, x, weight, y);
    const int64_t outputs = y.sizes()[1], group = outputs / c.groups, patch = w.patch(), item = item_size(w.dtype);
    const int64_t step = w.rows_at_a_time(), rows = w.rows(), steps = ceil_div(rows, step);
    parallel_for(y.sizes()[0] * steps, 1, [&](int64_t first, int64_t last) {
        const Tensor patches = patch_buffer(w);
        for (int64_t at = first; at < last; ++at) {
            const int64_t n = at / steps, begin = at % steps * step, end = std::min(begin + step, rows);
            for (int64_t g = 0; g < c.groups; ++g) {
                gather(w, x.raw() + n * w.input_bytes(), g * w.channels, begin, end, patches.raw());
                gemm({w.dtype, end - begin, group, patch, patches.raw(), patch, 1,
                      weight.raw() + g * group * patch * item, 1, patch,
                      y.raw() + ((n * rows + begin) * outputs + g * group) * item, outputs,
                      bias.defined() ? bias.raw() + g * group * item : nullptr});
            }
        }
    });
}

void im2col_convolve_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    const ConvWindows w(c, dx, weight, dy);
    const int64_t outputs = dy.sizes()[1], group = outputs / c.groups, patch = w.patch(), item = item_size(w.dtype);
    const int64_t step = w.rows_at_a_time(), rows = w.rows();
    parallel_for(dx.sizes()[0], 1, [&](int64_t first, int64_t last) {
        const Tensor patches = patch_buffer(w);
        for (int64_t n = first; n < last; ++n) {
            char* const image = dx.raw() + n * w.input_bytes();
            std::memset(image, 0, static_cast<size_t>(w.input_bytes()));
            for (int64_t begin = 0; begin < rows; begin += step)
                for (int64_t g = 0; g < c.groups; ++g) {
                    const int64_t end = std::min(begin + step, rows);
                    gemm({w.dtype, end - begin, patch, group,
                          dy.raw() + ((n * rows + begin) * outputs + g * group) * item, outputs, 1,
                          weight.raw() + g * group * patch * item, patch, 1, patches.raw(), patch});
                    visit_float(w.dtype, [&]<class T>() {
                        scatter(w, reinterpret_cast<T*>(image), g * w.channels, begin, end, patches.data<T>());
                    });
                }
        }
    });
}

void im2col_convolve_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const ConvWindows w(c, x, dweight, dy);
    const int64_t outputs = dy.sizes()[1], group = outputs / c.groups, patch = w.patch(), item = item_size(w.dtype);
    const int64_t step = w.rows_at_a_time(), rows = w.rows();
    std::memset(dweight.raw(), 0, static_cast<size_t>(dweight.numel() * item));
    parallel_for(c.groups, 1, [&](int64_t first, int64_t last) {
        const Tensor patches = patch_buffer(w);
        for (int64_t g = first; g < last; ++g)
            for (int64_t n = 0; n < x.sizes()[0]; ++n)
                for (int64_t begin = 0; begin < rows; begin += step) {
                    const int64_t end = std::min(begin + step, rows);
                    gather(w, x.raw() + n * w.input_bytes(), g * w.channels, begin, end, patches.raw());
                    gemm({w.dtype, group, patch, end - begin,
                          dy.raw() + ((n * rows + begin) * outputs + g * group) * item, 1, outputs,
                          patches.raw(), patch, 1, dweight.raw() + g * group * patch * item, patch, nullptr, true});
                }
    });
}

}  // namespace bestiary::cpu
