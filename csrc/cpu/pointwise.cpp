#include "cpu/pointwise.h"

#include "cpu/gemm_dispatch.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// Rows that are worth a thread, which then reads the whole weight.
constexpr int64_t kRowsOfThread = 128;
constexpr int64_t kThreadWork = int64_t{1} << 20;  // multiply-adds

// The pixels of images as rows of channels: of all images together, or of each by itself.
struct PixelRows {
    int64_t images, count, channels, row, column;  // the last two: steps in elements
    const Tensor& x;

    PixelRows(const Tensor& x, bool together) : channels(x.sizes()[1]), x(x) {
        images = together ? 1 : x.sizes()[0];
        count = pixels(x) / std::max<int64_t>(images, 1);
        const bool last = is_channels_last(x);
        row = last ? channels : 1;
        column = last ? 1 : count;
    }
    const char* at(int64_t image, int64_t i) const {
        return x.raw() + (image * count * channels + i * row) * item_size(x.dtype());
    }
};

// Shares out the rows to threads, each with one product for each image, so that no thread waits for another.
template <class F>
void for_rows(const PixelRows& rows, int64_t outputs, const F& body) {
    const int64_t total = rows.images * rows.count, work = std::max<int64_t>(rows.channels * outputs, 1);
    const auto pieces = [&](int64_t begin, int64_t end) {
        while (begin < end) {
            const int64_t image = begin / rows.count, stop = std::min(end, (image + 1) * rows.count);
            body(image, begin - image * rows.count, stop - begin);
            begin = stop;
        }
    };
    if (total < omp_get_max_threads() * kRowsOfThread) return pieces(0, total);  // few rows: products share out columns
    parallel_for(total, std::max(kRowsOfThread, kThreadWork / work), pieces);
}

void fill_rows(const Tensor& bias, char* y, int64_t row, int64_t count) {
    visit_float(bias.dtype(), [&]<class T>() {
        for (int64_t i = 0; i < bias.numel(); ++i)
            std::fill_n(reinterpret_cast<T*>(y) + i * row, count, bias.data<T>()[i]);
    });
}

// Multiplies the weight by the planes of x: no image needs to be transposed.
void planar(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y, bool transposed) {
    const PixelRows rows(x, false);
    const int64_t inputs = rows.channels, outputs = y.sizes()[1], item = item_size(y.dtype());
    for_rows(rows, outputs, [&](int64_t image, int64_t begin, int64_t count) {
        char* const to = y.raw() + (image * rows.count * outputs + begin) * item;
        if (bias.defined()) fill_rows(bias, to, rows.count, count);
        gemm({y.dtype(), outputs, count, inputs, weight.raw(), transposed ? 1 : inputs, transposed ? outputs : 1,
              rows.at(image, begin), rows.count, 1, to, rows.count, nullptr, bias.defined()});
    });
}

}  // namespace

bool is_pointwise(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& y) {
    for (int i = 0; i < c.spatial(); ++i)
        if (weight.sizes()[i + 2] != 1 || c.stride[i] != 1 || c.padding[i] != 0) return false;
    return c.groups == 1 && pixels(x) == pixels(y);
}

void pointwise(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y, bool transposed) {
    if (!is_channels_last(y)) return planar(x, weight, bias, y, transposed);
    const PixelRows rows(x, is_channels_last(x));
    const int64_t inputs = rows.channels, outputs = y.sizes()[1], item = item_size(y.dtype());
    for_rows(rows, outputs, [&](int64_t image, int64_t begin, int64_t count) {
        gemm({y.dtype(), count, outputs, inputs, rows.at(image, begin), rows.row, rows.column, weight.raw(),
              transposed ? outputs : 1, transposed ? 1 : inputs,
              y.raw() + (image * rows.count + begin) * outputs * item, outputs, bias.defined() ? bias.raw() : nullptr});
    });
}

void pointwise_weight(const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const bool together = x.numel() == 0 || (is_channels_last(x) && is_channels_last(dy));
    const PixelRows from(x, together), to(dy, together);
    for (int64_t n = 0; n < from.images; ++n)
        gemm({x.dtype(), to.channels, from.channels, to.count, to.at(n, 0), to.column, to.row,
              from.at(n, 0), from.row, from.column, dweight.raw(), from.channels, nullptr, n > 0});
}

}  // namespace bestiary::cpu
