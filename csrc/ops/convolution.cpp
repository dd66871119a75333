// Convolutions and transposed convolutions.
//
// Note [Gradients of a convolution]
// A convolution is linear in its input and in its weight. Its gradient for the input is the transposed convolution
// of the output's gradient, with the same weight, and the other way round; its gradient for the weight is an op of its
// own, linear in both of its tensors, whose gradients are convolutions again. So every order of gradient is there.
#include <algorithm>

#include "core/channels_last.h"
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

// A product of matrices, which leaves images as they lie.
bool is_pointwise(Args a) {
    const auto all = [](std::span<const int64_t> values, int64_t value) {
        return std::ranges::all_of(values, [&](int64_t v) { return v == value; });
    };
    return all(std::span<const int64_t>(a.tensor(1).sizes()).subspan(2), 1) && all(a.ints(3), 1) && all(a.ints(4), 0) &&
           all(a.ints(7), 0) && a.integer(8) == 1;
}

void convolution_shape(const Op&, Args a, Meta& m) {
    const Tensor &x = a.tensor(0), &w = a.tensor(1);
    const bool transposed = a.flag(6);
    check_operands(x, w, a.tensor_or_none(2), transposed, a.integer(8));
    Dims sizes(x.dim());
    sizes[0] = x.sizes()[0];
    sizes[1] = transposed ? w.sizes()[1] * a.integer(8) : w.sizes()[0];
    for (int d = 2; d < x.dim(); ++d) {
        const int64_t stride = a.ints(3)[d - 2], padding = a.ints(4)[d - 2], dilation = a.ints(5)[d - 2];
        const int64_t size = x.sizes()[d], kernel = w.sizes()[d];
        if (transposed) {
            sizes[d] = covered(size, kernel, stride, padding, dilation) + a.ints(7)[d - 2];
            check(sizes[d] > 0, "input: shape ", x.sizes(), " with padding ", Dims(a.ints(4)),
                  " leaves nothing of dimension ", d);
        } else {
            check(size + 2 * padding >= dilation * (kernel - 1) + 1, "input: dimension ", d, " of shape ", x.sizes(),
                  ", with padding ", padding, ", is smaller than the kernel of shape ", w.sizes(), " with dilation ",
                  dilation);
            sizes[d] = windows_in(size, kernel, stride, padding, dilation);
        }
    }
    m.add(sizes, x.dtype());
    if (is_pointwise(a) && x.is_contiguous()) return;
    m.outs[0].strides = channels_last_strides(sizes);
    m.outs[0].engine_layout = !(shows_channels_last(x) || shows_channels_last(w));
}

