// Powers and roots.
#include "cpu/isa/loops.h"
#include "cpu/isa/vector_math.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Sqrt {
    T operator()(T x) const { return std::sqrt(x); }
};
template <class T>
struct Rsqrt {
    T operator()(T x) const { return T(1) / std::sqrt(x); }
};
template <class T>
struct Reciprocal {
    T operator()(T x) const { return T(1) / x; }
};

// By repeated squaring, wrapping; a negative exponent gives the rounded-down reciprocal, which only 1 and -1 have.
template <class T>
T integer_power(T base, T exponent) {
    if (exponent < T(0)) {
        if (base == T(1)) return T(1);
        const bool even = (exponent & T(1)) == T(0);
        return base == static_cast<T>(-1) ? (even ? T(1) : base) : T(0);
    }
    uint64_t result = 1, square = static_cast<uint64_t>(base);
    for (uint64_t e = static_cast<uint64_t>(exponent); e != 0; e >>= 1) {
        if (e & 1) result *= square;
        square *= square;
    }
    return static_cast<T>(result);
}

template <class T>
struct Pow {
    T operator()(T x, T y) const {
        if constexpr (std::is_floating_point_v<T>) return v_pow(x, y);
        else return integer_power(x, y);
    }
};
template <class T>
struct Identity {
    T operator()(T x) const { return x; }
};
template <class T>
struct Squared {
    T operator()(T x) const { return x * x; }
};
template <class T>
struct Cubed {
    T operator()(T x) const { return x * x * x; }
};

// The exponents that programs write as a number are worth loops of their own.
template <class T>
void pow_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    if constexpr (std::is_floating_point_v<T>) {
        const T exponent = load<T>(data[2]);
        if (strides[2] == 0 && exponent == T(1)) return unary_loop<Identity<T>, T, T>(data, strides, n, params);
        if (strides[2] == 0 && exponent == T(2)) return unary_loop<Squared<T>, T, T>(data, strides, n, params);
        if (strides[2] == 0 && exponent == T(3)) return unary_loop<Cubed<T>, T, T>(data, strides, n, params);
        if (strides[2] == 0 && exponent == T(0.5)) return unary_loop<Sqrt<T>, T, T>(data, strides, n, params);
        if (strides[2] == 0 && exponent == T(-0.5)) return unary_loop<Rsqrt<T>, T, T>(data, strides, n, params);
        if (strides[2] == 0 && exponent == T(-1)) return unary_loop<Reciprocal<T>, T, T>(data, strides, n, params);
    }
    binary_loop<Pow<T>, T, T>(data, strides, n, params);
}

template <class... T>
void powers(Types<T...>) {
    (register_loop("pow", dtype_of<T>(), IsaLevel::ISA, pow_loop<T>), ...);
}

LOOPS {
    unary<Sqrt>("sqrt", Floats{});
    unary<Rsqrt>("rsqrt", Floats{});
    unary<Reciprocal>("reciprocal", Floats{});
    powers(Numbers{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
