// Bits of integers and bools.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct BitAnd {
    T operator()(T x, T y) const { return static_cast<T>(x & y); }
};
template <class T>
struct BitOr {
    T operator()(T x, T y) const { return static_cast<T>(x | y); }
};
template <class T>
struct BitXor {
    T operator()(T x, T y) const { return static_cast<T>(x ^ y); }
};
template <class T>
struct BitNot {
    T operator()(T x) const {
        if constexpr (std::is_same_v<T, bool>) return !x;
        else return static_cast<T>(~x);
    }
};

// Shifting by the width or more shifts every bit out; by a negative number too.
template <class T>
inline bool shifts_all(T by) {
    return by < T(0) || by >= static_cast<T>(8 * sizeof(T));
}
template <class T>
struct ShiftLeft {
    T operator()(T x, T by) const {
        return shifts_all(by) ? T(0) : static_cast<T>(static_cast<uint64_t>(x) << static_cast<uint64_t>(by));
    }
};
template <class T>
struct ShiftRight {
    T operator()(T x, T by) const {
        const T sign = x < T(0) ? static_cast<T>(-1) : T(0);
        return shifts_all(by) ? sign : static_cast<T>(x >> by);
    }
};

LOOPS {
    using Bits = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t>;
    binary<BitAnd>("bitwise_and", Bits{});
    binary<BitOr>("bitwise_or", Bits{});
    binary<BitXor>("bitwise_xor", Bits{});
    unary<BitNot>("bitwise_not", Bits{});
    binary<ShiftLeft>("bitwise_left_shift", Ints{});
    binary<ShiftRight>("bitwise_right_shift", Ints{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
