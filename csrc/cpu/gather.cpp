// Reading and writing along one dimension at an index per element, and places under a mask.
#include "core/indexing.h"
#include "cpu/contiguous.h"
#include "cpu/parallel.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// Every element of the index, with the element that moves and the line of self that the index chooses from.
struct Along {
    Strided at;  // operands: what moves, self with the dimension held at 0, the index
    int64_t dim, size, stride;

    explicit Along(const Dims& sizes) : at(sizes) {}
};

Along along(const Tensor& self, int64_t given_dim, const Tensor& index, const Tensor& moving) {
    Along a(index.sizes());
    const int d = wrap_dim(given_dim, self.dim());
    a.dim = d;
    a.size = self.dim() ? self.sizes()[d] : 1;
    a.stride = self.dim() ? self.strides()[d] * item_size(self.dtype()) : 0;
    // One index and a tensor of one dimension go together, whichever has no dimensions.
    Dims held = index.dim() == self.dim() ? self.strides() : Dims(index.dim(), 0);
    if (index.dim() > 0) held[d] = 0;
    a.at.add(moving.alias(index.sizes(), moving.strides(), moving->offset));
    a.at.add(self.alias(index.sizes(), held, self->offset));
    a.at.add(index);
    a.at.coalesce();
    return a;
}

// Positions of a dimension.
struct Range {
    int64_t begin = 0, end = INT64_MAX;
    bool has(int64_t at) const { return at >= begin && at < end; }
};

// Calls body(what moves, its place) for elements [begin, end) of the index, where the place is in `range`.
template <class T, class F>
void for_places(const Along& a, int64_t begin, int64_t end, const F& body, Range range = {}) {
    for_rows(a.at, begin, end, [&](char* const* data, const int64_t* steps, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
            const int64_t at =
                checked_index(*reinterpret_cast<const int64_t*>(data[2] + i * steps[2]), a.size, a.dim);
            if (!range.has(at)) continue;
            body(*reinterpret_cast<T*>(data[0] + i * steps[0]),
                 *reinterpret_cast<T*>(data[1] + i * steps[1] + at * a.stride));
        }
    });
}

// The picks of one line of self, whose elements lie side by side. Many picks use most of the line: where a cache holds
// it, it is fetched in order, which memory does faster than at random.
template <class T>
void pick_from_line(T* out, const T* line, const int64_t* index, int64_t n, const Along& a) {
    constexpr int64_t per_line = 64 / sizeof(T);  // elements of a line of the cache
    if (n * per_line >= a.size && a.size <= (int64_t{128} << 10) / int64_t{sizeof(T)})
        for (int64_t i = 0; i < a.size; i += per_line) __builtin_prefetch(line + i);
    for (int64_t i = 0; i < n; ++i) out[i] = line[checked_index(index[i], a.size, a.dim)];
}

void gather(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const Along a =
        along(call.args.tensor(0), call.args.integer(1), packed_as(call.args.tensor(2), DType::Int64), out);
    visit(out.dtype(), [&]<class T>() {
        constexpr int64_t item = sizeof(T);
        const bool lines = a.stride == item && a.at.inner_stride(0) == item && a.at.inner_stride(1) == 0 &&
                           a.at.inner_stride(2) == sizeof(int64_t);
        parallel_for(out.numel(), kGrain, [&](int64_t begin, int64_t end) {
            if (!lines) return for_places<T>(a, begin, end, [](T& moving, const T& place) { moving = place; });
            for_rows(a.at, begin, end, [&](char* const* data, const int64_t*, int64_t n) {
                pick_from_line(reinterpret_cast<T*>(data[0]), reinterpret_cast<const T*>(data[1]),
                               reinterpret_cast<const int64_t*>(data[2]), n, a);
            });
        });
    });
}

enum class Combine { Replace, Add, Multiply, Max, Min };

template <class T>
using Calculated = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float,
                                      std::conditional_t<std::is_same_v<T, bool>, int, T>>;

template <Combine how, class T>
void combine(T& place, const T& moving) {
    if constexpr (how == Combine::Replace) {
        place = moving;
    } else {
        const auto x = convert<Calculated<T>>(place), y = convert<Calculated<T>>(moving);
        if constexpr (how == Combine::Add) place = convert<T>(static_cast<Calculated<T>>(x + y));
        else if constexpr (how == Combine::Multiply) place = convert<T>(static_cast<Calculated<T>>(x * y));
        else if constexpr (how == Combine::Max) place = y > x || y != y ? moving : place;
        else place = y < x || y != y ? moving : place;
    }
}

