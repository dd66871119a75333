#ifdef BESTIARY_ONEDNN
#include "cpu/onednn.h"
#include "cpu/onednn_primitive.h"
#include "cpu/parallel.h"

namespace bestiary::cpu::onednn {
namespace {

using dnnl::memory;
using dnnl::prop_kind;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;
constexpr int64_t kFewChannels = 4;

// A convolution with its operands, of the sizes of the forward direction whatever is computed.
struct ConvProblem {
    const ConvParams& c;
    const Tensor &x, &weight, &y;
    const Tensor* bias = nullptr;

    Key key(int64_t direction) const {
        Key key;
        for (int64_t v : {direction, c.groups, int64_t(bias != nullptr), int64_t(omp_get_max_threads())}) key.add(v);
        for (const Tensor* t : {&x, &weight, &y}) key.add(*t);
        for (const Dims* dims : {&c.stride, &c.padding, &c.dilation}) key.add(*dims);
        return key;
    }
};

memory::dims dims(const Dims& d) { return memory::dims(d.begin(), d.end()); }

// oneDNN counts from 0: neighbours have dilation 0.
memory::dims dilation(const ConvParams& c) {
    memory::dims out = dims(c.dilation);
    for (auto& d : out) --d;
    return out;
}

// Trailing padding, as far as the last window reaches: negative where the stride leaves a rest of the input.
memory::dims padding_behind(const ConvProblem& p) {
    memory::dims out;
    for (int i = 0; i < p.c.spatial(); ++i) {
        const int64_t reach = (p.y.sizes()[i + 2] - 1) * p.c.stride[i] +
                              (p.weight.sizes()[i + 2] - 1) * p.c.dilation[i] + 1;
        out.push_back(reach - p.x.sizes()[i + 2] - p.c.padding[i]);
    }
    return out;
}

memory::desc any(const memory::desc& d) {
    return memory::desc(d.get_dims(), d.get_data_type(), memory::format_tag::any);
}

memory::desc last(const Tensor& t) {
    return memory::desc(dims(t.sizes()), memory::data_type::f32, dims(channels_last_strides(t.sizes())));
}

memory::desc first(const Tensor& t) {
    return memory::desc(dims(t.sizes()), memory::data_type::f32, dims(contiguous_strides(t.sizes())));
}

// In the layout of the image: one of the two.
memory::desc image(const Tensor& t) { return is_channels_last(t) ? last(t) : first(t); }

// (O, C, ...) or, in groups, (G, O, C, ...).
memory::desc weights(const ConvProblem& p) {
    const memory::desc plain = desc_of(p.weight);
    if (p.c.groups == 1) return plain;
    memory::dims sizes = plain.get_dims(), strides = plain.get_strides();
    sizes[0] /= p.c.groups;
    sizes.insert(sizes.begin(), p.c.groups);
    strides.insert(strides.begin(), strides[0] * sizes[1]);
    return memory::desc(sizes, memory::data_type::f32, strides);
}

dnnl::convolution_forward::primitive_desc forward(const ConvProblem& p, const memory::desc& x, const memory::desc& y) {
    const memory::desc w = any(weights(p));
    const memory::dims stride = dims(p.c.stride), front = dims(p.c.padding), behind = padding_behind(p);
    constexpr auto kind = prop_kind::forward_inference;
    if (!p.bias) return {engine(), kind, kDirect, x, w, y, stride, dilation(p.c), front, behind, attributes()};
    return {engine(), kind, kDirect, x, w, desc_of(*p.bias), y, stride, dilation(p.c), front, behind, attributes()};
}

std::optional<Primitive> build_forward(const ConvProblem& p) {
    const auto desc = forward(p, last(p.x), last(p.y));
    if (!is_optimised(desc)) return std::nullopt;
    Primitive built(dnnl::convolution_forward(desc), desc.scratchpad_desc());
    built.add(DNNL_ARG_SRC, last(p.x), last(p.x));
    built.add(DNNL_ARG_WEIGHTS, weights(p), desc.weights_desc());
    built.add(DNNL_ARG_DST, last(p.y), last(p.y), true);
    if (p.bias) built.add(DNNL_ARG_BIAS, desc.bias_desc(), desc.bias_desc());
    return built;
}

// Too few channels to fill a vector are better planar, so that vectors are of pixels.
std::optional<Primitive> build_input(const ConvProblem& p) {
    const bool few = p.c.groups == 1 && p.x.sizes()[1] <= kFewChannels;
    const memory::desc x = few ? first(p.x) : last(p.x), y = few ? first(p.y) : last(p.y);
    const auto hint = forward(p, x, y);
    const dnnl::convolution_backward_data::primitive_desc desc(engine(), kDirect, x, any(weights(p)), y,
                                                               dims(p.c.stride), dilation(p.c), dims(p.c.padding),
                                                               padding_behind(p), hint, attributes());
    if (!is_optimised(desc)) return std::nullopt;
    Primitive built(dnnl::convolution_backward_data(desc), desc.scratchpad_desc());
    built.add(DNNL_ARG_DIFF_DST, image(p.y), y);
    built.add(DNNL_ARG_WEIGHTS, weights(p), desc.weights_desc());
    built.add(DNNL_ARG_DIFF_SRC, image(p.x), x, true);
    return built;
}

// Uses the layout that oneDNN prefers: sums over pixels gain more from blocks of channels than reordering costs. With
// groups oneDNN would fall back on its slowest implementation there.
std::optional<Primitive> build_weight(const ConvProblem& p) {
    const bool grouped = p.c.groups > 1;
    const memory::desc x = grouped ? last(p.x) : any(last(p.x)), y = grouped ? last(p.y) : any(last(p.y));
    const auto hint = forward(p, x, y);
    const dnnl::convolution_backward_weights::primitive_desc desc(engine(), kDirect, x, any(weights(p)), y,
                                                                  dims(p.c.stride), dilation(p.c), dims(p.c.padding),
                                                                  padding_behind(p), hint, attributes());
    if (!is_optimised(desc)) return std::nullopt;
    Primitive built(dnnl::convolution_backward_weights(desc), desc.scratchpad_desc());
    built.add(DNNL_ARG_SRC, image(p.x), desc.src_desc());
    built.add(DNNL_ARG_DIFF_DST, image(p.y), desc.diff_dst_desc());
    built.add(DNNL_ARG_DIFF_WEIGHTS, weights(p), desc.diff_weights_desc(), true);
    return built;
}

}  // namespace

bool convolve(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    const ConvProblem p{c, x, weight, y, bias.defined() ? &bias : nullptr};
    if (!p.bias) return run_cached<build_forward>(p.key(0), p, {x.raw(), OperandData::weight(weight), y.raw()});
    return run_cached<build_forward>(p.key(0), p, {x.raw(), OperandData::weight(weight), y.raw(), bias.raw()});
}

bool convolve_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    const ConvProblem p{c, dx, weight, dy};
    return run_cached<build_input>(p.key(1), p, {dy.raw(), OperandData::weight(weight), dx.raw()});
}

bool convolve_weight(const ConvParams& c, const Tensor& x, const Tensor& dy, const Tensor& dweight) {
    const ConvProblem p{c, x, dweight, dy};
    return run_cached<build_weight>(p.key(2), p, {x.raw(), dy.raw(), dweight.raw()});
}

}  // namespace bestiary::cpu::onednn
#endif
