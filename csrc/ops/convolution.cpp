// Convolutions and transposed convolutions.
//
// Note [Gradients of a convolution]
// A convolution is linear in its input and in its weight. Its gradient for the input is the transposed convolution
// of the output's gradient, with the same weight, and the other way round; its gradient for the weight is an op of its
// own, linear in both of its tensors, whose gradients are convolutions again. So every order of gradient is there.
#include <algorithm>

#include "ops/image_layout.h"
#include "ops/names.h"
#include "ops/window_args.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_convolution"> convolution;
constexpr Call<"_convolution_weight"> convolution_weight;

// The least size that `count` windows cover, padding not counted.
int64_t covered(int64_t count, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return (count - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1;
}

void check_operands(const Tensor& x, const Tensor& w, const Tensor& bias, bool transposed, int64_t groups) {
    check(w.dtype() == x.dtype(), "input: expected dtype ", w.dtype(), " as the weight has, got ", x.dtype());
    check_as(ErrorKind::Type, is_floating(x.dtype()), "input: expected a floating dtype, got ", x.dtype());
    check(groups > 0 && w.sizes()[0] % groups == 0, "groups: ", groups, " does not divide the ", w.sizes()[0],
          " channels of a weight of shape ", w.sizes());
    const int64_t inputs = transposed ? w.sizes()[0] : w.sizes()[1] * groups;
    const int64_t outputs = transposed ? w.sizes()[1] * groups : w.sizes()[0];
    check(x.sizes()[1] == inputs, "input: expected ", inputs, " channels for a weight of shape ", w.sizes(),
          " with groups=", groups, ", got ", x.sizes()[1], " in shape ", x.sizes());
    if (!bias.defined()) return;
    check(bias.dim() == 1 && bias.sizes()[0] == outputs, "bias: expected shape (", outputs, ",), got ", bias.sizes());
    check(bias.dtype() == x.dtype(), "bias: expected dtype ", x.dtype(), " as the input has, got ", bias.dtype());
}

// A product of matrices, which keeps the layout of the image.
bool is_pointwise(const Dims& weight, Ints stride, Ints padding, Ints output_padding, int64_t groups) {
    const auto all = [](Ints values, int64_t value) {
        return std::ranges::all_of(values, [&](int64_t v) { return v == value; });
    };
    return all(Ints(weight).subspan(2), 1) && all(stride, 1) && all(padding, 0) && all(output_padding, 0) &&
           groups == 1;
}

constexpr auto convolution_shape = [](Meta& m, const Tensor& input, const Tensor& weight, const Tensor& bias,
                                      Ints stride, Ints padding, Ints dilation, bool transposed, Ints output_padding,
                                      int64_t groups) {
    check_operands(input, weight, bias, transposed, groups);
    Dims sizes(input.dim());
    sizes[0] = input.sizes()[0];
    sizes[1] = transposed ? weight.sizes()[1] * groups : weight.sizes()[0];
    for (int d = 2; d < input.dim(); ++d) {
        const int64_t size = input.sizes()[d], kernel = weight.sizes()[d], pad = padding[d - 2];
        if (transposed) {
            sizes[d] = covered(size, kernel, stride[d - 2], pad, dilation[d - 2]) + output_padding[d - 2];
            check(sizes[d] > 0, "input: shape ", input.sizes(), " with padding ", Dims(padding),
                  " leaves nothing of dimension ", d);
        } else {
            check(size + 2 * pad >= dilation[d - 2] * (kernel - 1) + 1, "input: dimension ", d, " of shape ",
                  input.sizes(), ", with padding ", pad, ", is smaller than the kernel of shape ", weight.sizes(),
                  " with dilation ", dilation[d - 2]);
            sizes[d] = windows_in(size, kernel, stride[d - 2], pad, dilation[d - 2]);
        }
    }
    m.add(sizes, input.dtype());
    const bool planar = input.is_contiguous() &&
                        is_pointwise(weight.sizes(), stride, padding, output_padding, groups);
    choose_image_layout(m.outs[0], shows_channels_last(input) || shows_channels_last(weight), !planar, input.device());
};

// The convolution of `x`, cut to `size`: without the windows that stem from a transposed convolution's output padding.
Tensor convolved_to(const Tensor& x, const Tensor& weight, const Backward& b, const Dims& size) {
    Tensor y = convolution(x, weight, Tensor(), b["stride"], b["padding"], b["dilation"], false, Dims(size.size() - 2),
                           b["groups"]);
    for (int d = 2; d < size.size(); ++d)
        if (y.sizes()[d] != size[d]) y = narrow(y, d, 0, size[d]);
    return y;
}

Tensor transposed_to(const Tensor& y, const Tensor& weight, const Backward& b, const Dims& size) {
    const Dims stride = b.ints("stride"), padding = b.ints("padding"), dilation = b.ints("dilation");
    Dims extra(stride.size());
    for (int i = 0; i < stride.size(); ++i)
        extra[i] = size[i + 2] - covered(y.sizes()[i + 2], weight.sizes()[i + 2], stride[i], padding[i], dilation[i]);
    return convolution(y, weight, Tensor(), stride, padding, dilation, true, extra, b["groups"]);
}

OP("_convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, "
   "bool transposed, int[] output_padding, int groups) -> Tensor")
    .doc("A convolution in 1, 2 or 3 dimensions, or its transpose; the numbers are given for each dimension.")
    .shape(convolution_shape)
    .grad("input", "weight",
          [](const Backward& b) {
              if (b.flag("transposed")) return convolved_to(b.g, b.tensor("weight"), b, b.shape("input"));
              return transposed_to(b.g, b.tensor("weight"), b, b.shape("input"));
          })
    .grad("weight", "input",
          [](const Backward& b) {
              Tensor x = b.tensor("input"), y = b.g;
              if (b.flag("transposed")) std::swap(x, y);
              return convolution_weight(x, y, b.shape("weight"), b["stride"], b["padding"], b["dilation"],
                                        b["groups"]);
          })
    .grad("bias", "", [](const Backward& b) {
        Dims dims{0};
        for (int d = 2; d < b.g.dim(); ++d) dims.push_back(d);
        return Call<"sum.dim">()(b.g, dims);
    });

OP("_convolution_weight(Tensor input, Tensor grad, int[] size, int[] stride, int[] padding, int[] dilation, "
   "int groups) -> Tensor")
    .doc("The gradient of a convolution for its weight, from its input and the gradient of its result.")
    .shape([](Meta& m, const Tensor& input, const Tensor&, Ints size) { m.add(size, input.dtype()); })
    .grad("input", "grad", [](const Backward& b) { return transposed_to(b.tensor("grad"), b.g, b, b.shape("input")); })
    .grad("grad", "input", [](const Backward& b) { return convolved_to(b.tensor("input"), b.g, b, b.shape("grad")); });

void check_dims(const Tensor& x, const Tensor& w, int n) {
    static constexpr const char* layouts[] = {"(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"};
    check(w.dim() == n + 2, "weight: expected ", n + 2, " dimensions, got shape ", w.sizes());
    check(x.dim() == n + 2 || x.dim() == n + 1, "input: expected shape ", layouts[n - 1], ", or without N, got ",
          x.sizes());
}

struct ConvOptions {
    Dims stride, padding, dilation, output_padding;
    int64_t groups;

    ConvOptions(int n, Ints stride, Ints padding, Ints dilation, Ints output_padding, int64_t groups)
        : stride(per_dim("stride", stride, n, 1)), padding(per_dim("padding", padding, n, 0)),
          dilation(per_dim("dilation", dilation, n, 1)),
          output_padding(per_dim("output_padding", output_padding, n, 0)), groups(groups) {}
};

bool is_integer(DType t) { return !is_floating(t) && t != DType::Bool; }

// Integers are convolved as float64, exactly where sums stay below 2^53, and wrap around to their dtype.
Tensor convolve_batch(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvOptions& c, bool transposed) {
    const auto call = [&](const Tensor& input, const Tensor& weight, const Tensor& added) {
        return convolution(input, weight, added, c.stride, c.padding, c.dilation, transposed, c.output_padding,
                           c.groups);
    };
    if (!is_integer(x.dtype()) || w.dtype() != x.dtype()) return call(x, w, bias);
    const Tensor wide_bias = bias.defined() ? cast(bias, DType::Float64) : bias;
    const Tensor y = call(cast(x, DType::Float64), cast(w, DType::Float64), wide_bias);
    return cast(cast(y, DType::Int64), x.dtype());
}

// An input without a batch is a batch of one.
Tensor convolve(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvOptions& c, bool transposed) {
    if (x.dim() == w.dim()) return convolve_batch(x, w, bias, c, transposed);
    return select(convolve_batch(unsqueeze(x, 0), w, bias, c, transposed), 0, 0);
}

constexpr int64_t kNoPadding[] = {0};

template <int N>
constexpr auto conv = [](const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride, Ints padding,
                         Ints dilation, int64_t groups) {
    check_dims(input, weight, N);
    return convolve(input, weight, bias, {N, stride, padding, dilation, kNoPadding, groups}, false);
};

// 'same': of an odd padding the larger half is behind. Both sides get it and the first result is dropped.
template <int N>
constexpr auto conv_named = [](const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride,
                               std::string_view padding, Ints dilation, int64_t groups) {
    check_dims(input, weight, N);
    check_as(ErrorKind::Value, padding == "same" || padding == "valid", "padding: expected 'same' or 'valid', got '",
             padding, "'");
    ConvOptions c(N, stride, kNoPadding, dilation, kNoPadding, groups);
    if (padding == "valid") return convolve(input, weight, bias, c, false);
    for (int64_t s : c.stride) check(s == 1, "padding: 'same' needs a stride of 1, got ", c.stride);
    Dims total(N);
    for (int i = 0; i < N; ++i) {
        total[i] = c.dilation[i] * (weight.sizes()[i + 2] - 1);
        c.padding[i] = (total[i] + 1) / 2;
    }
    Tensor y = convolve(input, weight, bias, c, false);
    for (int i = 0; i < N; ++i)
        if (total[i] % 2) y = slice(y, i - N, 1);
    return y;
};

template <int N>
constexpr auto conv_transpose = [](const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride,
                                   Ints padding, Ints output_padding, int64_t groups, Ints dilation) {
    check_dims(input, weight, N);
    const ConvOptions c(N, stride, padding, dilation, output_padding, groups);
    for (int i = 0; i < N; ++i)
        check(c.output_padding[i] < std::max(c.stride[i], c.dilation[i]),
              "output_padding: expected less than the stride ", c.stride, " or the dilation ", c.dilation, ", got ",
              c.output_padding);
    return convolve(input, weight, bias, c, true);
};

OP("conv1d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] dilation=1, int "
   "groups=1) -> Tensor")
    .doc(R"(Cross-correlation of ``input`` (N, C, L), with or without N, with ``weight`` (O, C / groups, K).

>>> engine.conv1d(engine.tensor([[1.0, 2.0, 3.0]]), engine.ones(1, 1, 2))
tensor([[3., 5.]]))")
    .compose(conv<1>);
OP("conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, str padding='valid', int[] "
   "dilation=1, int groups=1) -> Tensor")
    .doc("With padding 'same', which keeps the size, or 'valid', which is none.")
    .compose(conv_named<1>);

OP("conv2d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] dilation=1, int "
   "groups=1) -> Tensor")
    .doc(R"(Cross-correlation of ``input`` (N, C, H, W), with or without N, with ``weight`` (O, C / groups, KH, KW).

>>> engine.conv2d(engine.ones(1, 3, 3), engine.ones(1, 1, 2, 2))
tensor([[[4., 4.],
         [4., 4.]]]))")
    .compose(conv<2>);
OP("conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, str padding='valid', int[] "
   "dilation=1, int groups=1) -> Tensor")
    .doc("With padding 'same', which keeps the size, or 'valid', which is none.")
    .compose(conv_named<2>);

OP("conv3d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] dilation=1, int "
   "groups=1) -> Tensor")
    .doc(R"(Cross-correlation of ``input`` (N, C, D, H, W), with or without N, with ``weight`` (O, C / groups, KD, KH, KW).

>>> engine.conv3d(engine.ones(1, 2, 2, 2), engine.ones(1, 1, 2, 2, 2))
tensor([[[[8.]]]]))")
    .compose(conv<3>);
OP("conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, str padding='valid', int[] "
   "dilation=1, int groups=1) -> Tensor")
    .doc("With padding 'same', which keeps the size, or 'valid', which is none.")
    .compose(conv_named<3>);

OP("conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, "
   "int[] output_padding=0, int groups=1, int[] dilation=1) -> Tensor")
    .doc(R"(The transpose of ``conv1d``: its gradient by the input, for (N, C, L) and ``weight`` (C, O / groups, K).

>>> engine.conv_transpose1d(engine.tensor([[1.0, 2.0]]), engine.ones(1, 1, 2))
tensor([[1., 3., 2.]]))")
    .compose(conv_transpose<1>);

OP("conv_transpose2d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, "
   "int[] output_padding=0, int groups=1, int[] dilation=1) -> Tensor")
    .doc(R"(The transpose of ``conv2d``: its gradient by the input, for (N, C, H, W) and ``weight`` (C, O / groups, KH, KW).

>>> engine.conv_transpose2d(engine.ones(1, 1, 2), engine.ones(1, 1, 1, 2))
tensor([[[1., 2., 1.]]]))")
    .compose(conv_transpose<2>);

OP("conv_transpose3d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, "
   "int[] output_padding=0, int groups=1, int[] dilation=1) -> Tensor")
    .doc(R"(The transpose of ``conv3d``: its gradient by the input, for (N, C, D, H, W) and ``weight`` (C, O / groups, ...).

>>> engine.conv_transpose3d(engine.ones(1, 1, 1, 2), engine.ones(1, 1, 1, 1, 2))
tensor([[[[1., 2., 1.]]]]))")
    .compose(conv_transpose<3>);

}  // namespace
}  // namespace bestiary::ops
