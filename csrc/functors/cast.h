// Conversion between element types.
#pragma once

#include "core/convert.h"

namespace bestiary::functors {

template <class From, class To>
struct Cast {
    BESTIARY_HD To operator()(From x) const { return convert<To>(x); }
};

}  // namespace bestiary::functors
