// Conversion between element types, on every device.
#pragma once

#include "core/host_device.h"

namespace bestiary {

// Floating types of 8 and 16 bits are classes, which convert to float and from it.
template <class T>
constexpr bool is_small_float = __is_class(T);

// Any element type to any other, by way of float for the small ones.
template <class To, class From>
BESTIARY_HD inline To convert(From value) {
    if constexpr (kIsSame<To, From>) return value;
    else if constexpr (is_small_float<From>) return convert<To>(static_cast<float>(value));
    else if constexpr (is_small_float<To>) return To(static_cast<float>(value));
    else if constexpr (kIsSame<To, bool>) return value != From(0);
    else if constexpr (kIsFloat<From> && kIsInteger<To> && sizeof(To) < 8)
        return static_cast<To>(static_cast<int64_t>(value));  // wraps instead of being undefined
    else return static_cast<To>(value);
}

}  // namespace bestiary
