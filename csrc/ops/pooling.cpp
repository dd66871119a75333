// Pooling: the largest element or the mean of each window.
#include "core/channels_last.h"
#include "ops/names.h"
#include "ops/window_args.h"

namespace bestiary::ops {
namespace {

// A result with the batch and channels of `image`, in its layout.
void image_shape(Meta& m, const Dims& shape, std::span<const int64_t> size, DType dtype, const Tensor& image) {
    Dims sizes = shape;
    std::copy(size.begin(), size.end(), sizes.begin() + 2);
    m.add(sizes, dtype);
    if (!prefers_channels_last(image)) return;
    m.outs[m.count - 1].strides = channels_last_strides(sizes);
    m.outs[m.count - 1].engine_layout = image->engine_layout;
}

void pooled_shape(const Op& op, Args a, Meta& m) {
    const Tensor& x = a.tensor(0);
    check_as(ErrorKind::Type, is_floating(x.dtype()), "input: expected a floating dtype, got ", x.dtype());
    for (size_t i = 0; i < op.schema.results.size(); ++i)
        image_shape(m, x.sizes(), a.ints(1), i == 0 ? x.dtype() : DType::Int64, x);
}

Tensor max_backward(const Backward& b) {
    return Call<"_max_pool_backward">()(b.g, b["input"], b["size"], b["kernel"], b["stride"], b["padding"],
                                        b["dilation"]);
}

OP("_max_pool(Tensor input, int[] size, int[] kernel, int[] stride, int[] padding, int[] dilation) -> Tensor")
    .doc("The largest element of each window; `size` of them, evenly spread where no kernel is given.")
    .shape(pooled_shape)
    .grad("input", "input", max_backward);

OP("_max_pool_indices(Tensor input, int[] size, int[] kernel, int[] stride, int[] padding, int[] dilation) -> (Tensor "
   "values, Tensor indices)")
    .doc("The largest element of each window, and where it stands in its channel.")
    .shape(pooled_shape)
    .grad("input", "input", max_backward);

OP("_max_pool_backward(Tensor grad, Tensor input, int[] size, int[] kernel, int[] stride, int[] padding, int[] "
   "dilation) -> Tensor")
    .doc("The gradient of max pooling: each element of `grad` added to the place that was largest.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& x = a.tensor(1);
        m.add(x.sizes(), x.dtype());
        m.outs[0].follow(x);
    })
    .grad("grad", "input", [](const Backward& b) {
        const Tensor indices = Call<"_max_pool_indices">().all(b["input"], b["size"], b["kernel"], b["stride"],
                                                               b["padding"], b["dilation"])[1];
        return reshape(Call<"gather">()(flatten(b.g, 2), 2, flatten(indices, 2)), indices.sizes());
    });

OP("_avg_pool(Tensor input, int[] size, int[] kernel, int[] stride, int[] padding, bool count_include_pad, int "
   "divisor) -> Tensor")
    .doc(
        "The mean of each window; `size` of them, evenly spread where no kernel is given. A divisor of 0 is the "
        "window's size.")
    .shape(pooled_shape)
    .grad("input", "", [](const Backward& b) {
        return Call<"_avg_pool_backward">()(b.g, b.shape("input"), b["size"], b["kernel"], b["stride"], b["padding"],
                                            b["count_include_pad"], b["divisor"]);
    });

OP("_avg_pool_backward(Tensor grad, int[] image, int[] size, int[] kernel, int[] stride, int[] padding, bool "
   "count_include_pad, "
   "int divisor) -> Tensor")
    .doc("The gradient of average pooling: each element of `grad` shared out over its window.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& g = a.tensor(0);
        image_shape(m, Dims(a.ints(1)), a.ints(1).subspan(2), g.dtype(), g);
    })
    .grad("grad", "", [](const Backward& b) {
        return Call<"_avg_pool">()(b.g, b["size"], b["kernel"], b["stride"], b["padding"], b["count_include_pad"],
                                   b["divisor"]);
    });

