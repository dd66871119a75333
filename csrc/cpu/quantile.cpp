// Order statistics: quantiles, medians, modes.
#include <algorithm>
#include <limits>

#include "cpu/contiguous.h"
#include "cpu/sort_keys.h"

namespace bestiary::cpu {
namespace {

// The index of the first nan; -1 if there is none.
template <class T>
int64_t first_nan(const std::vector<Keyed<Key<T>>>& keys) {
    if (!is_floating(dtype_of<T>())) return -1;
    for (const Keyed<Key<T>>& item : keys)
        if (item.key == ~Key<T>{0}) return item.index;
    return -1;
}

// The index of the element of rank k, where `keys` are those of all elements.
template <class K>
int64_t index_of_kth(std::vector<Keyed<K>>& keys, std::vector<Keyed<K>>& spare, int64_t k) {
    select_keys(keys, static_cast<size_t>(k) + 1, spare);
    return std::max_element(keys.begin(), keys.begin() + k + 1)->index;
}

void kth(const KernelCall& call, const Tensor& given, int64_t dim, bool, int64_t k, bool nan_wins) {
    for_lines(packed(given), dim, false, [&]<class T>(int64_t at, const KeyedLine<T>& line, auto& keys, auto& spare) {
        line.read(keys);
        int64_t index = nan_wins ? first_nan<T>(keys) : -1;
        if (index < 0) index = index_of_kth(keys, spare, k);
        call.outs[0].data<T>()[at] = line.first[index * line.step];
        call.outs[1].data<int64_t>()[at] = index;
    });
}

// Of all elements.
void median(const KernelCall& call, const Tensor& given, const Value&, bool, bool skip_nan) {
    const Tensor self = packed(given);
    check_number_of_keys(self);
    visit(self.dtype(), [&]<class T>() {
        T& out = call.outs[0].data<T>()[0];
        if (self.numel() == 0) {
            check(is_floating(self.dtype()), "self: expected elements, got shape ", self.sizes());
            out = convert<T>(std::numeric_limits<double>::quiet_NaN());
            return;
        }
        std::vector<Keyed<Key<T>>> keys, spare;
        KeyedLine<T>{self.data<T>(), self.numel(), 1, false}.read(keys);
        int64_t index = first_nan<T>(keys), count = self.numel();
        if (index >= 0 && skip_nan) {
            count = std::ranges::count_if(keys, [](const auto& item) { return item.key != ~Key<T>{0}; });
            if (count > 0) index = -1;
        }
        out = self.data<T>()[index >= 0 ? index : index_of_kth(keys, spare, (count - 1) / 2)];
    });
}

// The last index of the longest run of equal elements in the order of the keys, the first of several such runs.
template <class K>
int64_t end_of_longest_run(const std::vector<Keyed<K>>& keys) {
    size_t longest = 0, end = 0;
    for (size_t i = 0, start = 0; i < keys.size(); ++i) {
        if (keys[i].key != keys[start].key) start = i;
        if (i - start + 1 > longest) {
            longest = i - start + 1;
            end = i;
        }
    }
    return keys[end].index;
}

void mode(const KernelCall& call, const Tensor& self, int64_t dim) {
    int64_t* const out = call.outs[0].data<int64_t>();
    for_lines(packed(self), dim, false, [&]<class T>(int64_t at, const KeyedLine<T>& line, auto& keys, auto& spare) {
        line.read(keys);
        sort_keys(keys, spare);
        out[at] = end_of_longest_run(keys);
    });
}

KERNEL(CPU, "_kth", kth);
KERNEL(CPU, "_median", median);
KERNEL(CPU, "_mode", mode);

}  // namespace
}  // namespace bestiary::cpu
