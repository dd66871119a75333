// Regular sequences and patterns: ranges, grids, identity and triangles.
#include <cmath>

#include "ops/factory.h"

namespace bestiary::ops {
namespace {

// The number of steps from start before end.
int64_t range_length(const Value& start, const Value& end, const Value& step) {
    check_as(ErrorKind::Value, step.number() != 0, "step: expected a number other than 0");
    const bool whole = start.tag != Tag::Float && end.tag != Tag::Float && step.tag != Tag::Float;
    const double approximate = (end.number() - start.number()) / step.number();
    check_as(ErrorKind::Value, !(std::abs(approximate) >= 0x1p62), "end: from ", start, " to ", end, " in steps of ",
             step, " are too many numbers");
    const double exact = whole ? 0 : (end.number() - start.number()) / step.number();
    check_as(ErrorKind::Value, std::isfinite(exact), "expected finite numbers, got start=", start, ", end=", end,
             ", step=", step);
    const int64_t distance = whole ? end.integer() - start.integer() : 0, by = whole ? step.integer() : 1;
    const int64_t length = whole ? distance / by + (distance % by != 0) : static_cast<int64_t>(std::ceil(exact));
    const bool ahead = whole ? (distance >= 0) == (by > 0) || distance == 0 : exact >= 0;
    check_as(ErrorKind::Value, ahead, "end: ", end, " can't be reached from ", start, " in steps of ", step);
    return length;
}

Tensor arange(const Value& start, const Value& end, const Value& step, const Value& dtype, const Value& device,
              bool wants_grad) {
    const bool whole = start.tag != Tag::Float && end.tag != Tag::Float && step.tag != Tag::Float;
    const int64_t length = range_length(start, end, step);
    const DType type = dtype_or(dtype, whole ? DType::Int64 : default_dtype.load());
    return made(Call<"_arange">()(start, step, length, type, device_or_default(device)), wants_grad);
}

// [0, n) as int64.
Tensor counted(int64_t n, Device device) { return Call<"_arange">()(0, 1, n, DType::Int64, device); }

OP("arange(Number end, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(The numbers 0, 1, ... below ``end``.

>>> engine.arange(4)
tensor([0, 1, 2, 3]))")
    .compose([](Args a, Results& r) { r.push(arange(0, a[0], 1, a[1], a[2], a.flag(3))); });

OP("arange.start(Number start, Number end, Number step=1, *, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(The numbers ``start``, ``start + step``, ... before ``end``: int64 if all three are integers, else the default dtype.)")
    .compose([](Args a, Results& r) { r.push(arange(a[0], a[1], a[2], a[3], a[4], a.flag(5))); });

OP("_arange(Number start, Number step, int length, dtype dtype, device device) -> Tensor")
    .doc("``start + i * step`` for i of [0, length).")
    .shape([](const Op&, Args a, Meta& m) { m.add({a.integer(2)}, a[3].dtype); });

OP("linspace(Number start, Number end, int steps, *, dtype? dtype=None, device? device=None, bool requires_grad=False) "
   "-> Tensor")
    .doc(R"(``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

>>> engine.linspace(0, 1, 5)
tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000]))")
    .compose([](Args a, Results& r) {
        check_as(ErrorKind::Value, a.integer(2) >= 0, "steps: expected 0 or more, got ", a.integer(2));
        const DType dtype = dtype_or(a[3], default_dtype);
        r.push(made(Call<"_linspace">()(a[0], a[1], a[2], dtype, device_or_default(a[4])), a.flag(5)));
    });

OP("_linspace(Number start, Number end, int steps, dtype dtype, device device) -> Tensor")
    .doc("Numbers at equal distances.")
    .shape([](const Op&, Args a, Meta& m) { m.add({a.integer(2)}, a[3].dtype); });

OP("logspace(Number start, Number end, int steps, float base=10, *, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(``base`` to the powers ``linspace(start, end, steps)``.

>>> engine.logspace(0, 2, 3)
tensor([  1.,  10., 100.]))")
    .compose([](Args a, Results& r) {
        const DType dtype = dtype_or(a[4], default_dtype);
        // The ends of integers are integers, as those of linspace are.
        const auto end = [&](int i) { return is_floating(dtype) ? a.number(i) : std::trunc(a.number(i)); };
        const Tensor exponents = Call<"linspace">()(end(0), end(1), a[2], DType::Float64, a[5]);
        r.push(made(cast(pow(a[3], exponents), dtype), a.flag(6)));
    });

OP("eye(int n, int? m=None, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A matrix with ones on the diagonal and zeros elsewhere, n rows and m (or n) columns.

>>> engine.eye(2)
tensor([[1., 0.],
        [0., 1.]]))")
    .compose([](Args a, Results& r) {
        const Device device = device_or_default(a[3]);
        const int64_t columns = a.none(1) ? a.integer(0) : a.integer(1);
        check(a.integer(0) >= 0 && columns >= 0, "n, m: expected 0 or more, got ", a.integer(0), " and ", columns);
        const Tensor on = eq(unsqueeze(counted(a.integer(0), device), 1), counted(columns, device));
        r.push(made(cast(on, dtype_or(a[2], default_dtype)), a.flag(4)));
    });

