// Choices between elements: where, the greater and the lesser, clamping.
#pragma once

#include "core/half.h"
#include "functors/functor.h"

namespace bestiary::functors {

// Nan wins in these two, and loses in the two after them.
template <class T>
struct Maximum {
    BESTIARY_HD T operator()(T x, T y) const { return x > y || x != x ? x : y; }
};
template <class T>
struct Minimum {
    BESTIARY_HD T operator()(T x, T y) const { return x < y || x != x ? x : y; }
};
template <class T>
struct Fmax {
    BESTIARY_HD T operator()(T x, T y) const { return x > y || y != y ? x : y; }
};
template <class T>
struct Fmin {
    BESTIARY_HD T operator()(T x, T y) const { return x < y || y != y ? x : y; }
};
template <class T>
struct Clamp {
    BESTIARY_HD T operator()(T x, T low, T high) const { return Minimum<T>()(Maximum<T>()(x, low), high); }
};

// With masks: loads on one side of a choice only would keep the loop from being vectorised.
template <class Word>
struct Where {
    BESTIARY_HD Word operator()(bool condition, Word x, Word y) const {
        const Word other = static_cast<Word>(static_cast<Word>(condition) - Word(1));
        return static_cast<Word>(x ^ ((x ^ y) & other));
    }
};
template <class T>
using WhereOf = Where<BitsOf<T>>;
template <class T>
using WhereSignature = BitsOf<T>(bool, BitsOf<T>, BitsOf<T>);
using WhereTypes = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double>;

template <class Visit>
BESTIARY_HOST void selection_ops(Visit visit) {
    visit("where", Elementwise<WhereOf, WhereTypes, WhereSignature>());
    visit("maximum", Binary<Maximum, All>());
    visit("minimum", Binary<Minimum, All>());
    visit("fmax", Binary<Fmax, All>());
    visit("fmin", Binary<Fmin, All>());
    visit("clamp_min", Binary<Maximum, All>());
    visit("clamp_max", Binary<Minimum, All>());
    visit("_clamp", Ternary<Clamp, All>());
}

}  // namespace bestiary::functors