// Positions [begin, end) of dimension d.
Tensor part_of(const Tensor& t, int d, int64_t begin, int64_t end) {
    Dims sizes = t.sizes();
    sizes[d] = end - begin;
    return t.alias(sizes, t.strides(), t->offset + begin * t.strides()[d]);
}

// The longest dimension besides `dim`: at different positions along it, indices choose different places.
int shared_dim(const Tensor& index, int dim) {
    int longest = dim == 0 ? 1 : 0;
    for (int d = 0; d < index.dim(); ++d)
        if (d != dim && index.sizes()[d] > index.sizes()[longest]) longest = d;
    return longest;
}

// More threads would do little but read indices.
constexpr int64_t kScatterParts = 4;

// Indices that choose one place are taken in order by one thread.
template <Combine how>
void scatter(const KernelCall& call) {
    const Tensor& self = call.outs[0];
    const Tensor index = packed_as(call.args.tensor(2), DType::Int64);
    if (index.numel() == 0) return;
    const Tensor& given = call.args.tensor(3);
    const Tensor src = given.dtype() == self.dtype() ? given : packed_as(given, self.dtype());
    const int64_t dim = call.args.integer(1);
    const auto run = [&](const Tensor& places, const Tensor& indices, const Tensor& moving, Range range = {}) {
        const Along a = along(places, dim, indices, moving);
        visit(self.dtype(), [&]<class T>() {
            const auto move = [](const T& from, T& place) { combine<how>(place, from); };
            for_places<T>(a, 0, indices.numel(), move, range);
        });
    };
    if (index.dim() < 2) {
        // Every thread reads all indices, and sees to those of its part of self.
        const int64_t threads = omp_in_parallel() ? 1 : omp_get_max_threads();
        const bool few = index.numel() < kAlwaysParallelGrains * kGrain;
        const int64_t parts = few ? 1 : std::min<int64_t>(threads, kScatterParts);
        if (parts == 1) return run(self, index, src);
        return in_pieces(0, self.numel(), parts, [&](int64_t begin, int64_t end) {
            run(self, index, src, {begin, end});
        });
    }
    const int d = shared_dim(index, wrap_dim(dim, self.dim()));
    const int64_t n = index.sizes()[d];
    parallel_for(n, ceil_div(kGrain, index.numel() / n), [&](int64_t begin, int64_t end) {
        run(part_of(self, d, begin, end), part_of(index, d, begin, end), part_of(src, d, begin, end));
    });
}

void masked_fill(const KernelCall& call) {
    const Tensor& self = call.outs[0];
    Strided at(self.sizes());
    at.add(self);
    at.add(call.args.tensor(1));
    at.coalesce();
    visit(self.dtype(), [&]<class T>() {
        const Value& v = call.args[2];
        const T value = v.is_tensor() ? packed_as(call.args.tensor(2), self.dtype()).template data<T>()[0]
                        : v.tag == Tag::Float ? convert<T>(v.f) : convert<T>(v.integer());
        parallel_for(self.numel(), kGrain, [&](int64_t begin, int64_t end) {
            for_rows(at, begin, end, [&](char* const* data, const int64_t* steps, int64_t n) {
                for (int64_t i = 0; i < n; ++i)
                    if (*reinterpret_cast<const bool*>(data[1] + i * steps[1]))
                        *reinterpret_cast<T*>(data[0] + i * steps[0]) = value;
            });
        });
    });
}

KERNEL(CPU, "gather", gather);
KERNEL(CPU, "_scatter", scatter<Combine::Replace>);
KERNEL(CPU, "scatter_add", scatter<Combine::Add>);
KERNEL(CPU, "_scatter_multiply", scatter<Combine::Multiply>);
KERNEL(CPU, "_scatter_max", scatter<Combine::Max>);
KERNEL(CPU, "_scatter_min", scatter<Combine::Min>);
KERNEL(CPU, "masked_fill", masked_fill);

}  // namespace
}  // namespace bestiary::cpu
