#include "cpu/reduce.h"

#include <atomic>
#include <cmath>

#include "cpu/contiguous.h"
#include "cpu/loops.h"
#include "cpu/parallel.h"
#include "cpu/scaling.h"
#include "cpu/strided.h"

namespace bestiary::cpu {

const Reduction& reduction_of(const ReductionByType& types, DType t) {
    const Reduction& found = types.of[static_cast<int>(t)];
    check_as(ErrorKind::NotImplemented, found.rows, "not implemented for ", t);
    return found;
}

namespace {

// Blocks of fixed size, so that the result does not depend on the number of threads.
constexpr int64_t kRowChunk = 65536;   // elements of a row folded by one task
constexpr int64_t kRowChunks = 16;     // fewer cost less than waking a thread
constexpr int64_t kTile = 1024;        // columns whose accumulators stay in the first-level cache
constexpr int64_t kColumnChunk = 512;  // rows folded by one task where there are few columns
constexpr int64_t kManyColumns = 8 * kTile;

struct ReductionPlan {
    const Reduction& with;
    Strided kept;     // operands: accumulators, input
    Strided reduced;  // operand: input, from an element of kept
    int64_t results;
    int64_t count;  // elements per result
    int64_t acc_item;
};

ReductionPlan plan_of(const Reduction& with, const Tensor& in, DimMask mask, const Tensor& acc) {
    const int64_t item = item_size(in.dtype()), acc_item = item_size(acc.dtype());
    ReductionPlan plan{with, Strided({}), Strided({}), acc.numel(), reduced_count(in.sizes(), mask), acc_item};
    for (int d = 0; d < in.dim(); ++d) {
        Strided& part = mask >> d & 1 ? plan.reduced : plan.kept;
        part.sizes.push_back(in.sizes()[d]);
        part.strides[&part == &plan.kept ? 1 : 0].push_back(in.strides()[d] * item);
    }
    plan.kept.strides[0] = contiguous_strides(plan.kept.sizes);
    for (int64_t& s : plan.kept.strides[0]) s *= acc_item;
    plan.kept.operands = 2;
    plan.kept.data = {acc.raw(), in.raw()};
    plan.reduced.operands = 1;
    plan.kept.coalesce();
    plan.reduced.coalesce();
    return plan;
}

// Calls body(pointer, step, n) for the reduced elements [begin, end), from `base` on.
template <class F>
void for_reduced(const ReductionPlan& plan, char* base, int64_t begin, int64_t end, const F& body) {
    if (plan.reduced.sizes.size() <= 1)
        return body(base + begin * plan.reduced.inner_stride(0), plan.reduced.inner_stride(0), end - begin);
    Strided at = plan.reduced;
    at.data[0] = base;
    for_rows(at, begin, end,
             [&](char* const* data, const int64_t* steps, int64_t n) { body(data[0], steps[0], n); });
}

// Folds elements [begin, end) of each of n rows into as many accumulators.
void fold_rows(const ReductionPlan& plan, char* acc, char* base, int64_t step, int64_t n, int64_t begin, int64_t end) {
    plan.with.identity(acc, n);
    if (plan.reduced.sizes.size() <= 1)
        return plan.with.rows({acc, base + begin * plan.reduced.inner_stride(0), n, end - begin, step});
    for (int64_t i = 0; i < n; ++i)
        for_reduced(plan, base + i * step, begin, end, [&](char* p, int64_t, int64_t length) {
            plan.with.rows({acc + i * plan.acc_item, p, 1, length, 0});
        });
}

// The first element of the input that goes into result `index`.
char* input_at(const ReductionPlan& plan, int64_t index) {
    char* at = plan.kept.data[1];
    for (int d = plan.kept.sizes.size() - 1; d >= 0; --d) {
        at += index % plan.kept.sizes[d] * plan.kept.strides[1][d];
        index /= plan.kept.sizes[d];
    }
    return at;
}

void merge_chunks(const ReductionPlan& plan, const Tensor& partial, int64_t chunks) {
    char* const acc = plan.kept.data[0];
    plan.with.identity(acc, plan.results);
    plan.with.merge({acc, partial.raw(), chunks, plan.results, plan.results * plan.acc_item});
}

// The reduced elements are neighbours in memory.
void fold_along_rows(const ReductionPlan& plan, const Tensor& acc) {
    const int64_t chunks = ceil_div(plan.count, kRowChunk);
    if (chunks == 1) {
        return parallel_for(plan.results, ceil_div(kGrain, plan.count), [&](int64_t begin, int64_t end) {
            for_rows(plan.kept, begin, end, [&](char* const* data, const int64_t* steps, int64_t n) {
                fold_rows(plan, data[0], data[1], steps[1], n, 0, plan.count);
            });
        });
    }
    const Tensor partial = Tensor::empty({chunks, plan.results}, acc.dtype());
    parallel_for(chunks * plan.results, kRowChunks, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t first = task / plan.results * kRowChunk;
            fold_rows(plan, partial.raw() + task * plan.acc_item, input_at(plan, task % plan.results), 0, 1,
                      first, std::min(first + kRowChunk, plan.count));
        }
    });
    merge_chunks(plan, partial, chunks);
}

