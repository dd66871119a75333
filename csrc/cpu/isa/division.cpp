// Division and its remainders. The quotient of integers is rounded; a divisor of 0 is an error.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Div {
    T operator()(T x, T y) const { return x / y; }
};

// The lowest integer divided by -1 wraps instead of trapping.
template <class T>
inline bool is_minus_one(T y) {
    return std::is_signed_v<T> && y == static_cast<T>(-1);
}
template <class T>
inline T negated(T x) {
    return static_cast<T>(uint64_t{0} - static_cast<uint64_t>(x));
}

template <class T>
struct TruncDiv {
    T operator()(T x, T y) const {
        if constexpr (std::is_floating_point_v<T>) return std::trunc(x / y);
        else return is_minus_one(y) ? negated(x) : static_cast<T>(x / y);
    }
};

template <class T>
struct Fmod {
    T operator()(T x, T y) const {
        if constexpr (std::is_floating_point_v<T>) return std::fmod(x, y);
        else return is_minus_one(y) ? T(0) : static_cast<T>(x % y);
    }
};

// The remainder that has the sign of the divisor, as Python's %.
template <class T>
struct Remainder {
    T operator()(T x, T y) const {
        const T r = Fmod<T>()(x, y);
        return r != T(0) && (r < T(0)) != (y < T(0)) ? static_cast<T>(r + y) : r;
    }
};

// As Python's //: x - remainder is divisible, so that the quotient is right where x / y rounds up to an integer.
template <class T>
struct FloorDiv {
    T operator()(T x, T y) const {
        if constexpr (std::is_floating_point_v<T>) {
            if (y == T(0)) return x / y;
            const T r = std::fmod(x, y);
            T exact = (x - r) / y;
            if (r != T(0) && (r < T(0)) != (y < T(0))) exact -= T(1);
            if (exact == T(0)) return std::copysign(T(0), x / y);
            const T low = std::floor(exact);
            return exact - low > T(0.5) ? low + T(1) : low;
        } else {
            const T q = TruncDiv<T>()(x, y);
            return Fmod<T>()(x, y) != T(0) && (x < T(0)) != (y < T(0)) ? static_cast<T>(q - 1) : q;
        }
    }
};

template <class T>
bool has_zero(const char* at, int64_t stride, int64_t n) {
    if (stride == 0) n = 1;
    bool found = false;
    for (int64_t i = 0; i < n; ++i) found |= load<T>(at + i * stride) == T(0);
    return found;
}

template <class F, class T>
void checked_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    if constexpr (std::is_integral_v<T>)
        if (has_zero<T>(data[2], strides[2], n)) division_by_zero();
    binary_loop<F, T, T>(data, strides, n, params);
}

template <template <class> class F, class... T>
void division(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, checked_loop<F<T>, T>), ...);
}

LOOPS {
    binary<Div>("div", Floats{});
    division<TruncDiv>("_trunc_divide", Numbers{});
    division<FloorDiv>("floor_divide", Numbers{});
    division<Remainder>("remainder", Numbers{});
    division<Fmod>("fmod", Numbers{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
