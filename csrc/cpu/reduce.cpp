#include "cpu/reduce.h"

#include <atomic>
#include <cmath>

#include "cpu/contiguous.h"
#include "cpu/parallel.h"
#include "cpu/scaling.h"
#include "cpu/strided.h"

namespace bestiary::cpu {

Reducer::Reducer(const std::string& name, const std::string& merges_as)
    : rows_(find_loops(name + ".rows")),
      columns_(find_loops(name + ".columns")),
      identity_(find_loops(name + ".identity")),
      merge_(find_loops((merges_as.empty() ? name : merges_as) + ".columns")),
      widens_(name != "max" && name != "min") {}

Loop Reducer::get(const LoopSet* set, DType t) {
    const Loop loop = set->get(t);
    check_as(ErrorKind::NotImplemented, loop, "not implemented for ", t);
    return loop;
}

DType Reducer::accumulator(DType t) const {
    if (!widens_) return t;
    return is_floating(t) ? DType::Float64 : DType::Int64;
}

namespace {

// Blocks of fixed size, so that the result does not depend on how many threads there are.
constexpr int64_t kRowChunk = 65536;   // elements of a row folded by one task
constexpr int64_t kRowChunks = 16;     // fewer cost less than waking a thread
constexpr int64_t kTile = 1024;        // columns whose accumulators stay in the first-level cache
constexpr int64_t kColumnChunk = 512;  // rows folded by one task where there are few columns
constexpr int64_t kManyColumns = 8 * kTile;

struct Plan {
    const Reducer& with;
    DType type;
    Strided kept;     // operands: accumulators, input
    Strided reduced;  // operand: input, from an element of kept
    int64_t results;
    int64_t count;  // elements per result
    int64_t acc_item;
};

Plan plan_of(const Reducer& with, const Tensor& in, DimMask mask, const Tensor& acc) {
    const int64_t item = item_size(in.dtype()), acc_item = item_size(acc.dtype());
    Plan plan{with,    in.dtype(), Strided({}), Strided({}), acc.numel(), reduced_count(in.sizes(), mask),
              acc_item};
    Dims steps;
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

void set_identity(const Plan& plan, char* acc, int64_t n) {
    plan.with.identity(plan.type)(&acc, nullptr, n, nullptr);
}

// Calls body(pointer, step, n) for elements [begin, end) of what is reduced, seen from `base`.
template <class F>
void for_reduced(const Plan& plan, char* base, int64_t begin, int64_t end, const F& body) {
    if (plan.reduced.sizes.size() <= 1)
        return body(base + begin * plan.reduced.inner_stride(0), plan.reduced.inner_stride(0), end - begin);
    Strided at = plan.reduced;
    at.data[0] = base;
    for_rows(at, begin, end,
             [&](char* const* data, const int64_t* steps, int64_t n) { body(data[0], steps[0], n); });
}

// Folds elements [begin, end) of each of n rows into as many accumulators.
void fold_rows(const Plan& plan, char* acc, char* base, int64_t step, int64_t n, int64_t begin, int64_t end) {
    const Loop loop = plan.with.rows(plan.type);
    const int64_t strides[] = {0, step};
    set_identity(plan, acc, n);
    const auto fold = [&](char* into, char* from, int64_t length, int64_t count) {
        char* const data[] = {into, from};
        const double params[] = {static_cast<double>(count)};
        loop(data, strides, length, params);
    };
    if (plan.reduced.sizes.size() <= 1) return fold(acc, base + begin * plan.reduced.inner_stride(0), end - begin, n);
    for (int64_t i = 0; i < n; ++i)
        for_reduced(plan, base + i * step, begin, end,
                    [&](char* p, int64_t, int64_t length) { fold(acc + i * plan.acc_item, p, length, 1); });
}

// Where element `index` of the kept dimensions begins in the input.
char* input_at(const Plan& plan, int64_t index) {
    char* at = plan.kept.data[1];
    for (int d = plan.kept.sizes.size() - 1; d >= 0; --d) {
        at += index % plan.kept.sizes[d] * plan.kept.strides[1][d];
        index /= plan.kept.sizes[d];
    }
    return at;
}

void merge_chunks(const Plan& plan, const Tensor& partial, int64_t chunks) {
    char* const data[] = {plan.kept.data[0], partial.raw()};
    const int64_t strides[] = {0, plan.results * plan.acc_item};
    const double rows[] = {static_cast<double>(chunks)};
    set_identity(plan, data[0], plan.results);
    plan.with.merge(partial.dtype())(data, strides, plan.results, rows);
}

// The reduced elements are neighbours in memory.
void fold_along_rows(const Plan& plan, const Tensor& acc) {
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
void fold_columns(const Plan& plan, const Tensor& acc) {
    const Loop loop = plan.with.columns(plan.type);
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
            set_identity(plan, into, n);
            for_reduced(plan, input_at(plan, at), c * chunk, std::min((c + 1) * chunk, plan.count),
                        [&](char* p, int64_t step, int64_t rows) {
                            char* const data[] = {into, p};
                            const int64_t strides[] = {0, step};
                            const double params[] = {static_cast<double>(rows)};
                            loop(data, strides, n, params);
                        });
        }
    });
    if (chunks > 1) merge_chunks(plan, partial, chunks);
}

}  // namespace

