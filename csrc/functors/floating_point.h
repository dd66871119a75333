// Lengths, signs and neighbours of floating-point numbers.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Hypot {
    BESTIARY_HD T operator()(T x, T y) const { return hypot(x, y); }
};
template <class T>
struct CopySign {
    BESTIARY_HD T operator()(T x, T y) const { return copysign(x, y); }
};
template <class T>
struct NextAfter {
    BESTIARY_HD T operator()(T x, T y) const { return nextafter(x, y); }
};

template <class Visit>
BESTIARY_HOST void floating_point_ops(Visit visit) {
    visit("hypot", Binary<Hypot, Floats>());
    visit("copysign", Binary<CopySign, Floats>());
    visit("nextafter", Binary<NextAfter, Floats>());
}

}  // namespace bestiary::functors