// The convolution of `x` cut to `size`: windows that only the padding of a transposed convolution made are left out.
Tensor convolved_to(const Tensor& x, const Value& weight, const Backward& b, const Dims& size) {
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

OP("_convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool "
   "transposed, "
   "int[] output_padding, int groups) -> Tensor")
    .doc("A convolution in 1, 2 or 3 dimensions, or its transpose; the numbers are given for each dimension.")
    .shape(convolution_shape)
    .grad("input", "weight",
          [](const Backward& b) {
              if (b.flag("transposed")) return convolved_to(b.g, b["weight"], b, b.shape("input"));
              return transposed_to(b.g, b.tensor("weight"), b, b.shape("input"));
          })
    .grad("weight", "input",
          [](const Backward& b) {
              const Value x = b["input"], y = b.g;
              const bool swapped = b.flag("transposed");
              return convolution_weight(swapped ? y : x, swapped ? x : y, b.shape("weight"), b["stride"], b["padding"],
                                        b["dilation"], b["groups"]);
          })
    .grad("bias", "", [](const Backward& b) {
        Dims dims{0};
        for (int d = 2; d < b.g.dim(); ++d) dims.push_back(d);
        return Call<"sum.dim">()(b.g, dims);
    });

OP("_convolution_weight(Tensor input, Tensor grad, int[] size, int[] stride, int[] padding, int[] dilation, int "
   "groups) -> Tensor")
    .doc("The gradient of a convolution for its weight, from its input and the gradient of its result.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(2)), a.tensor(0).dtype()); })
    .grad("input", "grad", [](const Backward& b) { return transposed_to(b.tensor("grad"), b.g, b, b.shape("input")); })
    .grad("grad", "input", [](const Backward& b) { return convolved_to(b.tensor("input"), b.g, b, b.shape("grad")); });

void check_dims(const Tensor& x, const Tensor& w, int n) {
    static constexpr const char* layouts[] = {"(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"};
    check(w.dim() == n + 2, "weight: expected ", n + 2, " dimensions, got shape ", w.sizes());
    check(x.dim() == n + 2 || x.dim() == n + 1, "input: expected shape ", layouts[n - 1], ", or without N, got ",
          x.sizes());
}

struct Numbers {
    Dims stride, padding, dilation, output_padding;
    int64_t groups;
};

bool is_integer(DType t) { return !is_floating(t) && t != DType::Bool; }

// Integers are convolved as float64, exactly where sums stay below 2^53, and wrap around to their dtype.
Tensor convolve(const Tensor& x, const Value& w, const Value& bias, const Numbers& c, bool transposed) {
    const auto call = [&](const Value& input, const Value& weight, const Value& added) {
        return convolution(input, weight, added, c.stride, c.padding, c.dilation, transposed, c.output_padding,
                           c.groups);
    };
    if (!is_integer(x.dtype()) || Tensor(w.t).dtype() != x.dtype()) return call(x, w, bias);
    const Tensor wide_bias = bias.none() ? Tensor() : cast(bias, DType::Float64);
    const Tensor y = call(cast(x, DType::Float64), cast(w, DType::Float64), wide_bias);
    return cast(cast(y, DType::Int64), x.dtype());
}

// An input without a batch is a batch of one.
Tensor run(Args a, const Numbers& c, bool transposed) {
    const Tensor& x = a.tensor(0);
    const bool single = x.dim() == c.stride.size() + 1;
    const Tensor y = convolve(single ? unsqueeze(x, 0) : x, a[1], a[2], c, transposed);
    return single ? select(y, 0, 0) : y;
}

template <int N>
void conv(Args a, Results& r) {
    check_dims(a.tensor(0), a.tensor(1), N);
    r.push(run(a,
               {per_dim("stride", a.ints(3), N, 1), per_dim("padding", a.ints(4), N, 0),
                per_dim("dilation", a.ints(5), N, 1), Dims(N), a.integer(6)},
               false));
}

// 'same': where the padding is odd, the extra one goes behind. Both sides get it and the first result is dropped.
template <int N>
void conv_named(Args a, Results& r) {
    const Tensor& w = a.tensor(1);
    check_dims(a.tensor(0), w, N);
    const std::string_view padding = a.str(4);
    check_as(ErrorKind::Value, padding == "same" || padding == "valid", "padding: expected 'same' or 'valid', got '",
             padding, "'");
    Numbers c{per_dim("stride", a.ints(3), N, 1), Dims(N), per_dim("dilation", a.ints(5), N, 1), Dims(N), a.integer(6)};
    if (padding == "valid") return r.push(run(a, c, false));
    for (int64_t s : c.stride) check(s == 1, "padding: 'same' needs a stride of 1, got ", c.stride);
    Dims total(N);
    for (int i = 0; i < N; ++i) {
        total[i] = c.dilation[i] * (w.sizes()[i + 2] - 1);
        c.padding[i] = (total[i] + 1) / 2;
    }
    Tensor y = run(a, c, false);
    for (int i = 0; i < N; ++i)
        if (total[i] % 2) y = slice(y, i - N, 1);
    r.push(y);
}

template <int N>
void conv_transpose(Args a, Results& r) {
    check_dims(a.tensor(0), a.tensor(1), N);
    const Numbers c{per_dim("stride", a.ints(3), N, 1), per_dim("padding", a.ints(4), N, 0),
                    per_dim("dilation", a.ints(7), N, 1), per_dim("output_padding", a.ints(5), N, 0), a.integer(6)};
    for (int i = 0; i < N; ++i)
        check(c.output_padding[i] < std::max(c.stride[i], c.dilation[i]),
              "output_padding: expected less than the stride ", c.stride, " or the dilation ", c.dilation, ", got ",
              c.output_padding);
    r.push(run(a, c, true));
}

OP("conv1d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] dilation=1, int "
   "groups=1) -> Tensor")
    .doc(R"(Slides ``weight`` (O, C / groups, K) over ``input`` (N, C, L), with or without N.

>>> engine.conv1d(engine.tensor([[1.0, 2.0, 3.0]]), engine.ones(1, 1, 2))
tensor([[3., 5.]]))")
    .compose(conv<1>);
OP("conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, str padding='valid', int[] "
   "dilation=1, int groups=1) -> Tensor")
    .doc("With padding 'same', which keeps the size, or 'valid', which is none.")
    .compose(conv_named<1>);

OP("conv2d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] dilation=1, int "
   "groups=1) -> Tensor")
    .doc(R"(Slides ``weight`` (O, C / groups, KH, KW) over ``input`` (N, C, H, W), with or without N.

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
    .doc(R"(Slides ``weight`` (O, C / groups, KD, KH, KW) over ``input`` (N, C, D, H, W), with or without N.

>>> engine.conv3d(engine.ones(1, 2, 2, 2), engine.ones(1, 1, 2, 2, 2))
tensor([[[[8.]]]]))")
    .compose(conv<3>);
OP("conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, str padding='valid', int[] "
   "dilation=1, int groups=1) -> Tensor")
    .doc("With padding 'same', which keeps the size, or 'valid', which is none.")
    .compose(conv_named<3>);

OP("conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] "
   "output_padding=0, "
   "int groups=1, int[] dilation=1) -> Tensor")
    .doc(R"(The transpose of ``conv1d``: each element of ``input`` (N, C, L) adds ``weight`` (C, O / groups, K) times itself.

>>> engine.conv_transpose1d(engine.tensor([[1.0, 2.0]]), engine.ones(1, 1, 2))
tensor([[1., 3., 2.]]))")
    .compose(conv_transpose<1>);

OP("conv_transpose2d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] "
   "output_padding=0, "
   "int groups=1, int[] dilation=1) -> Tensor")
    .doc(R"(The transpose of ``conv2d``: each element of ``input`` (N, C, H, W) adds ``weight`` (C, O / groups, KH, KW) times itself.

>>> engine.conv_transpose2d(engine.ones(1, 1, 2), engine.ones(1, 1, 1, 2))
tensor([[[1., 2., 1.]]]))")
    .compose(conv_transpose<2>);

OP("conv_transpose3d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] "
   "output_padding=0, "
   "int groups=1, int[] dilation=1) -> Tensor")
    .doc(R"(The transpose of ``conv3d``: each element of ``input`` (N, C, D, H, W) adds ``weight`` (C, O / groups, ...) times itself.

>>> engine.conv_transpose3d(engine.ones(1, 1, 1, 2), engine.ones(1, 1, 1, 1, 2))
tensor([[[[1., 2., 1.]]]]))")
    .compose(conv_transpose<3>);

}  // namespace
}  // namespace bestiary::ops
