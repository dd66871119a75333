// Writing at one index per element along a dimension.
#include "cpu/contiguous.h"
#include "cpu/gather.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

enum class Combine { Replace, Add, Multiply, Max, Min };

template <class T>
using Calculated = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float,
                                      std::conditional_t<std::is_same_v<T, bool>, int, T>>;

template <Combine how, class T>
void combine(T& into, const T& moving) {
    if constexpr (how == Combine::Replace) {
        into = moving;
    } else {
        const auto x = convert<Calculated<T>>(into), y = convert<Calculated<T>>(moving);
        if constexpr (how == Combine::Add) into = convert<T>(static_cast<Calculated<T>>(x + y));
        else if constexpr (how == Combine::Multiply) into = convert<T>(static_cast<Calculated<T>>(x * y));
        else if constexpr (how == Combine::Max) into = y > x || y != y ? moving : into;
        else into = y < x || y != y ? moving : into;
    }
}

// Indices [begin, end) of dimension d.
Tensor part_of(const Tensor& t, int d, int64_t begin, int64_t end) {
    Dims sizes = t.sizes();
    sizes[d] = end - begin;
    return t.alias(sizes, t.strides(), t->offset + begin * t.strides()[d]);
}

// The longest dimension besides `dim`: at different positions along it, indices select different elements.
int shared_dim(const Tensor& index, int dim) {
    int longest = dim == 0 ? 1 : 0;
    for (int d = 0; d < index.dim(); ++d)
        if (d != dim && index.sizes()[d] > index.sizes()[longest]) longest = d;
    return longest;
}

// More threads would do little but read indices.
constexpr int64_t kScatterParts = 4;

// Elements for one of self are taken in order by one thread.
template <Combine how>
void scatter(const KernelCall& call, const Tensor&, int64_t dim, const Tensor& given_index, const Tensor& given) {
    const Tensor& self = call.outs[0];
    const Tensor index = packed_as(given_index, DType::Int64);
    if (index.numel() == 0) return;
    const Tensor src = given.dtype() == self.dtype() ? given : packed_as(given, self.dtype());
    const auto run = [&](const Tensor& into, const Tensor& indices, const Tensor& moving, IndexRange range = {}) {
        const IndexAlongDim along(into, dim, indices, moving);
        visit(self.dtype(), [&]<class T>() {
            const auto move = [](const T& from, T& selected) { combine<how>(selected, from); };
            for_selected<T>(along, 0, indices.numel(), move, range);
        });
    };
    if (index.dim() < 2) {
        // Every thread reads all indices, and moves the elements for its part of self.
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

KERNEL(CPU, "_scatter", scatter<Combine::Replace>);
KERNEL(CPU, "scatter_add", scatter<Combine::Add>);
KERNEL(CPU, "_scatter_multiply", scatter<Combine::Multiply>);
KERNEL(CPU, "_scatter_max", scatter<Combine::Max>);
KERNEL(CPU, "_scatter_min", scatter<Combine::Min>);

}  // namespace
}  // namespace bestiary::cpu
