// Rounding.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T, class F>
inline T unless_integer(T x, F f) {
    if constexpr (std::is_integral_v<T>) return x;
    else return f(x);
}

template <class T>
struct Floor {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::floor(v); });
    }
};
template <class T>
struct Ceil {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::ceil(v); });
    }
};
template <class T>
struct Trunc {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::trunc(v); });
    }
};
template <class T>
struct Frac {
    T operator()(T x) const { return x - std::trunc(x); }
};

// Half to even.
template <class T>
struct Nearest {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::nearbyint(v); });
    }
};
// The same at a number of decimals; powers of ten above 1 are exact, those below are not.
template <class T>
struct RoundDecimals {
    T up = T(1), down = T(1);
    explicit RoundDecimals(const double* params) {
        (params[0] >= 0 ? up : down) = static_cast<T>(std::pow(10.0, std::abs(params[0])));
    }
    T operator()(T x) const { return std::nearbyint(x * up / down) * down / up; }
};
template <class T>
void round_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    if constexpr (std::is_floating_point_v<T>)
        if (params[0] != 0) return unary_loop<RoundDecimals<T>, T, T>(data, strides, n, params);
    unary_loop<Nearest<T>, T, T>(data, strides, n, params);
}
template <class... T>
void rounding(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, round_loop<T>), ...);
}

LOOPS {
    unary<Floor>("floor", Numbers{});
    unary<Ceil>("ceil", Numbers{});
    unary<Trunc>("trunc", Numbers{});
    unary<Frac>("frac", Floats{});
    rounding("round", Numbers{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
