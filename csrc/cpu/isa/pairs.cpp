// Functions of two numbers that are neither arithmetic nor comparison.
#include <numeric>

#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Hypot {
    T operator()(T x, T y) const { return std::hypot(x, y); }
};
template <class T>
struct CopySign {
    T operator()(T x, T y) const { return std::copysign(x, y); }
};
template <class T>
struct NextAfter {
    T operator()(T x, T y) const { return std::nextafter(x, y); }
};
template <class T>
struct Heaviside {
    T operator()(T x, T at_zero) const { return x == T(0) ? at_zero : static_cast<T>(x > T(0)); }
};

template <class T>
inline uint64_t magnitude(T x) {
    return x < T(0) ? uint64_t{0} - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
}
template <class T>
struct Gcd {
    T operator()(T x, T y) const { return static_cast<T>(std::gcd(magnitude(x), magnitude(y))); }
};
// Wraps where the result does not fit.
template <class T>
struct Lcm {
    T operator()(T x, T y) const {
        const uint64_t a = magnitude(x), b = magnitude(y), divisor = std::gcd(a, b);
        const T multiple = divisor == 0 ? T(0) : static_cast<T>(a / divisor * b);
        return multiple < T(0) ? static_cast<T>(uint64_t{0} - static_cast<uint64_t>(multiple)) : multiple;
    }
};

LOOPS {
    binary<Hypot>("hypot", Floats{});
    binary<CopySign>("copysign", Floats{});
    binary<NextAfter>("nextafter", Floats{});
    binary<Heaviside>("heaviside", Numbers{});
    binary<Gcd>("gcd", Ints{});
    binary<Lcm>("lcm", Ints{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
