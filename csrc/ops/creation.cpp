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
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(0)), a[1].dtype); })
    .uninitialised();

OP("_empty_strided(int[] size, int[] stride, dtype dtype, device device) -> Tensor")
    .doc("Uninitialised memory, laid out with strides.")
    .shape([](const Op&, Args a, Meta& m) {
        m.add(Dims(a.ints(0)), a[2].dtype);
        m.outs[0].strides = Dims(a.ints(1));
    })
    .uninitialised();

OP("_zeros(int[] size, dtype dtype, device device) -> Tensor")
    .doc("Zeros.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(0)), a[1].dtype); })
    .compose([](Args a, Results& r) { r.push(Call<"zero_">()(Call<"_empty">()(a[0], a[1], a[2]))); });

OP("empty(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(An uninitialised tensor.

>>> engine.empty(2, 3).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        const Tensor t = Call<"_empty">()(a[0], dtype_or(a[1], default_dtype), device_or_default(a[2]));
        r.push(made(in_format(t, a[4]), a.flag(3)));
    });

OP("empty_strided(int[] size, int[] stride, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> "
   "Tensor")
    .doc(R"(An uninitialised tensor with the given sizes and strides in elements.

>>> engine.empty_strided((2, 3), (1, 2)).stride()
(1, 2))")
    .compose([](Args a, Results& r) {
        const Dims size(a.ints(0)), stride(a.ints(1));
        check(size.size() == stride.size(), "stride: expected one for each size, got ", stride, " for ", size);
        for (int64_t step : stride) check(step >= 0, "stride: expected 0 or more, got ", stride);
        r.push(made(Call<"_empty_strided">()(size, stride, dtype_or(a[2], default_dtype), device_or_default(a[3])),
                    a.flag(4)));
    });

OP("zeros(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of zeros.

>>> engine.zeros(2)
tensor([0., 0.]))")
    .compose([](Args a, Results& r) {
        r.push(made(filled(Dims(a.ints(0)), 0, dtype_or(a[1], default_dtype), device_or_default(a[2])), a.flag(3)));
    });

OP("ones(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of ones.

>>> engine.ones(2)
tensor([1., 1.]))")
    .compose([](Args a, Results& r) {
        r.push(made(filled(Dims(a.ints(0)), 1, dtype_or(a[1], default_dtype), device_or_default(a[2])), a.flag(3)));
    });

OP("full(int[] size, Number fill_value, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of one value, by default in the value's dtype.

>>> engine.full((2,), 7)
tensor([7, 7]))")
    .compose([](Args a, Results& r) {
        const DType dtype = dtype_or(a[2], natural_dtype(a[1]));
        r.push(made(filled(Dims(a.ints(0)), a[1], dtype, device_or_default(a[3])), a.flag(4)));
    });

OP("zeros_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(Zeros in the shape and dtype of self.

>>> engine.zeros_like(engine.tensor([1, 2]))
tensor([0, 0]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(in_format(filled_like(t, 0, dtype_or(a[1], t.dtype()), device_or(a[2], t)), a[4]), a.flag(3)));
    });

OP("ones_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(Ones in the shape and dtype of self.

>>> engine.ones_like(engine.tensor([1, 2]))
tensor([1, 1]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(in_format(filled_like(t, 1, dtype_or(a[1], t.dtype()), device_or(a[2], t)), a[4]), a.flag(3)));
    });

OP("empty_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(An uninitialised tensor in the shape and dtype of self.

>>> engine.empty_like(engine.zeros(2, 3)).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(in_format(empty_like(t, dtype_or(a[1], t.dtype()), device_or(a[2], t)), a[4]), a.flag(3)));
    });

OP("full_like(Tensor self, Number fill_value, *, dtype? dtype=None, device? device=None, bool requires_grad=False, "
   "str? memory_format=None) -> Tensor")
    .doc(R"(A tensor of one value in the shape and dtype of self.

>>> engine.full_like(engine.zeros(2), 7)
tensor([7., 7.]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(in_format(filled_like(t, a[1], dtype_or(a[2], t.dtype()), device_or(a[3], t)), a[5]), a.flag(4)));
    });

OP("new_empty(Tensor self, int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(An uninitialised tensor in the dtype and on the device of self.

>>> engine.ones(2).new_empty(3).shape
Size([3]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(Call<"_empty">()(a[1], dtype_or(a[2], t.dtype()), device_or(a[3], t)), a.flag(4)));
    });

OP("new_zeros(Tensor self, int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Zeros in the dtype and on the device of self.

>>> engine.tensor([1, 2]).new_zeros(3)
tensor([0, 0, 0]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(filled(Dims(a.ints(1)), 0, dtype_or(a[2], t.dtype()), device_or(a[3], t)), a.flag(4)));
    });

OP("new_ones(Tensor self, int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Ones in the dtype and on the device of self.

>>> engine.tensor([1, 2]).new_ones(3)
tensor([1, 1, 1]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(filled(Dims(a.ints(1)), 1, dtype_or(a[2], t.dtype()), device_or(a[3], t)), a.flag(4)));
    });

OP("new_full(Tensor self, int[] size, Number fill_value, *, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of one value in the dtype and on the device of self.

>>> engine.tensor([1.0]).new_full((2,), 7)
tensor([7., 7.]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(filled(Dims(a.ints(1)), a[2], dtype_or(a[3], t.dtype()), device_or(a[4], t)), a.flag(5)));
    });

}  // namespace
}  // namespace bestiary::ops
