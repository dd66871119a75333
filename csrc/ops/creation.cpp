// Tensors from nothing.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

DType dtype_or(const Value& v, DType otherwise) { return v.none() ? otherwise : v.dtype; }

Device device_or_default(const Value& v) { return v.none() ? Device() : v.device; }

Tensor made(Tensor t, bool wants_grad) {
    t->requires_grad = wants_grad;
    return t;
}

Tensor filled(const Dims& size, const Value& value, DType dtype, Device device) {
    if (value.number() == 0) return Tensor::zeros(size, dtype, device);
    const Tensor t = Tensor::empty(size, dtype, device);
    const GradMode off(false);
    Call<"fill_">()(t, value);
    return t;
}

OP("empty(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Uninitialised memory.

>>> engine.empty(2, 3).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        r.push(made(Tensor::empty(Dims(a.ints(0)), dtype_or(a[1], DType::Float32), device_or_default(a[2])), a.flag(3)));
    });

OP("zeros(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Zeros.

>>> engine.zeros(2)
tensor([0., 0.]))")
    .compose([](Args a, Results& r) {
        r.push(made(filled(Dims(a.ints(0)), 0, dtype_or(a[1], DType::Float32), device_or_default(a[2])), a.flag(3)));
    });

OP("ones(int... size, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Ones.

>>> engine.ones(2)
tensor([1., 1.]))")
    .compose([](Args a, Results& r) {
        r.push(made(filled(Dims(a.ints(0)), 1, dtype_or(a[1], DType::Float32), device_or_default(a[2])), a.flag(3)));
    });

OP("full(int[] size, Number fill_value, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A tensor of one value; its dtype follows the value unless given.

>>> engine.full((2,), 7)
tensor([7, 7]))")
    .compose([](Args a, Results& r) {
        static constexpr DType natural[] = {DType::Bool, DType::Int64, DType::Float32};
        const DType dtype = dtype_or(a[2], natural[static_cast<int>(a[1].number_category())]);
        r.push(made(filled(Dims(a.ints(0)), a[1], dtype, device_or_default(a[3])), a.flag(4)));
    });

OP("zeros_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Zeros in the shape and dtype of self.

>>> engine.zeros_like(engine.tensor([1, 2]))
tensor([0, 0]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(filled(t.sizes(), 0, dtype_or(a[1], t.dtype()), t.device()), a.flag(3)));
    });

OP("ones_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Ones in the shape and dtype of self.

>>> engine.ones_like(engine.tensor([1, 2]))
tensor([1, 1]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(made(filled(t.sizes(), 1, dtype_or(a[1], t.dtype()), t.device()), a.flag(3)));
    });

}  // namespace
}  // namespace bestiary::ops
