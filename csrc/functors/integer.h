// Divisors and multiples of integers.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
BESTIARY_HD inline uint64_t magnitude(T x) {
    return x < T(0) ? uint64_t{0} - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
}
// The greatest common divisor by the binary algorithm (Stein, 1967).
BESTIARY_HD inline uint64_t greatest_divisor(uint64_t a, uint64_t b) {
    if (a == 0 || b == 0) return a | b;
    const int twos = trailing_zeros(a | b);
    a >>= trailing_zeros(a);
    while (b != 0) {
        b >>= trailing_zeros(b);
        const uint64_t lesser = a < b ? a : b;
        b = a < b ? b - a : a - b;
        a = lesser;
    }
    return a << twos;
}

template <class T>
struct Gcd {
    BESTIARY_HD T operator()(T x, T y) const { return static_cast<T>(greatest_divisor(magnitude(x), magnitude(y))); }
};
// Wraps where the result does not fit.
template <class T>
struct Lcm {
    BESTIARY_HD T operator()(T x, T y) const {
        const uint64_t a = magnitude(x), b = magnitude(y), divisor = greatest_divisor(a, b);
        const T multiple = divisor == 0 ? T(0) : static_cast<T>(a / divisor * b);
        return multiple < T(0) ? static_cast<T>(uint64_t{0} - static_cast<uint64_t>(multiple)) : multiple;
    }
};

template <class Visit>
BESTIARY_HOST void integer_ops(Visit visit) {
    visit("gcd", Binary<Gcd, Ints>());
    visit("lcm", Binary<Lcm, Ints>());
}

}  // namespace bestiary::functors