// Column minus row of every place of a matrix.
Tensor diagonal_index(const Tensor& like) {
    check(like.dim() >= 2, "self: expected 2 dimensions or more, got shape ", like.sizes());
    return counted(like.size(-1), like.device()) - unsqueeze(counted(like.size(-2), like.device()), 1);
}

OP("tril(Tensor self, int diagonal=0) -> Tensor")
    .doc(R"(The lower triangles of matrices, with zeros above; ``diagonal`` counts upwards from the main one.

>>> engine.tril(engine.ones(2, 3))
tensor([[1., 0., 0.],
        [1., 1., 0.]]))")
    .compose([](Args a, Results& r) { r.push(where(le(diagonal_index(a.tensor(0)), a[1]), a[0], false)); })
    .in_place_too();

OP("triu(Tensor self, int diagonal=0) -> Tensor")
    .doc(R"(The upper triangles of matrices, with zeros below; ``diagonal`` counts upwards from the main one.

>>> engine.triu(engine.ones(2, 3))
tensor([[1., 1., 1.],
        [0., 1., 1.]]))")
    .compose([](Args a, Results& r) { r.push(where(ge(diagonal_index(a.tensor(0)), a[1]), a[0], false)); })
    .in_place_too();

// Rows and columns of the places of a matrix whose diagonal passes `test` against `diagonal`: (2, places).
template <FixedString Test>
void push_triangle(Args a, Results& r) {
    check(a.integer(0) >= 0 && a.integer(1) >= 0, "row, col: expected 0 or more, got ", a.integer(0), " and ",
          a.integer(1));
    const Device device = device_or_default(a[4]);
    const Tensor index = counted(a.integer(1), device) - unsqueeze(counted(a.integer(0), device), 1);
    const Tensor places = transpose(Call<"nonzero">()(Call<Test>()(index, a[2])), 0, 1);
    r.push(Call<"contiguous">()(cast(places, dtype_or(a[3], DType::Int64))));
}

OP("tril_indices(int row, int col, int offset=0, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc(R"(The row and column indices of the lower triangle of a matrix, a (2, n) tensor; ``offset`` widens it.

>>> engine.tril_indices(2, 2)
tensor([[0, 1, 1],
        [0, 0, 1]]))")
    .compose(push_triangle<"le">);

OP("triu_indices(int row, int col, int offset=0, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc(R"(The row and column indices of the upper triangle of a matrix, a (2, n) tensor; ``offset`` narrows it.

>>> engine.triu_indices(2, 2)
tensor([[0, 0, 1],
        [0, 1, 1]]))")
    .compose(push_triangle<"ge">);

OP("meshgrid(Tensor[] tensors, *, str indexing='ij') -> Tensor[]")
    .doc(R"(Coordinates of a grid: each vector along a dimension of its own. ``'xy'`` exchanges the first two dimensions.

>>> [g.shape for g in engine.meshgrid([engine.zeros(2), engine.zeros(3)])]
[Size([2, 3]), Size([2, 3])])")
    .compose([](Args a, Results& r) {
        check_as(ErrorKind::Value, a.str(1) == "ij" || a.str(1) == "xy", "indexing: expected 'ij' or 'xy', got '",
                 a.str(1), "'");
        const auto vectors = a.tensors(0);
        const int n = static_cast<int>(vectors.size());
        const bool exchanged = a.str(1) == "xy" && n > 1;
        Dims grid(n);
        for (int i = 0; i < n; ++i) {
            check(vectors[i].dim() <= 1, "tensors: expected vectors, got shape ", vectors[i].sizes());
            grid[i] = vectors[i].numel();
        }
        if (exchanged) std::swap(grid[0], grid[1]);
        for (int i = 0; i < n; ++i) {
            Dims along(n, 1);
            along[exchanged && i < 2 ? 1 - i : i] = vectors[i].numel();
            r.push(expand(reshape(vectors[i], along), grid));
        }
    });

OP("one_hot(Tensor self, int num_classes=-1) -> Tensor")
    .doc(R"(A new last dimension that is 1 at the index in self and 0 elsewhere.
``num_classes`` -1 means the largest index plus 1. Raises IndexError for an index outside [0, num_classes).

>>> engine.one_hot(engine.tensor([0, 2]), 3)
tensor([[1, 0, 0],
        [0, 0, 1]]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check_as(ErrorKind::Type, self.dtype() == DType::Int64, "self: expected dtype int64, got ", self.dtype());
        check(self.numel() > 0 || a.integer(1) > 0, "num_classes: must be given for an empty tensor");
        check(a.integer(1) >= -1, "num_classes: expected -1 or more, got ", a.integer(1));
        // Only a number of classes that is not given depends on the elements.
        Dims size = self.sizes();
        size.push_back(a.integer(1) < 0 ? Call<"max">()(self).item_int() + 1 : a.integer(1));
        check_as(ErrorKind::Index, size.back() > 0, "self: expected indices of 0 or more in [0, ", size.back(), ")");
        const Tensor zeros = Call<"zeros">()(size, DType::Int64, self.device());
        r.push(Call<"scatter.value">()(zeros, -1, unsqueeze(self, -1), 1));
    });

}  // namespace
}  // namespace bestiary::ops
