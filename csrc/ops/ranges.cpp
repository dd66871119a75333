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

// A bound or step, cut to an integer for sequences of integers.
Value of_type(DType type, const Value& v) {
    return is_floating(type) || v.tag != Tag::Float ? v : Value(static_cast<int64_t>(v.number()));
}

Tensor arange(const Value& start, const Value& end, const Value& step, OptionalDType dtype, OptionalDevice device,
              bool wants_grad) {
    const bool whole = start.tag != Tag::Float && end.tag != Tag::Float && step.tag != Tag::Float;
    const int64_t length = range_length(start, end, step);
    const DType type = dtype.value_or(whole ? DType::Int64 : default_dtype.load());
    return with_requires_grad(
        Call<"_arange">()(of_type(type, start), of_type(type, step), length, type, device_or_default(device)),
        wants_grad);
}

// [0, n) as int64.
Tensor counted(int64_t n, Device device) { return Call<"_arange">()(0, 1, n, DType::Int64, device); }

OP("arange(Number end, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(The numbers 0, 1, ... below ``end``.

>>> engine.arange(4)
tensor([0, 1, 2, 3]))")
    .compose([](const Value& end, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return arange(0, end, 1, dtype, device, requires_grad);
    });

OP("arange.start(Number start, Number end, Number step=1, *, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(The numbers ``start``, ``start + step``, ... before ``end``: int64 if all three are integers, else the default dtype.)")
    .compose([](const Value& start, const Value& end, const Value& step, OptionalDType dtype, OptionalDevice device,
                bool requires_grad) { return arange(start, end, step, dtype, device, requires_grad); });

OP("_arange(Number start, Number step, int length, dtype dtype, device device) -> Tensor")
    .doc("``start + i * step`` for i of [0, length).")
    .shape([](Meta& m, const Value&, const Value&, int64_t length, DType dtype) { m.add({length}, dtype); });

OP("linspace(Number start, Number end, int steps, *, dtype? dtype=None, device? device=None, bool requires_grad=False) "
   "-> Tensor")
    .doc(R"(``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

>>> engine.linspace(0, 1, 5)
tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000]))")
    .compose([](const Value& start, const Value& end, int64_t steps, OptionalDType dtype, OptionalDevice device,
                bool requires_grad) {
        check_as(ErrorKind::Value, steps >= 0, "steps: expected 0 or more, got ", steps);
        const DType type = dtype.value_or(default_dtype);
        const Tensor t = Call<"_linspace">()(of_type(type, start), of_type(type, end), steps, type,
                                             device_or_default(device));
        return with_requires_grad(t, requires_grad);
    });

OP("_linspace(Number start, Number end, int steps, dtype dtype, device device) -> Tensor")
    .doc("Numbers at equal distances.")
    .shape([](Meta& m, const Value&, const Value&, int64_t steps, DType dtype) { m.add({steps}, dtype); });

OP("logspace(Number start, Number end, int steps, float base=10, *, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(``base`` to the powers ``linspace(start, end, steps)``.

>>> engine.logspace(0, 2, 3)
tensor([  1.,  10., 100.]))")
    .compose([](const Value& start, const Value& end, int64_t steps, double base, OptionalDType dtype,
                OptionalDevice device, bool requires_grad) {
        const DType type = dtype.value_or(default_dtype);
        const Tensor exponents =
            Call<"linspace">()(of_type(type, start), of_type(type, end), steps, DType::Float64, device);
        return with_requires_grad(cast(pow(base, exponents), type), requires_grad);
    });

OP("eye(int n, int? m=None, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(A matrix with ones on the diagonal and zeros elsewhere, n rows and m (or n) columns.

>>> engine.eye(2)
tensor([[1., 0.],
        [0., 1.]]))")
    .compose([](int64_t n, std::optional<int64_t> m, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        const Device where = device_or_default(device);
        const int64_t columns = m.value_or(n);
        check(n >= 0 && columns >= 0, "n, m: expected 0 or more, got ", n, " and ", columns);
        const Tensor on = eq(unsqueeze(counted(n, where), 1), counted(columns, where));
        return with_requires_grad(cast(on, dtype.value_or(default_dtype)), requires_grad);
    });

// Column minus row of every element of a matrix.
Tensor diagonal_index(const Tensor& like) {
    check(like.dim() >= 2, "self: expected 2 dimensions or more, got shape ", like.sizes());
    return counted(like.size(-1), like.device()) - unsqueeze(counted(like.size(-2), like.device()), 1);
}

OP("tril(Tensor self, int diagonal=0) -> Tensor")
    .doc(R"(The lower triangles of matrices, with zeros above; ``diagonal`` counts upwards from the main one.

>>> engine.tril(engine.ones(2, 3))
tensor([[1., 0., 0.],
        [1., 1., 0.]]))")
    .compose([](const Tensor& self, int64_t diagonal) {
        return where(le(diagonal_index(self), diagonal), self, false);
    })
    .in_place_too();