// The kept elements are neighbours in memory: a tile of accumulators takes in row after row.
void fold_columns(const ReductionPlan& plan, const Tensor& acc) {
    const int64_t width = plan.kept.inner(), tiles = ceil_div(width, kTile), outer = plan.results / width;
    const int64_t chunk = plan.results >= kManyColumns ? plan.count : kColumnChunk;
    const int64_t chunks = ceil_div(plan.count, chunk), per_chunk = outer * tiles;
    const Tensor partial = chunks > 1 ? Tensor::empty({chunks, plan.results}, acc.dtype()) : acc;
    const int64_t work = std::min(chunk, plan.count) * std::min(width, kTile);
    parallel_for(chunks * per_chunk, ceil_div(kGrain, work), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t c = task / per_chunk, column = task % tiles * kTile;
            const int64_t at = task % per_chunk / tiles * width + column, n = std::min(kTile, width - column);
            char* into = partial.raw() + (c * plan.results + at) * plan.acc_item;
            plan.with.identity(into, n);
            for_reduced(plan, input_at(plan, at), c * chunk, std::min((c + 1) * chunk, plan.count),
                        [&](char* p, int64_t step, int64_t rows) { plan.with.columns({into, p, rows, n, step}); });
        }
    });
    if (chunks > 1) merge_chunks(plan, partial, chunks);
}

}  // namespace

void store(const Tensor& result, const Tensor& acc) {
    copy_into(result, acc.alias(result.sizes(), contiguous_strides(result.sizes()), 0));
}

Tensor reduce(const ReductionByType& types, const Tensor& given, DimMask mask) {
    const DType type = compute_type(given.dtype());
    const Reduction& with = reduction_of(types, type);
    const Tensor in = type == given.dtype() ? given : packed_as(given, type);
    const Tensor acc = Tensor::empty(reduced_sizes(in.sizes(), mask, false), with.accumulator);
    const ReductionPlan plan = plan_of(with, in, mask, acc);
    const int64_t item = item_size(type);
    const bool rows = plan.reduced.inner() > 1 && plan.reduced.inner_stride(0) == item;
    const bool columns = plan.kept.inner() > 1 && plan.kept.inner_stride(1) == item;
    if (plan.results * plan.count == 0) with.identity(acc.raw(), plan.results);
    else if (rows || plan.results * plan.count == 1) fold_along_rows(plan, acc);
    else if (columns) fold_columns(plan, acc);
    else return reduce(types, packed(in), mask);
    return acc;
}

// See Note [Squares out of range].
Tensor mean_of(const Tensor& given, DimMask mask) {
    const ReductionByType& sums = reductions().sum;
    const double count = static_cast<double>(reduced_count(given.sizes(), mask));
    Tensor means = reduce(sums, given, mask), scales;
    if (count > 1 && any_value(means, [](double x, int64_t) { return !std::isfinite(x); })) {
        const Tensor in = packed_as(given, compute_type(given.dtype()));
        scales = scales_of(in, mask);
        means = reduce(sums, scaled(in, scales, mask), mask);
    }
    each_value(means, [&](double x, int64_t i) {
        return x / count * (scales.defined() ? scales.data<double>()[i] : 1.0);
    });
    return means;
}

