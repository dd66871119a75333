// Windows of an image as columns of a matrix, and back.
#include "core/windows.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Calls visit(element of the column matrix, pixel or -1 in the padding) for one channel.
template <class F>
void for_elements(const UnfoldWindows& windows, const F& visit) {
    const UnfoldWindows::Axis v = windows.vertical, h = windows.horizontal;
    const int64_t rows = v.count(), columns = h.count();
    int64_t at = 0;
    for (int64_t a = 0; a < v.kernel; ++a)
        for (int64_t b = 0; b < h.kernel; ++b)
            for (int64_t i = 0; i < rows; ++i) {
                const int64_t y = i * v.stride - v.padding + a * v.dilation;
                const int64_t x = b * h.dilation - h.padding;
                const bool inside = 0 <= y && y < v.size;
                for (int64_t j = 0; j < columns; ++j, ++at) {
                    const int64_t column = x + j * h.stride;
                    visit(at, inside && 0 <= column && column < h.size ? y * h.size + column : int64_t{-1});
                }
            }
}

template <class F>
void for_channels(const Tensor& image, const Tensor& matrix, const F& body) {
    const int64_t channels = image.sizes()[0] * image.sizes()[1];
    if (channels == 0) return;
    const int64_t pixels = image.numel() / channels, elements = matrix.numel() / channels;
    parallel_for(channels, ceil_div(kGrain, std::max<int64_t>(elements, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) body(c * pixels, c * elements);
    });
}

void im2col(const KernelCall& call, const Tensor& self, Ints kernel_size, Ints dilation, Ints padding, Ints stride) {
    const Tensor image = packed(self);
    const Tensor& out = call.outs[0];
    const UnfoldWindows windows(Ints(image.sizes()).subspan(2), kernel_size, dilation, padding, stride);
    visit(image.dtype(), [&]<class T>() {
        for_channels(image, out, [&](int64_t pixel, int64_t element) {
            const T* const from = image.data<T>() + pixel;
            T* const to = out.data<T>() + element;
            for_elements(windows, [&](int64_t at, int64_t p) { to[at] = p < 0 ? convert<T>(0) : from[p]; });
        });
    });
}

void col2im(const KernelCall& call, const Tensor& self, Ints output_size, Ints kernel_size, Ints dilation,
            Ints padding, Ints stride) {
    const Tensor matrix = packed_as(self, compute_type(self.dtype()));
    const UnfoldWindows windows(output_size, kernel_size, dilation, padding, stride);
    const StagedResult sums(call.outs[0], matrix.dtype());
    visit_float(matrix.dtype(), [&]<class T>() {
        std::fill_n(sums.data<T>(), sums.tensor().numel(), T(0));
        for_channels(sums.tensor(), matrix, [&](int64_t pixel, int64_t element) {
            T* const to = sums.data<T>() + pixel;
            const T* const from = matrix.data<T>() + element;
            for_elements(windows, [&](int64_t at, int64_t p) {
                if (p >= 0) to[p] += from[at];
            });
        });
    });
}

KERNEL(CPU, "im2col", im2col);
KERNEL(CPU, "col2im", col2im);

}  // namespace
}  // namespace bestiary::cpu