OP("triu(Tensor self, int diagonal=0) -> Tensor")
    .doc(R"(The upper triangles of matrices, with zeros below; ``diagonal`` counts upwards from the main one.

>>> engine.triu(engine.ones(2, 3))
tensor([[1., 1., 1.],
        [0., 1., 1.]]))")
    .compose([](const Tensor& self, int64_t diagonal) {
        return where(ge(diagonal_index(self), diagonal), self, false);
    })
    .in_place_too();

// Rows and columns of the elements of a matrix whose diagonal passes `Test` against `offset`: (2, elements).
template <FixedString Test>
constexpr auto triangle_indices =
    [](int64_t row, int64_t col, int64_t offset, OptionalDType dtype, OptionalDevice device) {
        check(row >= 0 && col >= 0, "row, col: expected 0 or more, got ", row, " and ", col);
        const Device where = device_or_default(device);
        const Tensor diagonal = counted(col, where) - unsqueeze(counted(row, where), 1);
        const Tensor indices = transpose(Call<"nonzero">()(Call<Test>()(diagonal, offset)), 0, 1);
        return contiguous(cast(indices, dtype.value_or(DType::Int64)));
    };

OP("tril_indices(int row, int col, int offset=0, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc(R"(The row and column indices of the lower triangle of a matrix, a (2, n) tensor; ``offset`` widens it.

>>> engine.tril_indices(2, 2)
tensor([[0, 1, 1],
        [0, 0, 1]]))")
    .compose(triangle_indices<"le">);

OP("triu_indices(int row, int col, int offset=0, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc(R"(The row and column indices of the upper triangle of a matrix, a (2, n) tensor; ``offset`` narrows it.

>>> engine.triu_indices(2, 2)
tensor([[0, 0, 1],
        [0, 1, 1]]))")
    .compose(triangle_indices<"ge">);

OP("meshgrid(Tensor[] tensors, *, str indexing='ij') -> Tensor[]")
    .doc(
        R"(Coordinates of a grid: each vector along a dimension of its own. ``'xy'`` exchanges the first two dimensions.

>>> [g.shape for g in engine.meshgrid([engine.zeros(2), engine.zeros(3)])]
[Size([2, 3]), Size([2, 3])])")
    .compose([](Tensors tensors, std::string_view indexing) {
        check_as(ErrorKind::Value, indexing == "ij" || indexing == "xy", "indexing: expected 'ij' or 'xy', got '",
                 indexing, "'");
        check(!tensors.empty(), "tensors: expected at least one");
        const int n = static_cast<int>(tensors.size());
        const bool exchanged = indexing == "xy" && n > 1;
        Dims grid(n);
        for (int i = 0; i < n; ++i) {
            check(tensors[i].dim() <= 1, "tensors: expected vectors, got shape ", tensors[i].sizes());
            grid[i] = tensors[i].numel();
        }
        if (exchanged) std::swap(grid[0], grid[1]);
        std::vector<Tensor> out;
        for (int i = 0; i < n; ++i) {
            Dims along(n, 1);
            along[exchanged && i < 2 ? 1 - i : i] = tensors[i].numel();
            out.push_back(expand(reshape(tensors[i], along), grid));
        }
        return out;
    });

OP("one_hot(Tensor self, int num_classes=-1) -> Tensor")
    .doc(R"(A new last dimension that is 1 at the index in self and 0 elsewhere.
``num_classes`` -1 means the largest index plus 1. Raises IndexError for an index outside [0, num_classes).

>>> engine.one_hot(engine.tensor([0, 2]), 3)
tensor([[1, 0, 0],
        [0, 0, 1]]))")
    .compose([](const Tensor& self, int64_t num_classes) {
        check_as(ErrorKind::Type, self.dtype() == DType::Int64, "self: expected dtype int64, got ", self.dtype());
        check(self.numel() > 0 || num_classes > 0, "num_classes: must be given for an empty tensor");
        check(num_classes >= -1, "num_classes: expected -1 or more, got ", num_classes);
        // Only a number of classes that is not given depends on the elements.
        Dims size = self.sizes();
        size.push_back(num_classes < 0 ? Call<"max">()(self).item_int() + 1 : num_classes);
        check_as(ErrorKind::Index, size.back() > 0, "self: expected indices of 0 or more in [0, ", size.back(), ")");
        const Tensor zeros = Call<"zeros">()(size, DType::Int64, self.device());
        return Call<"scatter.value">()(zeros, -1, unsqueeze(self, -1), 1);
    });

}  // namespace
}  // namespace bestiary::ops
