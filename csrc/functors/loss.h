// Losses of elements.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

// A logarithm of 0 counts as -100; nan passes.
template <class T>
BESTIARY_HD inline T floored(T log) {
    return log < T(-100) ? T(-100) : log;
}

template <class T>
struct BinaryCrossEntropy {
    BESTIARY_HD T operator()(T x, T y) const { return (y - T(1)) * floored(v_log1p(-x)) - y * floored(v_log(x)); }
};

template <class T>
struct LogSigmoid {
    BESTIARY_HD T operator()(T x) const { return (x < T(0) ? x : T(0)) - v_log1p(v_exp(-fabs(x))); }
};

template <class Visit>
BESTIARY_HOST void loss_ops(Visit visit) {
    visit("_binary_cross_entropy", Binary<BinaryCrossEntropy, Floats>());
    visit("_log_sigmoid", Unary<LogSigmoid, Floats>());
}

}  // namespace bestiary::functors
