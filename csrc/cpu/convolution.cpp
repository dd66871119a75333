// Convolutions, their transposes and the gradient of their weights.
#include "cpu/convolution.h"

#include <optional>

#include "cpu/depthwise.h"
#include "cpu/im2col_convolution.h"
#include "cpu/onednn.h"
#include "cpu/parallel.h"
#include "cpu/pointwise.h"
#include "cpu/staging.h"
#include "cpu/winograd.h"

namespace bestiary::cpu {
namespace {

bool try_onednn(const Tensor& x) { return x.dtype() == DType::Float32 && x.numel() > 0; }

void add_bias(const Tensor& y, const Tensor& bias) {
    visit_float(y.dtype(), [&]<class T>() {
        const int64_t channels = y.sizes()[1];
        const T* const b = bias.data<T>();
        parallel_for(pixels(y), ceil_div(kGrain, std::max<int64_t>(channels, 1)), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                for (int64_t j = 0; j < channels; ++j) y.data<T>()[i * channels + j] += b[j];
        });
    });
}

// Note [Transposed convolution as convolution]
// With a stride of 1 a transposed convolution is a convolution whose weight is flipped in space and has its two
// dimensions of channels exchanged. Grouped forward convolutions use oneDNN's data gradient: its forward is slower.
//
// Nothing where that would take uneven padding: x and y have the sizes of the forward direction.
std::optional<ConvParams> transposed(ConvParams c, const Tensor& x, const Tensor& weight, const Tensor& y) {
    for (int i = 0; i < c.spatial(); ++i) {
        const int64_t reach = c.dilation[i] * (weight.sizes()[i + 2] - 1), padding = c.padding[i];
        c.padding[i] = reach - padding;
        const bool even = y.sizes()[i + 2] == x.sizes()[i + 2] + 2 * padding - reach;
        if (c.stride[i] != 1 || c.padding[i] < 0 || !even) return std::nullopt;
    }
    return c;
}

Tensor flipped_and_transposed(const Tensor& weight, int64_t groups) {
    const Dims &sizes = weight.sizes(), &strides = weight.strides();
    Dims from_sizes = sizes, from_strides = strides, to = sizes;
    int64_t last = 0;
    for (int d = 2; d < sizes.size(); ++d) last += (sizes[d] - 1) * strides[d];
    for (int d = 2; d < sizes.size(); ++d) from_strides[d] = -strides[d];
    // (G * O, C, ...) is read as (G, C, O, ...)
    from_sizes[0] = groups;
    from_sizes.insert(2, sizes[0] / groups);
    from_strides[0] = strides[0] * (sizes[0] / groups);
    from_strides.insert(2, strides[0]);
    to[0] = groups * sizes[1];
    to[1] = sizes[0] / groups;
    const Tensor copy = Tensor::empty(to, weight.dtype());
    copy_into(copy.alias(from_sizes, contiguous_strides(from_sizes), 0),
              weight.alias(from_sizes, from_strides, weight->offset + last));
    return copy;
}

void forward(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    if (is_pointwise(c, x, weight, y)) return pointwise(x, packed(weight), bias, y, false);
    if (is_depthwise(c, weight)) return depthwise(c, x, weight, bias, y);
    if (is_winograd(c, x, weight, y) && winograd(c, x, weight, bias, y)) return;
    if (const auto back = transposed(c, x, weight, y);
        c.groups > 1 && back && try_onednn(x) &&
        onednn::convolve_input(*back, x, flipped_and_transposed(weight, c.groups), y)) {
        if (bias.defined()) add_bias(y, bias);
        return;
    }
    const Tensor last = to_channels_last(x);
    if (try_onednn(x) && onednn::convolve(c, last, weight, bias, y)) return;
    im2col_convolve(c, last, to_channels_last(weight), bias, y);
}

void input_gradient(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    if (is_pointwise(c, dx, weight, dy)) return pointwise(dy, packed(weight), Tensor(), dx, true);
    if (is_depthwise(c, weight)) return depthwise_input(c, dy, weight, dx);
    if (is_winograd(c, dx, weight, dy) && winograd_input(c, dy, weight, dx)) return;
    if (try_onednn(dy) && onednn::convolve_input(c, dy, weight, dx)) return;
    im2col_convolve_input(c, to_channels_last(dy), to_channels_last(weight), dx);
}

void weight_gradient(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    if (is_pointwise(c, x, dweight, dy)) return pointwise_weight(x, dy, dweight);
    if (is_depthwise(c, dweight)) return depthwise_weight(c, x, dy, dweight);
    if (is_winograd(c, x, dweight, dy) && winograd_weight(c, x, dy, dweight)) return;
    if (try_onednn(x) && dy.numel() > 0 && onednn::convolve_weight(c, x, dy, dweight)) return;
    const Tensor sums = empty_channels_last(dweight.sizes(), dweight.dtype());
    im2col_convolve_weight(c, to_channels_last(x), to_channels_last(dy), sums);
    copy_into(dweight, sums);
}

// 16-bit floats are computed in float32.
Tensor as_computed(const Tensor& t) {
    const DType dtype = compute_type(t.dtype());
    if (t.dtype() == dtype) return t;
    const Tensor copy = empty_channels_last(t.sizes(), dtype);
    copy_into(copy, t);
    return copy;
}

// In one of the two layouts that the convolutions read.
Tensor as_image(const Tensor& t) {
    const Tensor image = as_computed(t);
    return image.is_contiguous() ? image : to_channels_last(image);
}

Tensor as_weight(const Tensor& t) {
    const Tensor w = as_computed(t);
    return is_dense(w.sizes(), w.strides()) ? w : packed(w);
}

void convolution(const KernelCall& call, const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride,
                 Ints padding, Ints dilation, bool transposed, Ints /*output_padding*/, int64_t groups) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const ConvParams c{stride, padding, dilation, groups};
    const Tensor x = as_image(input), w = as_weight(weight);
    const Tensor b = bias.defined() ? packed_as(bias, w.dtype()) : bias;
    const bool adds_bias = transposed && b.defined();
    const bool planar = out.is_contiguous() && x.is_contiguous() && !adds_bias && is_pointwise(c, x, w, out);
    const bool direct = (planar || is_channels_last(out)) && out.dtype() == compute_type(out.dtype());
    const Tensor y = direct ? out : empty_channels_last(out.sizes(), w.dtype());
    if (transposed) input_gradient(c, x, w, y);
    else forward(c, x, w, b, y);
    if (adds_bias) add_bias(y, b);
    if (!direct) copy_into(out, y);
}

void convolution_weight(const KernelCall& call, const Tensor& input, const Tensor& grad, Ints /*size*/, Ints stride,
                        Ints padding, Ints dilation, int64_t groups) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const StagedResult dw(out, compute_type(out.dtype()));
    weight_gradient({stride, padding, dilation, groups}, as_image(input), as_image(grad), dw.tensor());
}

KERNEL(CPU, "_convolution", convolution);
KERNEL(CPU, "_convolution_weight", convolution_weight);

}  // namespace
}  // namespace bestiary::cpu
