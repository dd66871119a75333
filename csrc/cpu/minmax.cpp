// Largest and smallest elements, and their indices.
#include <vector>

#include "cpu/contiguous.h"
#include "cpu/dim_view.h"
#include "cpu/isa/minmax.h"
#include "cpu/parallel.h"
#include "cpu/reduce.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kShort = 16;       // the most elements of rows that are searched side by side
constexpr int64_t kShortRows = 256;  // the number of such rows
constexpr int64_t kBlock = 1024;     // elements searched again once their extreme is known to win
constexpr int64_t kChunk = 65536;    // elements of a row searched by one task
constexpr int64_t kTile = 1024;      // columns

struct Order {
    ReductionByType ReductionKernels::*reduction;
    bool greater;

    template <class T>
    bool beats(T x, T best) const {
        if (x != x) return best == best;
        return greater ? x > best : x < best;
    }
};

constexpr Order kLargest{&ReductionKernels::max, true}, kSmallest{&ReductionKernels::min, false};

// A packed input seen as lines, and the results of the same order without the lines' dimension.
struct Search : DimView {
    Order order;
    Tensor in, values, indices;
};

template <class T>
struct Found {
    T value;
    int64_t index;
};

template <class T>
Found<T> search_row(Order order, const T* p, int64_t n) {
    const Reduction& fold = reduction_of(reductions().*order.reduction, dtype_of<T>());
    Found<T> found{};
    for (int64_t at = 0; at < n; at += kBlock) {
        T extreme;
        char* const acc = reinterpret_cast<char*>(&extreme);
        fold.identity(acc, 1);
        fold.rows({acc, reinterpret_cast<const char*>(p + at), 1, std::min(kBlock, n - at), 0});
        if (at == 0 || order.beats(extreme, found.value)) found = {extreme, at};
    }
    const T wanted = found.value;
    const auto matches = [&](T x) { return x == wanted || (x != x && wanted != wanted); };
    while (!matches(p[found.index])) ++found.index;
    return found;
}

// Long rows are searched in chunks of fixed size.
template <class T>
void search_rows(const Search& s) {
    const int64_t chunks = ceil_div(s.n, kChunk);
    std::vector<Found<T>> found(static_cast<size_t>(chunks * s.outer));
    parallel_for(chunks * s.outer, ceil_div(kGrain, std::min(s.n, kChunk)), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t first = task % chunks * kChunk;
            const T* row = s.in.data<T>() + task / chunks * s.n;
            Found<T>& here = found[static_cast<size_t>(task)] =
                search_row(s.order, row + first, std::min(kChunk, s.n - first));
            here.index += first;
        }
    });
    for (int64_t o = 0; o < s.outer; ++o) {
        const Found<T>* of_row = &found[static_cast<size_t>(o * chunks)];
        const Found<T>* best = of_row;
        for (int64_t c = 1; c < chunks; ++c)
            if (s.order.beats(of_row[c].value, best->value)) best = of_row + c;
        s.values.data<T>()[o] = best->value;
        s.indices.data<int64_t>()[o] = best->index;
    }
}

// Searches `width` neighbouring columns, whose rows are `step` elements apart, for results `at` and following.
template <class T>
void search_tile(const Search& s, const T* first, int64_t step, int64_t width, int64_t at) {
    const auto search = s.order.greater ? kernels<MinMaxKernels<T>>().max : kernels<MinMaxKernels<T>>().min;
    search({s.values.data<T>() + at, s.indices.data<int64_t>() + at, first, s.n, width, step});
}

template <class T>
void search_columns(const Search& s) {
    const int64_t tiles = ceil_div(s.inner, kTile), grain = ceil_div(kGrain, s.n * std::min(s.inner, kTile));
    parallel_for(s.outer * tiles, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t o = task / tiles, column = task % tiles * kTile;
            search_tile(s, s.in.data<T>() + o * s.n * s.inner + column, s.inner,
                        std::min(kTile, s.inner - column), o * s.inner + column);
        }
    });
}

// Rows of a few elements are transposed, and many searched at once.
template <class T>
void search_short_rows(const Search& s) {
    parallel_for(s.outer, ceil_div(kGrain, s.n), [&](int64_t begin, int64_t end) {
        T transposed[kShort * kShortRows];
        for (int64_t at = begin; at < end; at += kShortRows) {
            const int64_t rows = std::min(kShortRows, end - at);
            const T* p = s.in.data<T>() + at * s.n;
            for (int64_t r = 0; r < rows; ++r)
                for (int64_t j = 0; j < s.n; ++j) transposed[j * kShortRows + r] = p[r * s.n + j];
            search_tile(s, transposed, kShortRows, rows, at);
        }
    });
}

// Along `dim`, or through all elements if there is none.
Search search(Order order, const Tensor& self, std::optional<int64_t> dim, const Tensor& indices) {
    const DimView lines = dim ? DimView(self.sizes(), *dim) : DimView({self.numel()}, 0);
    Search s{lines, order, packed_as(self, compute_type(self.dtype())), Tensor(), indices};
    s.values = Tensor::empty(indices.sizes(), s.in.dtype());
    if (indices.numel() == 0) return s;
    visit(s.in.dtype(), [&]<class T>() {
        if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
            fail(ErrorKind::Type, "16-bit floats are searched as float32");
        else if (s.inner == 1 && s.n <= kShort)
            search_short_rows<T>(s);
        else if (s.inner == 1)
            search_rows<T>(s);
        else
            search_columns<T>(s);
    });
    return s;
}

template <ReductionByType ReductionKernels::*Types>
void extreme(const KernelCall& call, const Tensor& self, const Value& dim) {
    reduce_into(call.outs[0], reductions().*Types, self, dim_mask(dim, self.dim()));
}

template <Order order>
void extreme_along(const KernelCall& call, const Tensor& self, int64_t dim) {
    copy_into(call.outs[0], search(order, self, dim, call.outs[1]).values);
}

template <Order order>
void index_of_extreme(const KernelCall& call, const Tensor& self, std::optional<int64_t> dim) {
    search(order, self, dim, call.outs[0]);
}

KERNEL(CPU, "amax", extreme<&ReductionKernels::max>);
KERNEL(CPU, "amin", extreme<&ReductionKernels::min>);
KERNEL(CPU, "max.dim", extreme_along<kLargest>);
KERNEL(CPU, "min.dim", extreme_along<kSmallest>);
KERNEL(CPU, "argmax", index_of_extreme<kLargest>);
KERNEL(CPU, "argmin", index_of_extreme<kSmallest>);

}  // namespace
}  // namespace bestiary::cpu
