// The order of elements as the order of unsigned numbers.
#pragma once

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "core/dtype.h"
#include "cpu/dim_view.h"

namespace bestiary::cpu {

template <class T>
using Key = std::conditional_t<(sizeof(T) <= 4), uint32_t, uint64_t>;

// x <= y just when order_key(x) <= order_key(y); every nan comes last, and -0 equals 0.
template <class T>
Key<T> order_key(T x) {
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
        return order_key(static_cast<float>(x));
    } else if constexpr (std::is_floating_point_v<T>) {
        using K = Key<T>;
        constexpr K sign = K{1} << (8 * sizeof(T) - 1);
        if (x != x) return ~K{0};
        const K bits = std::bit_cast<K>(x + T(0));
        return bits & sign ? ~bits : bits | sign;
    } else if constexpr (std::is_signed_v<T>) {
        constexpr Key<T> sign = Key<T>{1} << (8 * sizeof(Key<T>) - 1);
        return static_cast<Key<T>>(x) ^ sign;
    } else {
        return static_cast<Key<T>>(x);
    }
}

// Equality of the elements that have these keys: nan equals nothing.
template <class T>
bool same(Key<T> a, Key<T> b) {
    return a == b && !(is_floating(dtype_of<T>()) && a == ~Key<T>{0});
}

template <class K>
struct Keyed {
    uint32_t index;
    K key;

    bool operator<(const Keyed& other) const {
        if constexpr (sizeof(Keyed) == sizeof(uint64_t) && std::endian::native == std::endian::little)
            return std::bit_cast<uint64_t>(*this) < std::bit_cast<uint64_t>(other);
        else return key < other.key || (key == other.key && index < other.index);
    }
};

// Elements `step` apart with their keys, which are inverted to sort the other way; equal ones keep their order.
template <class T>
struct KeyedLine {
    using Item = Keyed<Key<T>>;
    const T* first;
    int64_t n, step;
    bool descending;

    Item operator[](int64_t i) const {
        const Key<T> key = order_key(first[i * step]);
        return {static_cast<uint32_t>(i), descending ? static_cast<Key<T>>(~key) : key};
    }
    void read(std::vector<Item>& keys) const {
        keys.resize(static_cast<size_t>(n));
        for (int64_t i = 0; i < n; ++i) keys[static_cast<size_t>(i)] = (*this)[i];
    }
    // The k smallest, in order, where k is so small that most elements need one comparison.
    void read_smallest(int64_t k, std::vector<Item>& keys) const {
        keys.clear();
        if (k == 0) return;
        for (int64_t i = 0; i < k; ++i) keys.push_back((*this)[i]);
        std::make_heap(keys.begin(), keys.end());
        for (int64_t i = k; i < n; ++i) {
            const Item item = (*this)[i];
            if (item.key >= keys.front().key) continue;
            std::pop_heap(keys.begin(), keys.end());
            keys.back() = item;
            std::push_heap(keys.begin(), keys.end());
        }
        std::sort_heap(keys.begin(), keys.end());
    }
};

// Brings the k smallest to the front. Keys that share the digit of the last of them are compared, all others are
// distinguished by their digit alone. `spare` is memory to work in.
template <class K>
void select_keys(std::vector<Keyed<K>>& keys, size_t k, std::vector<Keyed<K>>& spare) {
    constexpr size_t kFew = 128;
    constexpr int kBits = 10;
    if (k == 0 || k >= keys.size()) return;
    if (keys.size() < kFew) return std::nth_element(keys.begin(), keys.begin() + k, keys.end());
    K varying = 0;
    for (const Keyed<K>& item : keys) varying |= item.key ^ keys[0].key;
    const int shift = std::max(static_cast<int>(std::bit_width(varying)) - kBits, 0);
    const auto digit_of = [shift](const Keyed<K>& item) {
        return static_cast<uint32_t>(item.key >> shift) & ((1 << kBits) - 1);
    };
    uint32_t count[1 << kBits] = {}, digit = 0;
    for (const Keyed<K>& item : keys) ++count[digit_of(item)];
    size_t below = 0;
    while (below + count[digit] < k) below += count[digit++];
    spare.resize(keys.size());
    size_t less = 0, equal = 0;
    for (const Keyed<K> item : keys) {
        const uint32_t d = digit_of(item);
        spare[less] = item;
        less += d < digit;
        keys[equal] = item;
        equal += d == digit;
    }
    std::nth_element(keys.begin(), keys.begin() + (k - below), keys.begin() + equal);
    std::copy_n(keys.begin(), k - below, spare.begin() + below);
    keys.swap(spare);
}

// Sorts by key, stably. `spare` is memory to work in.
template <class K>
void sort_keys(std::vector<Keyed<K>>& keys, std::vector<Keyed<K>>& spare) {
    constexpr size_t kFew = 512;  // below, counting digits costs more than comparing
    if (keys.size() < kFew) return std::sort(keys.begin(), keys.end());
    K varying = 0;
    for (const Keyed<K>& item : keys) varying |= item.key ^ keys[0].key;
    spare.resize(keys.size());
    for (int shift = 0; shift < static_cast<int>(8 * sizeof(K)); shift += 8) {
        if ((varying >> shift & 255) == 0) continue;  // all share this digit
        uint32_t count[256] = {}, at = 0;
        for (const Keyed<K>& item : keys) ++count[item.key >> shift & 255];
        for (uint32_t& digit : count) at += std::exchange(digit, at);
        for (const Keyed<K>& item : keys) spare[count[item.key >> shift & 255]++] = item;
        keys.swap(spare);
    }
}

// Keys are counted in 32 bits.
inline void check_number_of_keys(const Tensor& self) {
    check(self.numel() <= std::numeric_limits<uint32_t>::max(), "self: ", self.numel(), " elements are too many");
}

// Calls body(line number, KeyedLine, keys, spare) for every line of a packed tensor. Body may work in keys and spare.
template <class F>
void for_lines(const Tensor& self, int64_t dim, bool descending, const F& body) {
    const DimView lines(self.sizes(), dim);
    check(lines.n <= std::numeric_limits<uint32_t>::max(), "self: dimension ", dim, " of size ", lines.n,
          " is too long to sort");
    visit(self.dtype(), [&]<class T>() {
        lines.share([&](int64_t begin, int64_t end) {
            std::vector<Keyed<Key<T>>> keys, spare;
            for (int64_t line = begin; line < end; ++line)
                body(line, KeyedLine<T>{self.data<T>() + lines.start(line), lines.n, lines.inner, descending}, keys,
                     spare);
        });
    });
}

}  // namespace bestiary::cpu
