// Sums, means, products, and whether any or all elements are true.
#include "ops/reduce.h"

namespace bestiary::ops {
namespace {

// Sums and products of integers are int64.
DType summed_type(DType self) { return is_floating(self) ? self : DType::Int64; }

OP("sum(Tensor self, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The sum of all elements; integers and bools are summed in int64.

>>> engine.tensor([1.0, 2.0, 3.0]).sum()
tensor(6.))")
    .compose([](const Tensor& self, const Value& dtype) {
        return Call<"sum.dim">()(self, std::nullopt, false, dtype);
    });

OP("sum.dim(Tensor self, int[]? dim, bool keepdim=False, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The sum over the given dimensions, which ``keepdim`` keeps with size 1.

>>> engine.ones(2, 3).sum(1)
tensor([3., 3.]))")
    .shape([](Meta& m, const Tensor& self, const Value& dim, bool keepdim, std::optional<DType> dtype) {
        m.add(reduced_shape(self, dim, keepdim), dtype.value_or(summed_type(self.dtype())));
    })
    .grad("self", "", [](const Backward& b) { return expand(with_dims(b.g, b), b.shape("self")); });

OP("mean(Tensor self, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The mean of all elements; nan of an empty tensor.

>>> engine.tensor([1.0, 2.0, 6.0]).mean()
tensor(3.))")
    .compose([](const Tensor& self, const Value& dtype) {
        return Call<"mean.dim">()(self, std::nullopt, false, dtype);
    });

OP("mean.dim(Tensor self, int[]? dim, bool keepdim=False, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The mean over the given dimensions, which ``keepdim`` keeps with size 1.

>>> engine.tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
tensor([2., 3.]))")
    .shape([](Meta& m, const Tensor& self, const Value& dim, bool keepdim, std::optional<DType> dtype) {
        const DType type = dtype.value_or(self.dtype());
        check(is_floating(type), "self: expected a floating dtype, got ", type, "; pass dtype= to convert");
        m.add(reduced_shape(self, dim, keepdim), type);
    })
    .grad("self", "", [](const Backward& b) {
        const Dims& full = b.shape("self");
        const auto count = static_cast<double>(reduced_count(full, dim_mask(b["dim"], full.size())));
        return expand(with_dims(b.g / count, b), full);
    });

// The product of all other elements along the last dimension: of those before times of those after. Dividing
// the whole product by an element would fail at zeros.
Tensor product_of_others(const Tensor& x) {
    if (x.numel() == 0) return x;
    const Tensor one = Call<"ones_like">()(slice(x, -1, 0, 1));
    const auto shifted = [&](const Tensor& t) {
        return Call<"cat">()(std::vector<Tensor>{one, slice(t, -1, 0, -1)}, -1);
    };
    const Call<"cumprod"> cumprod;
    const Call<"flip"> flip;
    const Dims last{-1};
    return cumprod(shifted(x), -1) * flip(cumprod(shifted(flip(x, last)), -1), last);
}

OP("_prod(Tensor self, int[]? dim, bool keepdim) -> Tensor")
    .doc("The product over dimensions.")
    .shape([](Meta& m, const Tensor& self, const Value& dim, bool keepdim) {
        m.add(reduced_shape(self, dim, keepdim), summed_type(self.dtype()));
    })
    .grad("self", "self", [](const Backward& b) {
        const Tensor self = b.tensor("self");
        const Tensor g = expand(with_dims(b.g, b), self.sizes());
        if (b["dim"].none() || self.dim() == 0) return g * reshape(product_of_others(flatten(self)), self.sizes());
        const int64_t dim = b.ints("dim")[0];
        return g * transpose(product_of_others(transpose(self, dim, -1)), dim, -1);
    });

// Multiplied in ``dtype`` if it is given; of narrow integers in int64, whose lowest bits are the same.
Tensor product(const Tensor& self, const Value& dim, bool keepdim, const Value& dtype) {
    if (dtype.none()) return Call<"_prod">()(self, dim, keepdim);
    return cast(Call<"_prod">()(cast(self, dtype), dim, keepdim), dtype);
}

OP("prod(Tensor self, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The product of all elements; integers are multiplied in int64.

>>> engine.tensor([2, 3, 4]).prod()
tensor(24))")
    .compose([](const Tensor& self, const Value& dtype) { return product(self, std::nullopt, false, dtype); });

OP("prod.dim(Tensor self, int dim, bool keepdim=False, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The product over a dimension.

>>> engine.tensor([[1, 2], [3, 4]]).prod(0)
tensor([3, 8]))")
    .compose([](const Tensor& self, int64_t dim, bool keepdim, const Value& dtype) {
        return product(self, Dims{dim}, keepdim, dtype);
    });

OP("_checked(Tensor self, Number low, Number high, str name) -> Tensor")
    .doc("Nothing where all elements are from ``low`` to ``high``, otherwise a RuntimeError of argument ``name``.")
    .shape([](Meta& m, const Tensor& self) { m.add({0}, self.dtype()); });

// An empty list of dimensions reduces none of them, unlike that of sum. The truth of uint8 is uint8.
constexpr auto truth = [](Meta& m, const Tensor& self, const Value& dim, bool keepdim) {
    const bool keeps_all = dim.tag == Tag::Ints && dim.int_list().empty();
    m.add(keeps_all ? self.sizes() : reduced_shape(self, dim, keepdim),
          self.dtype() == DType::UInt8 ? DType::UInt8 : DType::Bool);
};

OP("any(Tensor self) -> Tensor")
    .doc(R"(True if any element is true (not zero).

>>> engine.tensor([False, True]).any()
tensor(True))")
    .compose([](const Tensor& self) { return Call<"any.dim">()(self, std::nullopt, false); });

OP("any.dim(Tensor self, int[]? dim, bool keepdim=False) -> Tensor")
    .doc(R"(True where any element along the given dimensions is true.

>>> engine.tensor([[False, True], [False, False]]).any(1)
tensor([ True, False]))")
    .shape(truth);

OP("all(Tensor self) -> Tensor")
    .doc(R"(True if all elements are true (not zero); also of an empty tensor.

>>> engine.tensor([False, True]).all()
tensor(False))")
    .compose([](const Tensor& self) { return Call<"all.dim">()(self, std::nullopt, false); });

OP("all.dim(Tensor self, int[]? dim, bool keepdim=False) -> Tensor")
    .doc(R"(True where all elements along the given dimensions are true.

>>> engine.tensor([[True, True], [True, False]]).all(1)
tensor([ True, False]))")
    .shape(truth);

}  // namespace
}  // namespace bestiary::ops