void store(const Tensor& result, const Tensor& acc) {
    copy_into(result, acc.alias(result.sizes(), contiguous_strides(result.sizes()), 0));
}

Tensor reduce(const Reducer& with, const Tensor& given, DimMask mask) {
    const DType type = compute_type(given.dtype());
    const Tensor in = type == given.dtype() ? given : packed_as(given, type);
    const Tensor acc = Tensor::empty(reduced_sizes(in.sizes(), mask, false), with.accumulator(type));
    const Plan plan = plan_of(with, in, mask, acc);
    const int64_t item = item_size(type);
    const bool rows = plan.reduced.inner() > 1 && plan.reduced.inner_stride(0) == item;
    const bool columns = plan.kept.inner() > 1 && plan.kept.inner_stride(1) == item;
    if (plan.results * plan.count == 0) set_identity(plan, acc.raw(), plan.results);
    else if (rows || plan.results * plan.count == 1) fold_along_rows(plan, acc);
    else if (columns) fold_columns(plan, acc);
    else return reduce(with, packed(in), mask);
    return acc;
}

// See Note [Squares out of range].
Tensor mean_of(const Tensor& given, DimMask mask) {
    static const Reducer sums("sum");
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

// Whether all elements become one, in one piece of work that needs no plan.
bool is_one_row(const Tensor& in, DimMask mask) {
    return in.is_contiguous() && in.numel() > 0 && in.numel() <= kRowChunk &&
           compute_type(in.dtype()) == in.dtype() && reduced_count(in.sizes(), mask) == in.numel();
}

void reduce_one_row(const Tensor& result, const Reducer& with, const Tensor& in) {
    alignas(8) char acc[8];
    char* const folded[] = {acc, in.raw()};
    char* const stored[] = {result.raw(), acc};
    const int64_t strides[] = {0, 0};
    const double one[] = {1};
    const DType type = in.dtype(), acc_type = with.accumulator(type);
    with.identity(type)(folded, strides, 1, nullptr);
    with.rows(type)(folded, strides, in.numel(), one);
    cast_loop(acc_type, result.dtype())(stored, strides, 1, nullptr);
}

void reduce_into(const Tensor& result, const Reducer& with, const Tensor& in, DimMask mask) {
    if (is_one_row(in, mask)) reduce_one_row(result, with, in);
    else store(result, reduce(with, in, mask));
}

template <const char* Name>
const Reducer& named() {
    static const Reducer loops(Name);
    return loops;
}
constexpr char kSum[] = "sum", kProd[] = "prod", kMax[] = "max", kMin[] = "min";

// Elements are added in their own type, unless the result's is narrower in kind.
void sum(const KernelCall& call) {
    const Tensor& in = call.args.tensor(0);
    const DType out = call.outs[0].dtype();
    const Tensor terms = category(in.dtype()) > category(out) ? packed_as(in, out) : in;
    reduce_into(call.outs[0], named<kSum>(), terms, mask_of(call));
}

void mean(const KernelCall& call) {
    const Tensor& given = call.args.tensor(0);
    const Tensor in = is_floating(given.dtype()) ? given : packed_as(given, call.outs[0].dtype());
    store(call.outs[0], mean_of(in, mask_of(call)));
}

// self, low, high, name
void checked(const KernelCall& call) {
    const Tensor& self = call.args.tensor(0);
    const double low = call.args.number(1), high = call.args.number(2);
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
        fail(ErrorKind::Runtime, call.args.str(3), ": expected values from ", low, " to ", high, ", got ", *first);
    });
}

template <const char* Name>
void plain(const KernelCall& call) {
    reduce_into(call.outs[0], named<Name>(), call.args.tensor(0), mask_of(call));
}

// Truth folds as the extreme of zeros and ones.
template <const char* Name>
void truth(const KernelCall& call) {
    const Tensor truths = packed_as(call.args.tensor(0), DType::Bool);
    const Value& dim = call.args[1];
    if (dim.tag == Tag::Ints && dim.int_list().empty()) return copy_into(call.outs[0], truths);
    reduce_into(call.outs[0], named<Name>(), truths, mask_of(call));
}

KERNEL(CPU, "sum.dim", sum);
KERNEL(CPU, "mean.dim", mean);
KERNEL(CPU, "_checked", checked);
KERNEL(CPU, "_prod", plain<kProd>);
KERNEL(CPU, "amax", plain<kMax>);
KERNEL(CPU, "amin", plain<kMin>);
KERNEL(CPU, "any.dim", truth<kMax>);
KERNEL(CPU, "all.dim", truth<kMin>);

}  // namespace
}  // namespace bestiary::cpu
