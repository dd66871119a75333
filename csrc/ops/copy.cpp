// Copies, conversions, and filling.
#include "core/channels_last.h"
#include "core/layout.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("copy_(Tensor self, Tensor src, bool non_blocking=False) -> Tensor")
    .doc(R"(Copies the elements of ``src``, broadcast to self's shape and cast to its dtype, into self.

>>> engine.zeros(2).copy_(engine.tensor([1.0, 2.0]))
tensor([1., 2.]))")
    .shape([](Meta& m, const Tensor& self, const Tensor& src) {
        check(broadcast(self.sizes(), src.sizes()) == self.sizes(), "src: shape ", src.sizes(),
              " does not broadcast to self's ", self.sizes());
        m.add(self.sizes(), self.dtype());
    })
    .in_place_only()
    .across_devices()
    .grad("self", "", [](const Backward& b) { return b.g * 0.0; })
    .grad("src", "", [](const Backward& b) { return b.g; });

// The strides of self's shape in a memory format; self's own for 'preserve_format'.
Dims strides_in(const Tensor& self, std::string_view name) {
    if (name == "preserve_format") return self->visible_strides();
    if (name == "contiguous_format") return contiguous_strides(self.sizes());
    const int dims = name == "channels_last" ? 4 : name == "channels_last_3d" ? 5 : 0;
    check_as(
        ErrorKind::Value, dims > 0,
        "memory_format: expected 'contiguous_format', 'preserve_format', 'channels_last' or 'channels_last_3d', got '",
        name, "'");
    check(self.dim() == dims, "memory_format: '", name, "' expects ", dims, " dimensions, got shape ", self.sizes());
    return channels_last_strides(self.sizes());
}

OP("clone(Tensor self, *, str? memory_format=None) -> Tensor")
    .doc(R"(A copy in new memory, in the same layout if it has no gaps, or in ``memory_format``.

>>> x = engine.tensor([1.0]); y = x.clone(); y[0] = 2; x
tensor([1.]))")
    .compose([](const Tensor& self, std::optional<std::string_view> memory_format) -> Tensor {
        if (memory_format.value_or("preserve_format") == "preserve_format") return cast(self, self.dtype(), true);
        return Call<"_pack">()(self, strides_in(self, *memory_format));
    });

OP("to.dtype(Tensor self, dtype dtype, bool copy=False) -> Tensor")
    .doc(R"(Self if it has that dtype (and no copy is requested), otherwise a copy cast to it.

>>> engine.tensor([1.7]).to(engine.int64)
tensor([1]))")
    .compose([](const Tensor& self, DType dtype, bool copy) {
        return self.dtype() == dtype && !copy ? self : Call<"_convert">()(self, dtype);
    });

OP("_convert(Tensor self, dtype dtype) -> Tensor")
    .doc("A copy in another dtype.")
    .shape([](Meta& m, const Tensor& self, DType dtype) {
        m.add_like(self);
        m.outs[0].dtype = dtype;
    })
    .grad("self", "", [](const Backward& b) { return b.g; });

OP("_to_device(Tensor self, device device) -> Tensor")
    .doc("A copy on another device, in the layout of self.")
    .compose([](const Tensor& self, Device device) {
        const Dims strides = is_dense(self.sizes(), self.strides()) ? self->visible_strides()
                                                                    : contiguous_strides(self.sizes());
        return copy_(Call<"_empty_strided">()(self.sizes(), strides, self.dtype(), device), self);
    });

OP("contiguous(Tensor self, *, str? memory_format=None) -> Tensor")
    .doc(R"(Self if it is row-major (or has ``memory_format``), otherwise a copy that is.

>>> engine.ones(2, 3).t().contiguous().stride()
(2, 1))")
    .compose([](const Tensor& self, std::optional<std::string_view> memory_format) {
        const Dims seen = self->visible_strides(),
                   strides = memory_format ? strides_in(self, *memory_format) : contiguous_strides(self.sizes());
        bool fits = true;
        for (int d = 0; d < self.dim(); ++d) fits &= self.sizes()[d] <= 1 || seen[d] == strides[d];
        if (fits) to_row_major(self);
        return fits || self.numel() == 0 ? self : Call<"_pack">()(self, strides);
    });

OP("_pack(Tensor self, int[] strides) -> Tensor")
    .doc("A copy with the given strides, which must leave no gaps.")
    .shape([](Meta& m, const Tensor& self, Ints strides) {
        m.add(self.sizes(), self.dtype());
        m.outs[0].strides = strides;
    })
    .grad("self", "", [](const Backward& b) { return b.g; });

OP("sum_to_size(Tensor self, int... size) -> Tensor")
    .doc(R"(Sums over the dimensions in which ``size`` broadcasts to self's shape: the transpose of ``expand``.

>>> engine.ones(2, 3).sum_to_size(3)
tensor([2., 2., 2.]))")
    .compose([](const Tensor& self, Ints given) {
        const Dims size(given);
        const int lead = self.dim() - size.size();
        check(lead >= 0 && broadcast(self.sizes(), size) == self.sizes(), "size: ", size, " does not broadcast to ",
              self.sizes());
        Dims dims;
        for (int d = 0; d < self.dim(); ++d)
            if (d < lead || (size[d - lead] == 1 && self.sizes()[d] != 1)) dims.push_back(d);
        const Tensor summed = dims.empty() ? self : Call<"sum.dim">()(self, dims, true);
        return lead > 0 ? reshape(summed, size) : summed;
    });

OP("fill_(Tensor self, Operand value) -> Tensor")
    .doc(R"(Sets every element to ``value``, a number or a 0-d tensor.

>>> engine.empty(2).fill_(7)
tensor([7., 7.]))")
    .shape([](Meta& m, const Tensor& self, const Value& value) {
        check(!value.is_tensor() || value.t->sizes.empty(), "value: expected a number or a 0-d tensor, got shape ",
              value.is_tensor() ? value.t->sizes : Dims());
        m.add(self.sizes(), self.dtype());
    })
    .from_self()
    .one_value()
    .in_place_only()
    .grad("self", "", [](const Backward& b) { return b.g * 0.0; })
    .grad("value", "", [](const Backward& b) { return sum_to_size(b.g, Dims()); });

OP("zero_(Tensor self) -> Tensor")
    .doc(R"(Sets every element to 0.

>>> engine.ones(2).zero_()
tensor([0., 0.]))")
    .from_self()
    .one_value()
    .in_place_only()
    .grad("self", "", [](const Backward& b) { return b.g * 0.0; });

}  // namespace
}  // namespace bestiary::ops