// The input as a batch, and the windows that an op's arguments ask for.
struct Windows {
    Tensor input;
    bool single;
    Dims size, kernel, stride, padding, dilation;

    Windows(const Tensor& x, int n) : input(x), single(x.dim() == n + 1) {
        check(single || x.dim() == n + 2, "input: expected ", n + 2, " dimensions, or ", n + 1,
              " without a batch, got shape ", x.sizes());
        if (single) input = unsqueeze(x, 0);
    }
    int dims() const { return input.dim() - 2; }

    // Without a stride, windows follow each other.
    void set(std::span<const int64_t> kernel_size, const Value& given_stride, std::span<const int64_t> pad,
             std::span<const int64_t> dilated, bool ceil_mode) {
        const int n = dims();
        kernel = per_dim("kernel_size", kernel_size, n, 1);
        const bool no_stride = given_stride.none() || given_stride.length == 0;
        stride = no_stride ? kernel : per_dim("stride", given_stride.int_list(), n, 1);
        padding = per_dim("padding", pad, n, 0);
        dilation = per_dim("dilation", dilated, n, 1);
        size = Dims(n);
        for (int i = 0; i < n; ++i) size[i] = count(i, ceil_mode);
    }

    Tensor done(const Tensor& pooled) const { return single ? select(pooled, 0, 0) : pooled; }

private:
    // In ceil mode a last window may reach past the end, if it begins inside.
    int64_t count(int i, bool ceil_mode) const {
        const int64_t length = input.sizes()[i + 2], reach = dilation[i] * (kernel[i] - 1) + 1,
                      last = padding[i] + length;
        check(2 * padding[i] <= reach, "padding: expected at most half the kernel size ", kernel, ", got ", padding);
        const int64_t room = length + 2 * padding[i] - reach + (ceil_mode ? stride[i] - 1 : 0);
        check(room >= 0, "input: shape ", input.sizes(), " with padding ", padding, " is smaller than the kernel ",
              kernel, " with dilation ", dilation);
        const int64_t windows = room / stride[i] + 1;
        return ceil_mode && (windows - 1) * stride[i] >= last ? windows - 1 : windows;
    }
};

bool is_integer(DType t) { return !is_floating(t) && t != DType::Bool; }

// Values and indices of the largest integers. As float64, which is exact to 2^53, they find the indices; these read
// the values from the input.
std::pair<Tensor, Tensor> largest_integers(const Windows& w) {
    const Tensor indices = Call<"_max_pool_indices">().all(cast(w.input, DType::Float64), w.size, w.kernel, w.stride,
                                                           w.padding, w.dilation)[1];
    const Tensor values = Call<"gather">()(flatten(w.input, 2), 2, flatten(indices, 2));
    return {reshape(values, indices.sizes()), indices};
}

template <int N>
void max_pool(Args a, Results& r) {
    Windows w(a.tensor(0), N);
    w.set(a.ints(1), a[2], a.ints(3), a.ints(4), a.flag(5));
    if (is_integer(w.input.dtype())) return r.push(w.done(largest_integers(w).first));
    r.push(w.done(Call<"_max_pool">()(w.input, w.size, w.kernel, w.stride, w.padding, w.dilation)));
}

template <int N>
void max_pool_with_indices(Args a, Results& r) {
    Windows w(a.tensor(0), N);
    w.set(a.ints(1), a[2], a.ints(3), a.ints(4), a.flag(5));
    if (is_integer(w.input.dtype())) {
        const auto [values, indices] = largest_integers(w);
        r.push(w.done(values));
        return r.push(w.done(indices));
    }
    for (const Tensor& t : Call<"_max_pool_indices">().all(w.input, w.size, w.kernel, w.stride, w.padding, w.dilation))
        r.push(w.done(t));
}

