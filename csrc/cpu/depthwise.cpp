#include "cpu/depthwise.h"

#include <vector>

#include "cpu/isa/depthwise.h"
#include "cpu/isa/transpose.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Partial sums of a weight's gradient, however many threads there are, so that the result does not depend on it.
constexpr int64_t kParts = 16;
// The rows of planar images are transposed when they are needed, and stay in the second-level cache as long as they
// are, a block of channels at a time.
constexpr int64_t kRowBufferBytes = int64_t{1} << 18;
constexpr int64_t kMinChannels = 16;

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// Pixel i of row y of an image is at data + ((y % rows) * width + i) * pixel.
template <class T>
struct Pixels {
    const T* data;
    int64_t pixel, rows;
};

// The last rows before `end` of some channels of an image, channels last.
struct RowBuffer {
    Tensor memory;
    int64_t image = -1, channel = 0, end = 0;
};

// Element k of the kernel's row meets pixel first + i * step of a row, for output pixels i in [begin, end).
struct Column {
    int64_t k, first, begin, end;
};

// A pass over the rows of y, each a sum over rows of x. The work is split into units: a band of rows of one image,
// for a block of channels.
template <class T>
class DepthwisePass : ConvGeometry {
public:
    using Tap = DepthwiseTap<T>;

    // Backward, x has the sizes of the convolution's result and y those of its input.
    DepthwisePass(const ConvParams& c, const Tensor& x, const Dims& weight, const Tensor& y, bool backward)
        : ConvGeometry(c, x.sizes(), weight, y.sizes()), x_(input[0] == 1 && output[0] == 1 ? x : to_channels_last(x)),
          y_(y), channels_(x.sizes()[1]), backward_(backward), planar_(!is_channels_last(x_)), block_(channels_) {
        if (planar_) plan_row_buffer();
        blocks_ = ceil_div(channels_, block_);
        bands_ = ceil_div(output[0] * output[1], band_);
        find_columns();
    }

    int64_t units() const { return y_.sizes()[0] * bands_ * blocks_; }
    int64_t taps() const { return elements(kernel); }
    // Multiply-adds, about.
    int64_t work_of_unit() const { return band_ * output[2] * block_ * taps(); }

    // Weights, or sums for them, are (taps, channels).
    void run(int64_t begin, int64_t end, typename DepthwiseKernels<T>::Kernel run_kernel, T* weight,
             const T* bias) const {
        std::vector<Tap> found(taps()), inside(taps());
        RowBuffer buffer{planar_ ? Tensor::empty({buffer_rows_ * input[2] * block_}, x_.dtype()) : Tensor()};
        for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t image = unit / bands_ / blocks_, c = unit / bands_ % blocks_ * block_,
                          count = std::min(block_, channels_ - c);
            const int64_t first = unit % bands_ * band_, last = std::min(first + band_, output[0] * output[1]);
            if (planar_) fill_buffer(buffer, image, c, count, first, last);
            const Pixels<T> x = planar_ ? Pixels<T>{buffer.memory.data<T>(), count, buffer_rows_}
                                        : Pixels<T>{x_.data<T>() + image * elements(input) * channels_, channels_,
                                                    input[1]};
            DepthwiseRow<T> row{found.data(), inside.data(), 0, 0, count, step() * x.pixel, phases() * channels_,
                                channels_, nullptr, weight + c, bias ? bias + c : nullptr};
            for (int64_t at = first; at < last; ++at) {
                row.y = y_.data<T>() + (image * output[0] * output[1] + at) * output[2] * channels_ + c;
                run_row(at, x, found, row, run_kernel);
            }
        }
    }

