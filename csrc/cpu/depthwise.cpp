#include "cpu/depthwise.h"

#include <array>
#include <vector>

#include "cpu/isa/channels_last.h"
#include "cpu/isa/depthwise.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Sums of their own for the gradient of a weight, whatever the number of threads: so the result does not depend on it.
constexpr int64_t kParts = 16;
// Of images that lie channels first, rows are turned round as they are needed and kept in the second-level cache as
// long as they are, so many channels at a time.
constexpr int64_t kTurnedBytes = int64_t{1} << 18;
constexpr int64_t kFewestChannels = 16;

using Volume = std::array<int64_t, 3>;

// Sizes in three dimensions, the missing ones in front being 1.
Volume volume(const Dims& dims, int from, int64_t fill) {
    Volume out{fill, fill, fill};
    std::copy(dims.begin() + from, dims.end(), out.end() - (dims.size() - from));
    return out;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// Where the pixels of an image lie: pixel i of row y at data + ((y % rows) * width + i) * pixel elements.
struct Pixels {
    const char* data;
    int64_t pixel, rows;
};

// The last rows before `end` of some channels of an image, turned to channels last.
struct TurnedRows {
    Tensor room;
    int64_t image = -1, c = 0, end = 0;
};

// What output pixels of a row meet at place k of a row of the kernel: pixel first + i * step, for i in [begin, end).
struct Column {
    int64_t k, first, begin, end;
};

// A pass over the rows of y, each a sum over rows of x. The work is split into units: a band of rows of one image,
// for a block of channels.
class Pass {
public:
    // Backward, x has the sizes of the convolution's result and y those of its input.
    Pass(const Convolution& c, const Tensor& x, const Dims& weight, const Tensor& y, bool backward)
        : in_(volume(x.sizes(), 2, 1)), out_(volume(y.sizes(), 2, 1)), kernel_(volume(weight, 2, 1)),
          stride_(volume(c.stride, 0, 1)), padding_(volume(c.padding, 0, 0)), dilation_(volume(c.dilation, 0, 1)),
          x_(in_[0] == 1 && out_[0] == 1 ? x : channels_last(x)), y_(y), channels_(x.sizes()[1]),
          item_(item_size(x.dtype())), backward_(backward), planar_(!is_channels_last(x_)), block_(channels_) {
        if (planar_) plan_turning();
        blocks_ = ceil_div(channels_, block_);
        bands_ = ceil_div(out_[0] * out_[1], band_);
        find_columns();
    }

    int64_t units() const { return y_.sizes()[0] * bands_ * blocks_; }
    int64_t places() const { return kernel_[0] * kernel_[1] * kernel_[2]; }
    // Multiply-adds, about.
    int64_t work_of_unit() const { return band_ * out_[2] * block_ * places(); }

    // Weights, or sums for them, are (places, channels).
    void run(int64_t begin, int64_t end, const Loop& loop, char* weight, const char* bias) const {
        std::vector<DepthwiseTap> taps(places()), inside(places());
        TurnedRows turned{planar_ ? Tensor::empty({kept_ * in_[2] * block_}, x_.dtype()) : Tensor()};
        for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t image = unit / bands_ / blocks_, c = unit / bands_ % blocks_ * block_,
                          count = std::min(block_, channels_ - c);
            const int64_t first = unit % bands_ * band_, last = std::min(first + band_, out_[0] * out_[1]);
            if (planar_) turn(turned, image, c, count, first, last);
            const Pixels x = planar_ ? Pixels{turned.room.raw(), count, kept_}
                                     : Pixels{x_.raw() + image * in_[0] * in_[1] * in_[2] * channels_ * item_,
                                              channels_, in_[1]};
            DepthwiseRow row{taps.data(), inside.data(), 0, 0, count, step() * x.pixel, phases() * channels_, channels_,
                             nullptr, weight + c * item_, bias ? bias + c * item_ : nullptr};
            for (int64_t at = first; at < last; ++at) {
                row.y = y_.raw() + ((image * out_[0] * out_[1] + at) * out_[2] * channels_ + c) * item_;
                run_row(at, x, taps, row, loop);
            }
        }
    }

private:
    // The place in x that output place o meets at place k of the kernel; -1 where it meets none.
    int64_t source(int d, int64_t o, int64_t k) const {
        const int64_t at = backward_ ? o + padding_[d] - k * dilation_[d]
                                     : o * stride_[d] - padding_[d] + k * dilation_[d];
        if (!backward_) return at < in_[d] ? std::max<int64_t>(at, -1) : -1;
        return at >= 0 && at % stride_[d] == 0 && at / stride_[d] < in_[d] ? at / stride_[d] : -1;
    }

    // Rows of x that n rows of y meet, at most.
    int64_t reach(int64_t n) const {
        const int64_t rows = (kernel_[1] - 1) * dilation_[1];
        return std::clamp<int64_t>(backward_ ? (n - 1 + rows) / stride_[1] + 2 : (n - 1) * stride_[1] + rows + 1, 1,
                                   std::max<int64_t>(in_[1], 1));
    }

    void plan_turning() {
        const int64_t most = kTurnedBytes / std::max<int64_t>(in_[2] * item_, 1);  // rows of one channel
        block_ = std::clamp<int64_t>(most / reach(2) / kFewestChannels * kFewestChannels,
                                     std::min(kFewestChannels, channels_), channels_);
        while (band_ < out_[1] && reach(band_ + 1) * block_ <= most) ++band_;
        kept_ = reach(band_);
    }

    // Sees to it that the rows of x are there that rows [first, last) of y meet.
    void turn(TurnedRows& turned, int64_t image, int64_t c, int64_t count, int64_t first, int64_t last) const {
        const int64_t reach = (kernel_[1] - 1) * dilation_[1], padding = padding_[1], stride = stride_[1];
        int64_t begin = first * stride - padding, end = (last - 1) * stride - padding + reach + 1;
        if (backward_)
            begin = floor_div(first + padding - reach, stride), end = floor_div(last - 1 + padding, stride) + 1;
        begin = std::clamp<int64_t>(begin, 0, in_[1]);
        end = std::clamp(end, begin, in_[1]);
        const bool goes_on = turned.image == image && turned.c == c && begin <= turned.end;
        int64_t next = goes_on ? std::max(begin, turned.end) : begin;
        turned = {turned.room, image, c, std::max(end, next)};
        while (next < end) {
            const int64_t at = next % kept_, rows = std::min(end - next, kept_ - at), plane = in_[1] * in_[2];
            PlanarPixels pixels{x_.raw() + ((image * channels_ + c) * plane + next * in_[2]) * item_,
                                turned.room.raw() + at * in_[2] * count * item_, rows * in_[2], count, plane};
            char* data[] = {reinterpret_cast<char*>(&pixels)};
            turn_(data, nullptr, 0, nullptr);
            next += rows;
        }
    }

    // Backward, only every stride-th pixel of a row meets the same places of the kernel.
    int64_t phases() const { return backward_ ? stride_[2] : 1; }
    int64_t step() const { return backward_ ? 1 : stride_[2]; }

    void find_columns() {
        columns_.resize(phases());
        for (int64_t phase = 0; phase < phases(); ++phase)
            for (int64_t k = 0; k < kernel_[2]; ++k) {
                int64_t first = backward_ ? phase + padding_[2] - k * dilation_[2] : k * dilation_[2] - padding_[2];
                if (first % phases() != 0) continue;
                first /= phases();
                const int64_t n = ceil_div(std::max<int64_t>(out_[2] - phase, 0), phases());
                const int64_t begin = std::clamp<int64_t>(ceil_div(std::max<int64_t>(-first, 0), step()), 0, n);
                const int64_t end = std::clamp<int64_t>(ceil_div(std::max<int64_t>(in_[2] - first, 0), step()), begin,
                                                        n);
                columns_[phase].push_back({k, first, begin, end});
            }
    }

    void run_row(int64_t at, const Pixels& x, std::vector<DepthwiseTap>& taps, DepthwiseRow row,
                 const Loop& loop) const {
        char* data[] = {reinterpret_cast<char*>(&row)};
        for (int64_t phase = 0; phase < std::min(phases(), out_[2]); ++phase, row.y += channels_ * item_) {
            row.count = find_taps(at, columns_[phase], x, taps);
            row.n = ceil_div(out_[2] - phase, phases());
            loop(data, nullptr, 0, nullptr);
        }
    }

    int64_t find_taps(int64_t at, const std::vector<Column>& columns, const Pixels& x,
                      std::vector<DepthwiseTap>& taps) const {
        int64_t count = 0;
        for (int64_t a = 0; a < kernel_[0]; ++a)
            for (int64_t b = 0; b < kernel_[1]; ++b) {
                const int64_t z = source(0, at / out_[1], a), y = source(1, at % out_[1], b);
                if (z < 0 || y < 0) continue;
                const char* const row = x.data + (z * in_[1] + y % x.rows) * in_[2] * x.pixel * item_;
                for (const Column& at_k : columns)
                    taps[count++] = {row + at_k.first * x.pixel * item_, at_k.begin, at_k.end,
                                     (a * kernel_[1] + b) * kernel_[2] + at_k.k};
            }
        return count;
    }

    const Volume in_, out_, kernel_, stride_, padding_, dilation_;
    const Tensor x_;
    const Tensor& y_;
    const int64_t channels_, item_;
    const bool backward_, planar_;
    int64_t block_, blocks_, band_ = 1, bands_, kept_ = 0;
    std::vector<std::vector<Column>> columns_;  // by phase
    const Loop turn_ = loop_of("channels_last", x_.dtype());
};

