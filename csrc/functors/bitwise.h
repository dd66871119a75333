// Bits of integers and bools.
#pragma once

#include "functors/functor.h"

namespace bestiary::functors {

template <class T>
struct BitAnd {
    BESTIARY_HD T operator()(T x, T y) const { return static_cast<T>(x & y); }
};
template <class T>
struct BitOr {
    BESTIARY_HD T operator()(T x, T y) const { return static_cast<T>(x | y); }
};
template <class T>
struct BitXor {
    BESTIARY_HD T operator()(T x, T y) const { return static_cast<T>(x ^ y); }
};
template <class T>
struct BitNot {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsSame<T, bool>) return !x;
        else return static_cast<T>(~x);
    }
};

// Shifting by the width or more shifts every bit out; by a negative number too.
template <class T>
BESTIARY_HD inline bool shifts_all(T by) {
    return by < T(0) || by >= static_cast<T>(8 * sizeof(T));
}
template <class T>
struct ShiftLeft {
    BESTIARY_HD T operator()(T x, T by) const {
        return shifts_all(by) ? T(0) : static_cast<T>(static_cast<uint64_t>(x) << static_cast<uint64_t>(by));
    }
};
template <class T>
struct ShiftRight {
    BESTIARY_HD T operator()(T x, T by) const {
        const T sign = x < T(0) ? static_cast<T>(-1) : T(0);
        return shifts_all(by) ? sign : static_cast<T>(x >> by);
    }
};

template <class Visit>
BESTIARY_HOST void bitwise_ops(Visit visit) {
    visit("bitwise_and", Binary<BitAnd, Bits>());
    visit("bitwise_or", Binary<BitOr, Bits>());
    visit("bitwise_xor", Binary<BitXor, Bits>());
    visit("bitwise_not", Unary<BitNot, Bits>());
    visit("bitwise_left_shift", Binary<ShiftLeft, Ints>());
    visit("bitwise_right_shift", Binary<ShiftRight, Ints>());
}

}  // namespace bestiary::functors
