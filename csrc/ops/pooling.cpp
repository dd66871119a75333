// Pooling: the largest element or the mean of each window.
#include "ops/image_layout.h"
#include "ops/names.h"
#include "ops/window_args.h"

namespace bestiary::ops {
namespace {

// A result with the batch and channels of `image`, in its layout.
void image_shape(Meta& m, const Dims& shape, Ints size, DType dtype, const Tensor& image) {
    Dims sizes = shape;
    std::copy(size.begin(), size.end(), sizes.begin() + 2);
    m.add(sizes, dtype);
    choose_image_layout(m.outs[m.count - 1], shows_channels_last(image), is_only_channels_last(image), image.device());
}

constexpr auto pooled_shape = [](Meta& m, const Tensor& input, Ints size) {
    check_as(ErrorKind::Type, is_floating(input.dtype()), "input: expected a floating dtype, got ", input.dtype());
    image_shape(m, input.sizes(), size, input.dtype(), input);
};

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
    .doc("The largest element of each window, and its index in its channel.")
    .shape([](Meta& m, const Tensor& input, Ints size) {
        pooled_shape(m, input, size);
        image_shape(m, input.sizes(), size, DType::Int64, input);
    })
    .grad("input", "input", max_backward);

OP("_max_pool_backward(Tensor grad, Tensor input, int[] size, int[] kernel, int[] stride, int[] padding, int[] "
   "dilation) -> Tensor")
    .doc("The gradient of max pooling: each element of `grad` added at the index of the largest element.")
    .shape([](Meta& m, const Tensor&, const Tensor& input) { m.add_like(input); })
    .grad("grad", "input", [](const Backward& b) {
        const Tensor indices = Call<"_max_pool_indices">().all(b["input"], b["size"], b["kernel"], b["stride"],
                                                               b["padding"], b["dilation"])[1];
        return reshape(Call<"gather">()(flatten(b.g, 2), 2, flatten(indices, 2)), indices.sizes());
    });

OP("_avg_pool(Tensor input, int[] size, int[] kernel, int[] stride, int[] padding, bool count_include_pad, int "
   "divisor) -> Tensor")
    .doc("The mean of each window; `size` of them, evenly spread where no kernel is given. A divisor of 0 means the "
         "window's size.")
    .shape(pooled_shape)
    .grad("input", "", [](const Backward& b) {
        return Call<"_avg_pool_backward">()(b.g, b.shape("input"), b["size"], b["kernel"], b["stride"], b["padding"],
                                            b["count_include_pad"], b["divisor"]);
    });

OP("_avg_pool_backward(Tensor grad, int[] image, int[] size, int[] kernel, int[] stride, int[] padding, "
   "bool count_include_pad, int divisor) -> Tensor")
    .doc("The gradient of average pooling: each element of `grad` shared out over its window.")
    .shape([](Meta& m, const Tensor& grad, Ints image) { image_shape(m, image, image.subspan(2), grad.dtype(), grad); })
    .grad("grad", "", [](const Backward& b) {
        return Call<"_avg_pool">()(b.g, b["size"], b["kernel"], b["stride"], b["padding"], b["count_include_pad"],
                                   b["divisor"]);
    });

// The input as a batch, and the windows that an op's arguments describe.
struct PoolWindows {
    Tensor input;
    bool single;
    Dims size, kernel, stride, padding, dilation;

    // Without a stride, windows are adjacent.
    PoolWindows(const Tensor& x, int n, Ints kernel_size, std::optional<Ints> given_stride, Ints pad, Ints dilated,
                bool ceil_mode)
        : PoolWindows(x, n) {
        kernel = per_dim("kernel_size", kernel_size, n, 1);
        const bool no_stride = !given_stride || given_stride->empty();
        stride = no_stride ? kernel : per_dim("stride", *given_stride, n, 1);
        padding = per_dim("padding", pad, n, 0);
        dilation = per_dim("dilation", dilated, n, 1);
        size = Dims(n);
        for (int i = 0; i < n; ++i) size[i] = count(i, ceil_mode);
    }

    // So many windows, evenly spread.
    PoolWindows(const Tensor& x, int n, Ints output_size) : PoolWindows(x, n) {
        size = per_dim("output_size", output_size, n, 0);
        for (int d = 2; d < input.dim(); ++d)
            check(input.sizes()[d] > 0, "input: expected pixels, got shape ", input.sizes());
    }