void convolve(const Pass& pass, const Tensor& weight, const Tensor& bias, DType dtype) {
    const int64_t channels = weight.sizes()[0];
    const Tensor w = packed(weight), by_place = Tensor::empty({pass.places(), channels}, dtype);
    copy_into(by_place, w.alias({pass.places(), channels}, {1, pass.places()}, w->offset));
    const Loop loop = loop_of("depthwise", dtype);
    parallel_for(pass.units(), std::max<int64_t>(1, kGrain / std::max<int64_t>(pass.work_of_unit(), 1)),
                 [&](int64_t begin, int64_t end) {
                     pass.run(begin, end, loop, by_place.raw(), bias.defined() ? bias.raw() : nullptr);
                 });
}

}  // namespace

bool is_depthwise(const Convolution& c, const Tensor& weight) {
    return c.groups > 1 && weight.sizes()[1] == 1 && weight.sizes()[0] == c.groups;
}

void depthwise(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    convolve(Pass(c, x, weight.sizes(), y, false), weight, bias, y.dtype());
}

void depthwise_input(const Convolution& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    convolve(Pass(c, dy, weight.sizes(), dx, true), weight, Tensor(), dx.dtype());
}

void depthwise_weight(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const Tensor rows = channels_last(dy);
    const Pass pass(c, x, dweight.sizes(), rows, false);
    const int64_t channels = x.sizes()[1], places = pass.places(), units = pass.units();
    const int64_t parts = std::clamp<int64_t>(units, 1, kParts);
    const Tensor sums = Tensor::zeros({parts, places, channels}, x.dtype());
    const int64_t bytes = places * channels * item_size(x.dtype());
    const int64_t work = std::max<int64_t>(units * pass.work_of_unit() / parts, 1);
    const Loop loop = loop_of("depthwise.weight", x.dtype());
    parallel_for(parts, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            pass.run(units * i / parts, units * (i + 1) / parts, loop, sums.raw() + i * bytes, nullptr);
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
