// The extreme of a dimension and where it is.
#include <vector>

#include "cpu/contiguous.h"
#include "cpu/dim_view.h"
#include "cpu/parallel.h"
#include "cpu/reduce.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kShort = 16;     // elements of rows that are searched side by side,
constexpr int64_t kShortRows = 256;  // so many at a time
constexpr int64_t kBlock = 1024;   // searched again once its extreme is known to win
constexpr int64_t kChunk = 65536;  // of a row, looked through by one task
constexpr int64_t kTile = 1024;    // columns

struct Order {
    explicit Order(const std::string& name)
        : fold(name), columns(find_loops(name + ".arg_columns")), greater(name == "max") {}

    Reducer fold;
    const LoopSet* columns;
    bool greater;

    template <class T>
    bool beats(T x, T best) const {
        if (x != x) return best == best;
        return greater ? x > best : x < best;
    }
};

// A packed input seen as lines, and the results of the same order without the lines' dimension.
struct Search : DimView {
    const Order& order;
    Tensor in, values, indices;
};

template <class T>
struct Found {
    T value;
    int64_t index;
};

template <class T>
Found<T> search_row(const Order& order, const T* p, int64_t n) {
    const Loop identity = order.fold.identity(dtype_of<T>()), rows = order.fold.rows(dtype_of<T>());
    const int64_t strides[] = {0, 0};
    const double one[] = {1};
    Found<T> found{};
    for (int64_t at = 0; at < n; at += kBlock) {
        T extreme;
        char* const data[] = {reinterpret_cast<char*>(&extreme),
                              reinterpret_cast<char*>(const_cast<T*>(p + at))};
        identity(data, nullptr, 1, nullptr);
        rows(data, strides, std::min(kBlock, n - at), one);
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

// Searches `width` neighbouring columns, whose rows lie `step` elements apart, for results `at` and following.
template <class T>
void search_tile(const Search& s, const T* first, int64_t step, int64_t width, int64_t at) {
    char* const data[] = {reinterpret_cast<char*>(s.values.data<T>() + at),
                          reinterpret_cast<char*>(s.indices.data<int64_t>() + at),
                          reinterpret_cast<char*>(const_cast<T*>(first))};
    const int64_t strides[] = {0, 0, step * static_cast<int64_t>(sizeof(T))};
    const double rows[] = {static_cast<double>(s.n)};
    s.order.columns->get(dtype_of<T>())(data, strides, width, rows);
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

// Turned into columns, rows of a few elements are searched many at once.
template <class T>
void search_short_rows(const Search& s) {
    parallel_for(s.outer, ceil_div(kGrain, s.n), [&](int64_t begin, int64_t end) {
        T turned[kShort * kShortRows];
        for (int64_t at = begin; at < end; at += kShortRows) {
            const int64_t rows = std::min(kShortRows, end - at);
            const T* p = s.in.data<T>() + at * s.n;
            for (int64_t r = 0; r < rows; ++r)
                for (int64_t j = 0; j < s.n; ++j) turned[j * kShortRows + r] = p[r * s.n + j];
            search_tile(s, turned, kShortRows, rows, at);
        }
    });
}

Search search_of(const Order& order, const KernelCall& call, const Tensor& indices) {
    const Tensor& self = call.args.tensor(0);
    const DimView lines = call.args.none(1) ? DimView({self.numel()}, 0) : DimView(self.sizes(), call.args.integer(1));
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

const Order& largest() {
    static const Order order("max");
    return order;
}
const Order& smallest() {
    static const Order order("min");
    return order;
}

void with_values(const Order& order, const KernelCall& call) {
    copy_into(call.outs[0], search_of(order, call, call.outs[1]).values);
}

KERNEL(CPU, "max.dim", [](const KernelCall& c) { with_values(largest(), c); });
KERNEL(CPU, "min.dim", [](const KernelCall& c) { with_values(smallest(), c); });
KERNEL(CPU, "argmax", [](const KernelCall& c) { search_of(largest(), c, c.outs[0]); });
KERNEL(CPU, "argmin", [](const KernelCall& c) { search_of(smallest(), c, c.outs[0]); });

}  // namespace
}  // namespace bestiary::cpu