    // Drops the batch that the input did not have.
    Tensor result(const Tensor& pooled) const { return single ? select(pooled, 0, 0) : pooled; }

private:
    PoolWindows(const Tensor& x, int n) : input(x), single(x.dim() == n + 1) {
        check(single || x.dim() == n + 2, "input: expected ", n + 2, " dimensions, or ", n + 1,
              " without a batch, got shape ", x.sizes());
        if (single) input = unsqueeze(x, 0);
    }

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
std::pair<Tensor, Tensor> largest_integers(const PoolWindows& w) {
    const Tensor indices = Call<"_max_pool_indices">().all(cast(w.input, DType::Float64), w.size, w.kernel, w.stride,
                                                           w.padding, w.dilation)[1];
    const Tensor values = Call<"gather">()(flatten(w.input, 2), 2, flatten(indices, 2));
    return {reshape(values, indices.sizes()), indices};
}

Tensor max_of(const PoolWindows& w) {
    return w.result(Call<"_max_pool">()(w.input, w.size, w.kernel, w.stride, w.padding, w.dilation));
}

Results max_with_indices_of(const PoolWindows& w) {
    const Results found =
        Call<"_max_pool_indices">().all(w.input, w.size, w.kernel, w.stride, w.padding, w.dilation);
    return {w.result(found[0]), w.result(found[1])};
}

Tensor mean_of(const PoolWindows& w, const Tensor& input, bool count_include_pad, int64_t divisor) {
    return w.result(Call<"_avg_pool">()(input, w.size, w.kernel, w.stride, w.padding, count_include_pad, divisor));
}

constexpr int64_t kNotDilated[] = {1};

template <int N>
constexpr auto max_pool = [](const Tensor& input, Ints kernel_size, std::optional<Ints> stride, Ints padding,
                             Ints dilation, bool ceil_mode) {
    const PoolWindows w(input, N, kernel_size, stride, padding, dilation, ceil_mode);
    return is_integer(input.dtype()) ? w.result(largest_integers(w).first) : max_of(w);
};

template <int N>
constexpr auto max_pool_with_indices = [](const Tensor& input, Ints kernel_size, std::optional<Ints> stride,
                                          Ints padding, Ints dilation, bool ceil_mode) {
    const PoolWindows w(input, N, kernel_size, stride, padding, dilation, ceil_mode);
    if (!is_integer(input.dtype())) return max_with_indices_of(w);
    const auto [values, indices] = largest_integers(w);
    return Results{w.result(values), w.result(indices)};
};

template <int N>
constexpr auto avg_pool = [](const Tensor& input, Ints kernel_size, std::optional<Ints> stride, Ints padding,
                             bool ceil_mode, bool count_include_pad, std::optional<int64_t> divisor_override) {
    const PoolWindows w(input, N, kernel_size, stride, padding, kNotDilated, ceil_mode);
    check(divisor_override != 0, "divisor_override: expected any number but 0");
    const int64_t divisor = divisor_override.value_or(0);
    if (input.dtype() != DType::Int64) return mean_of(w, w.input, count_include_pad, divisor);
    // The means of int64 are cut towards zero; sums are exact below 2^53.
    return cast(mean_of(w, cast(w.input, DType::Float64), count_include_pad, divisor), DType::Int64);
};

template <int N>
constexpr auto adaptive_avg_pool = [](const Tensor& input, Ints output_size) {
    const PoolWindows w(input, N, output_size);
    if (w.size != Dims(N, 1)) return mean_of(w, w.input, false, 0);
    Dims dims;
    for (int d = 2; d < w.input.dim(); ++d) dims.push_back(d);
    return w.result(Call<"mean.dim">()(w.input, dims, true));
};

template <int N>
constexpr auto adaptive_max_pool = [](const Tensor& input, Ints output_size) {
    return max_of({input, N, output_size});
};

template <int N>
constexpr auto adaptive_max_pool_with_indices = [](const Tensor& input, Ints output_size) {
    return max_with_indices_of({input, N, output_size});
};

OP("max_pool1d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool "
   "ceil_mode=False) -> Tensor")
    .doc(R"(The maximum of each window of (N, C, L), with or without N; ``stride`` defaults to ``kernel_size``.

>>> engine.max_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 2)
tensor([[3., 4.]]))")
    .compose(max_pool<1>);
OP("max_pool1d_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, "
   "bool ceil_mode=False) -> (Tensor values, Tensor indices)")
    .doc(R"(``max_pool1d``, and the index of each maximum in its flattened channel.

>>> engine.max_pool1d_with_indices(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 2).indices
tensor([[1, 3]]))")
    .compose(max_pool_with_indices<1>);
OP("avg_pool1d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, "
   "bool count_include_pad=True) -> Tensor")
    .doc(R"(The mean of each window of (N, C, L), with or without N; ``stride`` defaults to ``kernel_size``.

>>> engine.avg_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 2)
tensor([[2., 3.]]))")
    .compose([](const Tensor& input, Ints kernel_size, std::optional<Ints> stride, Ints padding, bool ceil_mode,
                bool count_include_pad) {
        return avg_pool<1>(input, kernel_size, stride, padding, ceil_mode, count_include_pad, std::nullopt);
    });
OP("adaptive_avg_pool1d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The mean of each of ``output_size`` windows that cover (N, C, L), with or without N, evenly.

>>> engine.adaptive_avg_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 1)
tensor([[2.5000]]))")
    .compose(adaptive_avg_pool<1>);
OP("adaptive_max_pool1d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The maximum of each of ``output_size`` windows that cover (N, C, L), with or without N, evenly.

>>> engine.adaptive_max_pool1d(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 1)
tensor([[4.]]))")
    .compose(adaptive_max_pool<1>);
