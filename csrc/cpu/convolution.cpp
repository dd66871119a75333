// Convolutions, their transposes and the gradient of their weights. Images lie channels last throughout.
#include "cpu/convolution.h"

#include "cpu/contiguous.h"
#include "cpu/gemm.h"
#include "cpu/onednn.h"
#include "cpu/parallel.h"
#include "cpu/patches.h"

namespace bestiary::cpu {
namespace {

Tensor empty_channels_last(const Dims& sizes, DType dtype) {
    return Tensor::empty_strided(sizes, channels_last_strides(sizes), dtype);
}

Tensor channels_last(const Tensor& t) {
    if (is_channels_last(t)) return t;
    const Tensor copy = empty_channels_last(t.sizes(), t.dtype());
    copy_into(copy, t);
    return copy;
}

// Matrices over the channels: rows are pixels.
bool is_pointwise(const Convolution& c, const Tensor& weight) {
    for (int i = 0; i < c.spatial(); ++i)
        if (weight.sizes()[i + 2] != 1 || c.stride[i] != 1 || c.padding[i] != 0) return false;
    return c.groups == 1;
}

int64_t pixels(const Tensor& image) { return image.sizes()[1] == 0 ? 0 : image.numel() / image.sizes()[1]; }

bool try_onednn(const Tensor& x) { return x.dtype() == DType::Float32 && x.numel() > 0; }

void forward(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    const int64_t inputs = x.sizes()[1], outputs = y.sizes()[1];
    if (is_pointwise(c, weight)) {
        const Tensor w = packed(weight);
        return product({x.dtype(), pixels(y), outputs, inputs, x.raw(), inputs, 1, w.raw(), 1, inputs, y.raw(), outputs,
                        bias.defined() ? bias.raw() : nullptr});
    }
    if (try_onednn(x) && onednn::convolve(c, x, weight, bias, y)) return;
    convolve_patches(c, x, channels_last(weight), bias, y);
}

void input_gradient(const Convolution& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    const int64_t inputs = dx.sizes()[1], outputs = dy.sizes()[1];
    if (is_pointwise(c, weight)) {
        const Tensor w = packed(weight);
        return product({dy.dtype(), pixels(dx), inputs, outputs, dy.raw(), outputs, 1, w.raw(), inputs, 1, dx.raw(), inputs});
    }
    if (try_onednn(dy) && onednn::convolve_input(c, dy, weight, dx)) return;
    convolve_input_patches(c, dy, channels_last(weight), dx);
}

void weight_gradient(const Convolution& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const int64_t inputs = x.sizes()[1], outputs = dy.sizes()[1];
    if (is_pointwise(c, dweight))
        return product({x.dtype(), outputs, inputs, pixels(dy), dy.raw(), 1, outputs, x.raw(), inputs, 1, dweight.raw(), inputs});
    if (try_onednn(x) && dy.numel() > 0 && onednn::convolve_weight(c, x, dy, dweight)) return;
    const Tensor sums = empty_channels_last(dweight.sizes(), dweight.dtype());
    convolve_weight_patches(c, x, dy, sums);
    copy_into(dweight, sums);
}

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

// 16-bit floats are computed in float32.
Tensor working(const Tensor& t) {
    const DType dtype = compute_type(t.dtype());
    if (t.dtype() == dtype) return t;
    const Tensor copy = empty_channels_last(t.sizes(), dtype);
    copy_into(copy, t);
    return copy;
}

Tensor image(const Tensor& t) { return channels_last(working(t)); }

Tensor weights(const Tensor& t) {
    const Tensor w = working(t);
    return is_dense(w.sizes(), w.strides()) ? w : packed(w);
}

Convolution geometry(Args a, int stride, int groups) {
    return {Dims(a.ints(stride)), Dims(a.ints(stride + 1)), Dims(a.ints(stride + 2)), a.integer(groups)};
}

void convolution(const KernelCall& call) {
    const Args a = call.args;
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const Convolution c = geometry(a, 3, 8);
    const bool direct = is_channels_last(out) && out.dtype() == compute_type(out.dtype());
    const Tensor x = image(a.tensor(0)), w = weights(a.tensor(1));
    const Tensor bias = a.none(2) ? Tensor() : packed_as(a.tensor(2), w.dtype());
    const Tensor y = direct ? out : empty_channels_last(out.sizes(), w.dtype());
    if (!a.flag(6)) {
        forward(c, x, w, bias, y);
    } else {
        input_gradient(c, x, w, y);
        if (bias.defined()) add_bias(y, bias);
    }
    if (!direct) copy_into(out, y);
}

void convolution_weight(const KernelCall& call) {
    const Args a = call.args;
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const Tensor x = image(a.tensor(0)), dy = image(a.tensor(1));
    const bool direct = out.dtype() == x.dtype();
    const Tensor dw = direct ? out : Tensor::empty(out.sizes(), x.dtype());
    weight_gradient(geometry(a, 3, 6), x, dy, dw);
    if (!direct) copy_into(out, dw);
}

KERNEL(CPU, "_convolution", convolution);
KERNEL(CPU, "_convolution_weight", convolution_weight);

}  // namespace
}  // namespace bestiary::cpu