template <int N>
void avg_pool(Args a, Results& r) {
    Windows w(a.tensor(0), N);
    const int64_t one[] = {1};
    w.set(a.ints(1), a[2], a.ints(3), one, a.flag(4));
    const bool overrides = a.size() > 6 && !a.none(6);
    check(!overrides || a.integer(6) != 0, "divisor_override: expected any number but 0");
    // The means of int64 are cut towards zero; sums are exact below 2^53.
    const bool integer = w.input.dtype() == DType::Int64;
    const Tensor input = integer ? cast(w.input, DType::Float64) : w.input;
    const Tensor means = Call<"_avg_pool">()(input, w.size, w.kernel, w.stride, w.padding, a[5],
                                             overrides ? a.integer(6) : 0);
    r.push(w.done(integer ? cast(means, DType::Int64) : means));
}

Windows adaptive(Args a, int n) {
    Windows w(a.tensor(0), n);
    w.size = per_dim("output_size", a.ints(1), n, 0);
    for (int d = 2; d < w.input.dim(); ++d)
        check(w.input.sizes()[d] > 0, "input: expected pixels, got shape ", w.input.sizes());
    return w;
}

template <int N>
void adaptive_avg_pool(Args a, Results& r) {
    const Windows w = adaptive(a, N);
    if (w.size == Dims(N, 1)) {
        Dims dims;
        for (int d = 2; d < w.input.dim(); ++d) dims.push_back(d);
        return r.push(w.done(Call<"mean.dim">()(w.input, dims, true)));
    }
    r.push(w.done(Call<"_avg_pool">()(w.input, w.size, Dims(), Dims(), Dims(), false, 0)));
}

template <int N>
void adaptive_max_pool(Args a, Results& r) {
    const Windows w = adaptive(a, N);
    r.push(w.done(Call<"_max_pool">()(w.input, w.size, Dims(), Dims(), Dims(), Dims())));
}

template <int N>
void adaptive_max_pool_with_indices(Args a, Results& r) {
    const Windows w = adaptive(a, N);
    for (const Tensor& t : Call<"_max_pool_indices">().all(w.input, w.size, Dims(), Dims(), Dims(), Dims()))
        r.push(w.done(t));
}

OP("max_pool1d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool "
   "ceil_mode=False) -> Tensor")
    .doc(R"(The largest element of each window of (N, C, L), with or without N; the stride is the kernel's size unless given.

>>> engine.max_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 2)
tensor([[3., 4.]]))")
    .compose(max_pool<1>);
OP("max_pool1d_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, "
   "bool ceil_mode=False) -> (Tensor values, Tensor indices)")
    .doc(R"(As ``max_pool1d``, and where in its channel each element stands.

>>> engine.max_pool1d_with_indices(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 2).indices
tensor([[1, 3]]))")
    .compose(max_pool_with_indices<1>);
OP("avg_pool1d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, "
   "bool count_include_pad=True) -> Tensor")
    .doc(R"(The mean of each window of (N, C, L), with or without N; the stride is the kernel's size unless given.

>>> engine.avg_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 2)
tensor([[2., 3.]]))")
    .compose(avg_pool<1>);
OP("adaptive_avg_pool1d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The mean of ``output_size`` even parts of (N, C, L), with or without N.

>>> engine.adaptive_avg_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 1)
tensor([[2.5000]]))")
    .compose(adaptive_avg_pool<1>);
OP("adaptive_max_pool1d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The largest element of ``output_size`` even parts of (N, C, L), with or without N.

>>> engine.adaptive_max_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 1)
tensor([[4.]]))")
    .compose(adaptive_max_pool<1>);
OP("adaptive_max_pool1d_with_indices(Tensor input, int[] output_size) -> (Tensor values, Tensor indices)")
    .doc(R"(As ``adaptive_max_pool1d``, and where in its channel each element stands.

>>> engine.adaptive_max_pool1d_with_indices(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 1).indices
tensor([[3]]))")
    .compose(adaptive_max_pool_with_indices<1>);

OP("max_pool2d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool "
   "ceil_mode=False) -> Tensor")
    .doc(R"(The largest element of each window of (N, C, H, W), with or without N; the stride is the kernel's size unless given.

>>> engine.max_pool2d(engine.arange(8.0).reshape(1, 2, 4), 2)
tensor([[[5., 7.]]]))")
    .compose(max_pool<2>);