namespace {

// All elements become one, in one piece of work that needs no plan.
bool is_one_row(const Tensor& in, DimMask mask) {
    return in.is_contiguous() && in.numel() > 0 && in.numel() <= kRowChunk &&
           compute_type(in.dtype()) == in.dtype() && reduced_count(in.sizes(), mask) == in.numel();
}

void reduce_one_row(const Tensor& result, const Reduction& with, const Tensor& in) {
    alignas(8) char acc[8];
    with.identity(acc, 1);
    with.rows({acc, in.raw(), 1, in.numel(), 0});
    char* const stored[] = {result.raw(), acc};
    const int64_t strides[] = {0, 0};
    cast_loop(with.accumulator, result.dtype())(stored, strides, 1, nullptr);
}

}  // namespace

void reduce_into(const Tensor& result, const ReductionByType& types, const Tensor& in, DimMask mask) {
    if (is_one_row(in, mask)) reduce_one_row(result, reduction_of(types, in.dtype()), in);
    else store(result, reduce(types, in, mask));
}

namespace {

// Elements are added in their own type, unless the result's is narrower in kind.
void sum(const KernelCall& call, const Tensor& self, const Value& dim) {
    const DType out = call.outs[0].dtype();
    const Tensor terms = category(self.dtype()) > category(out) ? packed_as(self, out) : self;
    reduce_into(call.outs[0], reductions().sum, terms, dim_mask(dim, self.dim()));
}

void mean(const KernelCall& call, const Tensor& self, const Value& dim) {
    const Tensor in = is_floating(self.dtype()) ? self : packed_as(self, call.outs[0].dtype());
    store(call.outs[0], mean_of(in, dim_mask(dim, self.dim())));
}

void checked(const KernelCall&, const Tensor& self, const Value& low_number, const Value& high_number,
             std::string_view name) {
    const double low = low_number.number(), high = high_number.number();
    const DType type = is_floating(self.dtype()) ? compute_type(self.dtype()) : DType::Float64;
    const Tensor x = packed_as(self, type);
    visit_float(type, [&]<class T>() {
        const T *const p = x.data<T>(), least = static_cast<T>(low), most = static_cast<T>(high);
        const auto outside = [=](T v) { return !(v >= least) | !(v <= most); };
        std::atomic<bool> all = true;
        parallel_for(x.numel(), kGrain, [&](int64_t begin, int64_t end) {
            int wrong = 0;
            for (int64_t i = begin; i < end; ++i) wrong |= outside(p[i]);
            if (wrong) all = false;
        });
        if (all) return;
        const T* const first = std::find_if(p, p + x.numel(), outside);
        fail(ErrorKind::Runtime, name, ": expected values from ", low, " to ", high, ", got ", *first);
    });
}

void prod(const KernelCall& call, const Tensor& self, const Value& dim) {
    reduce_into(call.outs[0], reductions().prod, self, dim_mask(dim, self.dim()));
}

// Truth folds as the extreme of zeros and ones. An empty list of dimensions reduces none of them.
template <ReductionByType ReductionKernels::*Types>
void truth(const KernelCall& call, const Tensor& self, const Value& dim) {
    const Tensor truths = packed_as(self, DType::Bool);
    if (dim.tag == Tag::Ints && dim.int_list().empty()) return copy_into(call.outs[0], truths);
    reduce_into(call.outs[0], reductions().*Types, truths, dim_mask(dim, self.dim()));
}

KERNEL(CPU, "sum.dim", sum);
KERNEL(CPU, "mean.dim", mean);
KERNEL(CPU, "_checked", checked);
KERNEL(CPU, "_prod", prod);
KERNEL(CPU, "any.dim", truth<&ReductionKernels::max>);
KERNEL(CPU, "all.dim", truth<&ReductionKernels::min>);

}  // namespace
}  // namespace bestiary::cpu
