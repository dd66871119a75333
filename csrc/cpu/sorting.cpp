// Sorting, the largest few, binary search.
#include <algorithm>

#include "cpu/contiguous.h"
#include "cpu/sort_keys.h"

namespace bestiary::cpu {
namespace {

// Writes the elements of every line that arrange(line, keys, spare) leaves in front.
template <class F>
void write_arranged(const KernelCall& call, const Tensor& given, int64_t dim, bool descending, const F& arrange) {
    const Tensor self = packed(given);
    const Tensor &values = call.outs[0], &indices = call.outs[1];
    const DimView lines(self.sizes(), dim);
    const int64_t wanted = self.dim() == 0 ? 1 : values.size(dim);
    for_lines(self, dim, descending, [&]<class T>(int64_t line, const KeyedLine<T>& from, auto& keys, auto& spare) {
        arrange(from, keys, spare);
        T* value = values.data<T>() + lines.start(line, wanted);
        int64_t* index = indices.data<int64_t>() + lines.start(line, wanted);
        for (int64_t i = 0; i < wanted; ++i) {
            const int64_t selected = keys[static_cast<size_t>(i)].index;
            value[i * lines.inner] = from.first[selected * lines.inner];
            index[i * lines.inner] = selected;
        }
    });
}

void sort(const KernelCall& call, const Tensor& self, int64_t dim, bool descending) {
    write_arranged(call, self, dim, descending, [](const auto& line, auto& keys, auto& spare) {
        line.read(keys);
        sort_keys(keys, spare);
    });
}

void topk(const KernelCall& call, const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted) {
    write_arranged(call, self, dim, largest, [&](const auto& line, auto& keys, auto& spare) {
        if (k * 64 <= line.n) return line.read_smallest(k, keys);
        line.read(keys);
        select_keys(keys, static_cast<size_t>(k), spare);
        if (sorted) std::sort(keys.begin(), keys.begin() + k);
    });
}

// The index at which each value would go into its line of the sorted sequence.
void searchsorted(const KernelCall& call, const Tensor& sorted, const Tensor& given, bool right) {
    const DType type = promote(sorted.dtype(), given.dtype());
    const Tensor sequence = packed_as(sorted, type), values = packed_as(given, type);
    const int64_t n = sequence.dim() ? sequence.sizes().back() : 1;
    const int64_t per_line = sequence.dim() == 1 || values.dim() == 0 ? values.numel() : values.sizes().back();
    int64_t* out = call.outs[0].data<int64_t>();
    visit(type, [&]<class T>() {
        const auto before = [](T a, T b) { return order_key(a) < order_key(b); };
        parallel_for(values.numel(), kGrain / 16, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const T* first = sequence.data<T>() + (sequence.dim() == 1 ? 0 : i / per_line * n);
                const T value = values.data<T>()[i];
                out[i] = (right ? std::upper_bound(first, first + n, value, before)
                                : std::lower_bound(first, first + n, value, before)) -
                         first;
            }
        });
    });
}

KERNEL(CPU, "sort", sort);
KERNEL(CPU, "topk", topk);
KERNEL(CPU, "_searchsorted", searchsorted);

}  // namespace
}  // namespace bestiary::cpu