OP("max_pool2d_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, "
   "bool ceil_mode=False) -> (Tensor values, Tensor indices)")
    .doc(R"(As ``max_pool2d``, and where in its channel each element stands.

>>> engine.max_pool2d_with_indices(engine.arange(8.0).reshape(1, 2, 4), 2).indices
tensor([[[5, 7]]]))")
    .compose(max_pool_with_indices<2>);
OP("avg_pool2d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, "
   "bool count_include_pad=True, int? divisor_override=None) -> Tensor")
    .doc(R"(The mean of each window of (N, C, H, W), with or without N; the stride is the kernel's size unless given.

>>> engine.avg_pool2d(engine.arange(8.0).reshape(1, 2, 4), 2)
tensor([[[2.5000, 4.5000]]]))")
    .compose(avg_pool<2>);
OP("adaptive_avg_pool2d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The mean of ``output_size`` even parts of (N, C, H, W), with or without N.

>>> engine.adaptive_avg_pool2d(engine.arange(8.0).reshape(1, 2, 4), 1)
tensor([[[3.5000]]]))")
    .compose(adaptive_avg_pool<2>);
OP("adaptive_max_pool2d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The largest element of ``output_size`` even parts of (N, C, H, W), with or without N.

>>> engine.adaptive_max_pool2d(engine.arange(8.0).reshape(1, 2, 4), 1)
tensor([[[7.]]]))")
    .compose(adaptive_max_pool<2>);
OP("adaptive_max_pool2d_with_indices(Tensor input, int[] output_size) -> (Tensor values, Tensor indices)")
    .doc(R"(As ``adaptive_max_pool2d``, and where in its channel each element stands.

>>> engine.adaptive_max_pool2d_with_indices(engine.arange(8.0).reshape(1, 2, 4), 1).indices
tensor([[[7]]]))")
    .compose(adaptive_max_pool_with_indices<2>);

OP("max_pool3d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool "
   "ceil_mode=False) -> Tensor")
    .doc(R"(The largest element of each window of (N, C, D, H, W), with or without N; the stride is the kernel's size unless given.

>>> engine.max_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 2)
tensor([[[[7.]]]]))")
    .compose(max_pool<3>);
OP("max_pool3d_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, "
   "bool ceil_mode=False) -> (Tensor values, Tensor indices)")
    .doc(R"(As ``max_pool3d``, and where in its channel each element stands.

>>> engine.max_pool3d_with_indices(engine.arange(8.0).reshape(1, 2, 2, 2), 2).indices
tensor([[[[7]]]]))")
    .compose(max_pool_with_indices<3>);
OP("avg_pool3d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, "
   "bool count_include_pad=True, int? divisor_override=None) -> Tensor")
    .doc(R"(The mean of each window of (N, C, D, H, W), with or without N; the stride is the kernel's size unless given.

>>> engine.avg_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 2)
tensor([[[[3.5000]]]]))")
    .compose(avg_pool<3>);
OP("adaptive_avg_pool3d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The mean of ``output_size`` even parts of (N, C, D, H, W), with or without N.

>>> engine.adaptive_avg_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 1)
tensor([[[[3.5000]]]]))")
    .compose(adaptive_avg_pool<3>);
OP("adaptive_max_pool3d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The largest element of ``output_size`` even parts of (N, C, D, H, W), with or without N.

>>> engine.adaptive_max_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 1)
tensor([[[[7.]]]]))")
    .compose(adaptive_max_pool<3>);
OP("adaptive_max_pool3d_with_indices(Tensor input, int[] output_size) -> (Tensor values, Tensor indices)")
    .doc(R"(As ``adaptive_max_pool3d``, and where in its channel each element stands.

>>> engine.adaptive_max_pool3d_with_indices(engine.arange(8.0).reshape(1, 2, 2, 2), 1).indices
tensor([[[[7]]]]))")
    .compose(adaptive_max_pool_with_indices<3>);

}  // namespace
}  // namespace bestiary::ops
