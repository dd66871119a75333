// Tensors from nothing.
#include "ops/factory.h"

namespace bestiary::ops {
namespace {

// The dtype that a Python number brings.
DType natural_dtype(const Value& number) {
    const DType natural[] = {DType::Bool, DType::Int64, default_dtype};
    return natural[static_cast<int>(number.number_category())];
}

OP("_empty(int[] size, dtype dtype, device device) -> Tensor")
    .doc("Uninitialised memory.")
    .shape([](Meta& m, Ints size, DType dtype) { m.add(Dims(size), dtype); })
    .uninitialised();

OP("_empty_strided(int[] size, int[] stride, dtype dtype, device device) -> Tensor")
    .doc("Uninitialised memory, laid out with strides.")
    .shape([](Meta& m, Ints size, Ints stride, DType dtype) {
        m.add(Dims(size), dtype);
        m.outs[0].strides = Dims(stride);
    })
    .uninitialised();

OP("_zeros(int[] size, dtype dtype, device device) -> Tensor")
    .doc("Zeros.")
    .shape([](Meta& m, Ints size, DType dtype) { m.add(Dims(size), dtype); })
    .compose([](Ints size, DType dtype, Device device) {
        return Call<"zero_">()(Call<"_empty">()(size, dtype, device));
    });

OP("empty(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(An uninitialised tensor.

>>> engine.empty(2, 3).shape
Size([2, 3]))")
    .compose([](Ints size, OptionalDType dtype, OptionalDevice device, bool requires_grad,
                std::optional<std::string_view> memory_format) {
        const Tensor t = Call<"_empty">()(size, dtype.value_or(default_dtype), device_or_default(device));
        return with_requires_grad(in_format(t, memory_format), requires_grad);
    });

OP("empty_strided(int[] size, int[] stride, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> "
   "Tensor")
    .doc(R"(An uninitialised tensor with the given sizes and strides in elements.

>>> engine.empty_strided((2, 3), (1, 2)).stride()
(1, 2))")
    .compose([](Ints size, Ints stride, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        check(size.size() == stride.size(), "stride: expected one for each size, got ", Dims(stride), " for ",
              Dims(size));
        for (int64_t step : stride) check(step >= 0, "stride: expected 0 or more, got ", Dims(stride));
        return with_requires_grad(
            Call<"_empty_strided">()(size, stride, dtype.value_or(default_dtype), device_or_default(device)),
            requires_grad);
    });

OP("zeros(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of zeros.

>>> engine.zeros(2)
tensor([0., 0.]))")
    .compose([](Ints size, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return with_requires_grad(filled(Dims(size), 0, dtype, device), requires_grad);
    });

OP("ones(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of ones.

>>> engine.ones(2)
tensor([1., 1.]))")
    .compose([](Ints size, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return with_requires_grad(filled(Dims(size), 1, dtype, device), requires_grad);
    });

OP("full(int[] size, Number fill_value, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of one value, by default in the value's dtype.

>>> engine.full((2,), 7)
tensor([7, 7]))")
    .compose([](Ints size, const Value& fill_value, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        const DType type = dtype.value_or(natural_dtype(fill_value));
        return with_requires_grad(filled(Dims(size), fill_value, type, device), requires_grad);
    });

OP("zeros_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(Zeros in the shape and dtype of self.

>>> engine.zeros_like(engine.tensor([1, 2]))
tensor([0, 0]))")
    .compose([](const Tensor& self, OptionalDType dtype, OptionalDevice device, bool requires_grad,
                std::optional<std::string_view> memory_format) {
        return with_requires_grad(in_format(filled_like(self, 0, dtype, device), memory_format), requires_grad);
    });

OP("ones_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(Ones in the shape and dtype of self.

>>> engine.ones_like(engine.tensor([1, 2]))
tensor([1, 1]))")
    .compose([](const Tensor& self, OptionalDType dtype, OptionalDevice device, bool requires_grad,
                std::optional<std::string_view> memory_format) {
        return with_requires_grad(in_format(filled_like(self, 1, dtype, device), memory_format), requires_grad);
    });

OP("empty_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(An uninitialised tensor in the shape and dtype of self.

>>> engine.empty_like(engine.zeros(2, 3)).shape
Size([2, 3]))")
    .compose([](const Tensor& self, OptionalDType dtype, OptionalDevice device, bool requires_grad,
                std::optional<std::string_view> memory_format) {
        return with_requires_grad(in_format(empty_like(self, dtype, device), memory_format), requires_grad);
    });

OP("full_like(Tensor self, Number fill_value, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(A tensor of one value in the shape and dtype of self.

>>> engine.full_like(engine.zeros(2), 7)
tensor([7., 7.]))")
    .compose([](const Tensor& self, const Value& fill_value, OptionalDType dtype, OptionalDevice device,
                bool requires_grad, std::optional<std::string_view> memory_format) {
        return with_requires_grad(in_format(filled_like(self, fill_value, dtype, device), memory_format),
                                  requires_grad);
    });

OP("new_empty(Tensor self, int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(An uninitialised tensor in the dtype and on the device of self.

>>> engine.ones(2).new_empty(3).shape
Size([3]))")
    .compose([](const Tensor& self, Ints size, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return with_requires_grad(Call<"_empty">()(size, dtype.value_or(self.dtype()), device.value_or(self.device())),
                                  requires_grad);
    });

OP("new_zeros(Tensor self, int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Zeros in the dtype and on the device of self.

>>> engine.tensor([1, 2]).new_zeros(3)
tensor([0, 0, 0]))")
    .compose([](const Tensor& self, Ints size, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return with_requires_grad(filled(Dims(size), 0, dtype.value_or(self.dtype()), device.value_or(self.device())),
                                  requires_grad);
    });

OP("new_ones(Tensor self, int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Ones in the dtype and on the device of self.

>>> engine.tensor([1, 2]).new_ones(3)
tensor([1, 1, 1]))")
    .compose([](const Tensor& self, Ints size, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return with_requires_grad(filled(Dims(size), 1, dtype.value_or(self.dtype()), device.value_or(self.device())),
                                  requires_grad);
    });

OP("new_full(Tensor self, int[] size, Number fill_value, *, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of one value in the dtype and on the device of self.

>>> engine.tensor([1.0]).new_full((2,), 7)
tensor([7., 7.]))")
    .compose([](const Tensor& self, Ints size, const Value& fill_value, OptionalDType dtype, OptionalDevice device,
                bool requires_grad) {
        return with_requires_grad(
            filled(Dims(size), fill_value, dtype.value_or(self.dtype()), device.value_or(self.device())),
            requires_grad);
    });

}  // namespace
}  // namespace bestiary::ops
