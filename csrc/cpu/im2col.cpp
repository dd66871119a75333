// Windows of an image as columns of a matrix, and back.
#include "core/windows.h"
#include "cpu/contiguous.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// One number stands for both dimensions.
struct Pair {
    int64_t h, w;

    explicit Pair(std::span<const int64_t> given) : h(given.front()), w(given.back()) {}
};

struct Grid {
    Pair image, kernel, dilation, padding, stride;

    // `at` is the place of kernel_size among the arguments.
    Grid(Pair size, Args a, int at)
        : image(size), kernel(a.ints(at)), dilation(a.ints(at + 1)), padding(a.ints(at + 2)), stride(a.ints(at + 3)) {}

    // Calls visit(element of the column matrix, pixel or -1 in the padding) for one channel.
    template <class F>
    void for_places(const F& visit) const {
        const int64_t rows = windows_in(image.h, kernel.h, stride.h, padding.h, dilation.h);
        const int64_t columns = windows_in(image.w, kernel.w, stride.w, padding.w, dilation.w);
        int64_t at = 0;
        for (int64_t a = 0; a < kernel.h; ++a)
            for (int64_t b = 0; b < kernel.w; ++b)
                for (int64_t i = 0; i < rows; ++i) {
                    const int64_t y = i * stride.h - padding.h + a * dilation.h;
                    const int64_t x = b * dilation.w - padding.w;
                    const bool inside = 0 <= y && y < image.h;
                    for (int64_t j = 0; j < columns; ++j, ++at) {
                        const int64_t column = x + j * stride.w;
                        visit(at, inside && 0 <= column && column < image.w ? y * image.w + column : int64_t{-1});
                    }
                }
    }
};

template <class F>
void for_channels(const Tensor& image, const Tensor& matrix, const F& body) {
    const int64_t channels = image.sizes()[0] * image.sizes()[1];
    if (channels == 0) return;
    const int64_t pixels = image.numel() / channels, elements = matrix.numel() / channels;
    parallel_for(channels, ceil_div(kGrain, std::max<int64_t>(elements, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) body(c * pixels, c * elements);
    });
}

void im2col(const KernelCall& call) {
    const Tensor image = packed(call.args.tensor(0));
    const Tensor& out = call.outs[0];
    const Grid grid(Pair(std::span(image.sizes().data() + 2, 2)), call.args, 1);
    visit(image.dtype(), [&]<class T>() {
        for_channels(image, out, [&](int64_t pixel, int64_t element) {
            const T* const from = image.data<T>() + pixel;
            T* const to = out.data<T>() + element;
            grid.for_places([&](int64_t at, int64_t p) { to[at] = p < 0 ? convert<T>(0) : from[p]; });
        });
    });
}

void col2im(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    const Tensor matrix = packed_as(call.args.tensor(0), compute_type(out.dtype()));
    const Tensor sums = out.dtype() == matrix.dtype() ? out : Tensor::empty(out.sizes(), matrix.dtype());
    const Grid grid(Pair(call.args.ints(1)), call.args, 2);
    visit_float(matrix.dtype(), [&]<class T>() {
        std::fill_n(sums.data<T>(), sums.numel(), T(0));
        for_channels(sums, matrix, [&](int64_t pixel, int64_t element) {
            T* const to = sums.data<T>() + pixel;
            const T* const from = matrix.data<T>() + element;
            grid.for_places([&](int64_t at, int64_t p) {
                if (p >= 0) to[p] += from[at];
            });
        });
    });
    if (sums.impl() != out.impl()) copy_into(out, sums);
}

KERNEL(CPU, "im2col", im2col);
KERNEL(CPU, "col2im", col2im);

}  // namespace
}  // namespace bestiary::cpu
