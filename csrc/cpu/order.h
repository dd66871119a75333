// The order of elements as the order of unsigned numbers.
#pragma once

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "core/dtype.h"

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

template <class K>
struct Keyed {
    K key;
    uint32_t index;

    bool operator<(const Keyed& other) const {
        return key < other.key || (key == other.key && index < other.index);
    }
};

// The elements of a line with their keys, which are inverted to sort the other way; equal ones keep their
// order.
template <class T>
void read_keys(const T* line, int64_t n, int64_t step, bool descending, std::vector<Keyed<Key<T>>>& keys) {
    keys.resize(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
        const Key<T> key = order_key(line[i * step]);
        keys[static_cast<size_t>(i)] = {descending ? static_cast<Key<T>>(~key) : key, static_cast<uint32_t>(i)};
    }
}

// Sorts by key, stably. `spare` is room to work in.
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

}  // namespace bestiary::cpu