OP("adaptive_max_pool1d_with_indices(Tensor input, int[] output_size) -> (Tensor values, Tensor indices)")
    .doc(R"(``adaptive_max_pool1d``, and the index of each maximum in its flattened channel.

>>> engine.adaptive_max_pool1d_with_indices(engine.tensor([[1.0, 3.0, 2.0, 4.0]]), 1).indices
tensor([[3]]))")
    .compose(adaptive_max_pool_with_indices<1>);

OP("max_pool2d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool "
   "ceil_mode=False) -> Tensor")
    .doc(R"(The maximum of each window of (N, C, H, W), with or without N; ``stride`` defaults to ``kernel_size``.

>>> engine.max_pool2d(engine.arange(8.0).reshape(1, 2, 4), 2)
tensor([[[5., 7.]]]))")
    .compose(max_pool<2>);
OP("max_pool2d_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, "
   "bool ceil_mode=False) -> (Tensor values, Tensor indices)")
    .doc(R"(``max_pool2d``, and the index of each maximum in its flattened channel.

>>> engine.max_pool2d_with_indices(engine.arange(8.0).reshape(1, 2, 4), 2).indices
tensor([[[5, 7]]]))")
    .compose(max_pool_with_indices<2>);
OP("avg_pool2d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, "
   "bool count_include_pad=True, int? divisor_override=None) -> Tensor")
    .doc(R"(The mean of each window of (N, C, H, W), with or without N; ``stride`` defaults to ``kernel_size``.

>>> engine.avg_pool2d(engine.arange(8.0).reshape(1, 2, 4), 2)
tensor([[[2.5000, 4.5000]]]))")
    .compose(avg_pool<2>);
OP("adaptive_avg_pool2d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The mean of each of ``output_size`` windows that cover (N, C, H, W), with or without N, evenly.

>>> engine.adaptive_avg_pool2d(engine.arange(8.0).reshape(1, 2, 4), 1)
tensor([[[3.5000]]]))")
    .compose(adaptive_avg_pool<2>);
OP("adaptive_max_pool2d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The maximum of each of ``output_size`` windows that cover (N, C, H, W), with or without N, evenly.

>>> engine.adaptive_max_pool2d(engine.arange(8.0).reshape(1, 2, 4), 1)
tensor([[[7.]]]))")
    .compose(adaptive_max_pool<2>);
OP("adaptive_max_pool2d_with_indices(Tensor input, int[] output_size) -> (Tensor values, Tensor indices)")
    .doc(R"(``adaptive_max_pool2d``, and the index of each maximum in its flattened channel.

>>> engine.adaptive_max_pool2d_with_indices(engine.arange(8.0).reshape(1, 2, 4), 1).indices
tensor([[[7]]]))")
    .compose(adaptive_max_pool_with_indices<2>);

OP("max_pool3d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool "
   "ceil_mode=False) -> Tensor")
    .doc(R"(The maximum of each window of (N, C, D, H, W), with or without N; ``stride`` defaults to ``kernel_size``.

>>> engine.max_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 2)
tensor([[[[7.]]]]))")
    .compose(max_pool<3>);
OP("max_pool3d_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, "
   "bool ceil_mode=False) -> (Tensor values, Tensor indices)")
    .doc(R"(``max_pool3d``, and the index of each maximum in its flattened channel.

>>> engine.max_pool3d_with_indices(engine.arange(8.0).reshape(1, 2, 2, 2), 2).indices
tensor([[[[7]]]]))")
    .compose(max_pool_with_indices<3>);
OP("avg_pool3d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, "
   "bool count_include_pad=True, int? divisor_override=None) -> Tensor")
    .doc(R"(The mean of each window of (N, C, D, H, W), with or without N; ``stride`` defaults to ``kernel_size``.

>>> engine.avg_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 2)
tensor([[[[3.5000]]]]))")
    .compose(avg_pool<3>);
OP("adaptive_avg_pool3d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The mean of each of ``output_size`` windows that cover (N, C, D, H, W), with or without N, evenly.

>>> engine.adaptive_avg_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 1)
tensor([[[[3.5000]]]]))")
    .compose(adaptive_avg_pool<3>);
OP("adaptive_max_pool3d(Tensor input, int[] output_size) -> Tensor")
    .doc(R"(The maximum of each of ``output_size`` windows that cover (N, C, D, H, W), with or without N, evenly.

>>> engine.adaptive_max_pool3d(engine.arange(8.0).reshape(1, 2, 2, 2), 1)
tensor([[[[7.]]]]))")
    .compose(adaptive_max_pool<3>);
OP("adaptive_max_pool3d_with_indices(Tensor input, int[] output_size) -> (Tensor values, Tensor indices)")
    .doc(R"(``adaptive_max_pool3d``, and the index of each maximum in its flattened channel.

>>> engine.adaptive_max_pool3d_with_indices(engine.arange(8.0).reshape(1, 2, 2, 2), 1).indices
tensor([[[[7]]]]))")
    .compose(adaptive_max_pool_with_indices<3>);

}  // namespace
}  // namespace bestiary::ops
