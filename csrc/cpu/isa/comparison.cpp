// Comparisons, tests and choices.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Eq {
    bool operator()(T x, T y) const { return x == y; }
};
template <class T>
struct Ne {
    bool operator()(T x, T y) const { return x != y; }
};
template <class T>
struct Lt {
    bool operator()(T x, T y) const { return x < y; }
};
template <class T>
struct Le {
    bool operator()(T x, T y) const { return x <= y; }
};
template <class T>
struct Gt {
    bool operator()(T x, T y) const { return x > y; }
};
template <class T>
struct Ge {
    bool operator()(T x, T y) const { return x >= y; }
};

template <class T>
struct IsNan {
    bool operator()(T x) const { return x != x; }
};
template <class T>
struct IsInf {
    bool operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) return std::abs(x) == T(HUGE_VAL);
        else return (void)x, false;
    }
};
template <class T>
struct IsFinite {
    bool operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) return std::abs(x) < T(HUGE_VAL);
        else return (void)x, true;
    }
};
template <class T>
struct SignBit {
    bool operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) return std::signbit(x);
        else return x < T(0);
    }
};

template <class T>
struct And {
    bool operator()(T x, T y) const { return (x != T(0)) & (y != T(0)); }
};
template <class T>
struct Or {
    bool operator()(T x, T y) const { return (x != T(0)) | (y != T(0)); }
};
template <class T>
struct Xor {
    bool operator()(T x, T y) const { return (x != T(0)) != (y != T(0)); }
};
template <class T>
struct Not {
    bool operator()(T x) const { return x == T(0); }
};

// Nan wins in these two, and loses in the two after them.
template <class T>
struct Maximum {
    T operator()(T x, T y) const { return x > y || x != x ? x : y; }
};
template <class T>
struct Minimum {
    T operator()(T x, T y) const { return x < y || x != x ? x : y; }
};
template <class T>
struct Fmax {
    T operator()(T x, T y) const { return x > y || y != y ? x : y; }
};
template <class T>
struct Fmin {
    T operator()(T x, T y) const { return x < y || y != y ? x : y; }
};
template <class T>
struct Clamp {
    T operator()(T x, T low, T high) const { return Minimum<T>()(Maximum<T>()(x, low), high); }
};

// With masks: loads on one side of a choice only would keep the loop from being vectorised.
template <class Bits>
struct Where {
    Bits operator()(bool condition, Bits x, Bits y) const {
        const Bits other = static_cast<Bits>(static_cast<Bits>(condition) - Bits(1));
        return static_cast<Bits>(x ^ ((x ^ y) & other));
    }
};
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 1, uint8_t,
                                  std::conditional_t<sizeof(T) == 2, uint16_t,
                                                     std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

template <class... T>
void choose(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA,
                   ternary_loop<Where<BitsOf<T>>, BitsOf<T>, bool, BitsOf<T>, BitsOf<T>>),
     ...);
}

LOOPS {
    compare<Eq>("eq", All{});
    compare<Ne>("ne", All{});
    compare<Lt>("lt", All{});
    compare<Le>("le", All{});
    compare<Gt>("gt", All{});
    compare<Ge>("ge", All{});
    unary_test<IsNan>("isnan", All{});
    unary_test<IsInf>("isinf", All{});
    unary_test<IsFinite>("isfinite", All{});
    unary_test<SignBit>("signbit", All{});
    compare<And>("logical_and", All{});
    compare<Or>("logical_or", All{});
    compare<Xor>("logical_xor", All{});
    unary_test<Not>("logical_not", All{});
    binary<Maximum>("maximum", All{});
    binary<Minimum>("minimum", All{});
    binary<Fmax>("fmax", All{});
    binary<Fmin>("fmin", All{});
    binary<Maximum>("clamp_min", All{});
    binary<Minimum>("clamp_max", All{});
    ternary<Clamp>("_clamp", All{});
    choose("where", All{});
    choose("where", Types<Half, BFloat16>{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