private:
    // The index in x that element k of the kernel meets at output index o; -1 where it meets padding.
    int64_t source(int d, int64_t o, int64_t k) const {
        const int64_t at = backward_ ? o + padding[d] - k * dilation[d] : o * stride[d] - padding[d] + k * dilation[d];
        if (!backward_) return at < input[d] ? std::max<int64_t>(at, -1) : -1;
        return at >= 0 && at % stride[d] == 0 && at / stride[d] < input[d] ? at / stride[d] : -1;
    }

    // Rows of x that n rows of y meet, at most.
    int64_t reach(int64_t n) const {
        const int64_t rows = (kernel[1] - 1) * dilation[1];
        return std::clamp<int64_t>(backward_ ? (n - 1 + rows) / stride[1] + 2 : (n - 1) * stride[1] + rows + 1, 1,
                                   std::max<int64_t>(input[1], 1));
    }

    void plan_row_buffer() {
        const int64_t row_bytes = input[2] * int64_t{sizeof(T)};  // of one channel
        const int64_t most = kRowBufferBytes / std::max<int64_t>(row_bytes, 1);
        block_ = std::clamp<int64_t>(most / reach(2) / kMinChannels * kMinChannels, std::min(kMinChannels, channels_),
                                     channels_);
        while (band_ < output[1] && reach(band_ + 1) * block_ <= most) ++band_;
        buffer_rows_ = reach(band_);
    }

    // Adds the rows of x that rows [first, last) of y meet and that are not in the buffer yet.
    void fill_buffer(RowBuffer& buffer, int64_t image, int64_t c, int64_t count, int64_t first, int64_t last) const {
        const int64_t rows = (kernel[1] - 1) * dilation[1];
        int64_t begin = first * stride[1] - padding[1], end = (last - 1) * stride[1] - padding[1] + rows + 1;
        if (backward_) {
            begin = floor_div(first + padding[1] - rows, stride[1]);
            end = floor_div(last - 1 + padding[1], stride[1]) + 1;
        }
        begin = std::clamp<int64_t>(begin, 0, input[1]);
        end = std::clamp(end, begin, input[1]);
        const bool continues = buffer.image == image && buffer.channel == c && begin <= buffer.end;
        int64_t next = continues ? std::max(begin, buffer.end) : begin;
        buffer = {buffer.memory, image, c, std::max(end, next)};
        while (next < end) {
            const int64_t at = next % buffer_rows_, n = std::min(end - next, buffer_rows_ - at);
            const int64_t plane = input[1] * input[2];
            kernels<TransposeKernels<T>>().copy({buffer.memory.data<T>() + at * input[2] * count,
                                                 x_.data<T>() + (image * channels_ + c) * plane + next * input[2],
                                                 count, plane, count, n * input[2]});
            next += n;
        }
    }

    // Backward, only every stride-th pixel of a row meets the same elements of the kernel.
    int64_t phases() const { return backward_ ? stride[2] : 1; }
    int64_t step() const { return backward_ ? 1 : stride[2]; }

    void find_columns() {
        columns_.resize(phases());
        for (int64_t phase = 0; phase < phases(); ++phase)
            for (int64_t k = 0; k < kernel[2]; ++k) {
                int64_t first = backward_ ? phase + padding[2] - k * dilation[2] : k * dilation[2] - padding[2];
                if (first % phases() != 0) continue;
                first /= phases();
                const int64_t n = ceil_div(std::max<int64_t>(output[2] - phase, 0), phases());
                const int64_t begin = std::clamp<int64_t>(ceil_div(std::max<int64_t>(-first, 0), step()), 0, n);
                const int64_t end = std::clamp<int64_t>(ceil_div(std::max<int64_t>(input[2] - first, 0), step()), begin,
                                                        n);
                columns_[phase].push_back({k, first, begin, end});
            }
    }

    void run_row(int64_t at, const Pixels<T>& x, std::vector<Tap>& found, DepthwiseRow<T> row,
                 typename DepthwiseKernels<T>::Kernel run_kernel) const {
        for (int64_t phase = 0; phase < std::min(phases(), output[2]); ++phase, row.y += channels_) {
            row.count = find_taps(at, columns_[phase], x, found);
            row.n = ceil_div(output[2] - phase, phases());
            run_kernel(row);
        }
    }

    int64_t find_taps(int64_t at, const std::vector<Column>& columns, const Pixels<T>& x,
                      std::vector<Tap>& found) const {
        int64_t count = 0;
        for (int64_t a = 0; a < kernel[0]; ++a)
            for (int64_t b = 0; b < kernel[1]; ++b) {
                const int64_t z = source(0, at / output[1], a), y = source(1, at % output[1], b);
                if (z < 0 || y < 0) continue;
                const T* const row = x.data + (z * input[1] + y % x.rows) * input[2] * x.pixel;
                for (const Column& at_k : columns)
                    found[count++] = {row + at_k.first * x.pixel, at_k.begin, at_k.end,
                                      (a * kernel[1] + b) * kernel[2] + at_k.k};
            }
        return count;
    }

    const Tensor x_;
    const Tensor& y_;
    const int64_t channels_;
    const bool backward_, planar_;
    int64_t block_, blocks_, band_ = 1, bands_, buffer_rows_ = 0;
    std::vector<std::vector<Column>> columns_;  // by phase
};

void convolve(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y,
              bool backward) {
    visit_float(y.dtype(), [&]<class T>() {
        const DepthwisePass<T> pass(c, x, weight.sizes(), y, backward);
        const int64_t channels = weight.sizes()[0];
        const Tensor w = packed(weight), by_tap = Tensor::empty({pass.taps(), channels}, y.dtype());
        copy_into(by_tap, w.alias({pass.taps(), channels}, {1, pass.taps()}, w->offset));
        parallel_for(pass.units(), std::max<int64_t>(1, kGrain / std::max<int64_t>(pass.work_of_unit(), 1)),
                     [&](int64_t begin, int64_t end) {
                         pass.run(begin, end, kernels<DepthwiseKernels<T>>().forward, by_tap.data<T>(),
                                  data_or_null<T>(bias));
                     });
    });
}

template <class T>
void weight_gradient(const DepthwisePass<T>& pass, const Tensor& dweight) {
    const int64_t channels = dweight.sizes()[0], taps = pass.taps(), units = pass.units();
    const int64_t parts = std::clamp<int64_t>(units, 1, kParts);
    const Tensor sums = Tensor::zeros({parts, taps, channels}, dweight.dtype());
    const int64_t work = std::max<int64_t>(units * pass.work_of_unit() / parts, 1);
    parallel_for(parts, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            pass.run(units * i / parts, units * (i + 1) / parts, kernels<DepthwiseKernels<T>>().weight_gradient,
                     sums.data<T>() + i * taps * channels, nullptr);
    });
    for (int64_t j = 0; j < channels; ++j)
        for (int64_t k = 0; k < taps; ++k) {
            T sum = 0;
            for (int64_t i = 0; i < parts; ++i) sum += sums.data<T>()[(i * taps + k) * channels + j];
            dweight.data<T>()[j * taps + k] = sum;
        }
}

}  // namespace

bool is_depthwise(const ConvParams& c, const Tensor& weight) {
    return c.groups > 1 && weight.sizes()[1] == 1 && weight.sizes()[0] == c.groups;
}

void depthwise(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    convolve(c, x, weight, bias, y, false);
}

void depthwise_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    convolve(c, dy, weight, Tensor(), dx, true);
}

void depthwise_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const Tensor rows = to_channels_last(dy);
    visit_float(x.dtype(), [&]<class T>() {
        weight_gradient(DepthwisePass<T>(c, x, dweight.sizes(), rows, false), dweight);
    });
}

}  // namespace bestiary::cpu
