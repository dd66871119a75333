// Words of code for every device: the compilers of processors and of GPUs read element types, conversions and functors.
// NVRTC has no standard library, so neither these headers nor those that include them use one.
#pragma once

// Functions for host and device, and for the host alone. NVRTC compiles for the device alone, but reads both.
#if defined(__CUDACC_RTC__)
#define BESTIARY_HD __device__
#define BESTIARY_HOST __device__
#elif defined(__CUDACC__)
#define BESTIARY_HD __host__ __device__
#define BESTIARY_HOST
#else
#define BESTIARY_HD
#define BESTIARY_HOST
#endif

#if defined(__CUDACC_RTC__)
namespace bestiary {
using int8_t = signed char;
using int16_t = short;
using int32_t = int;
using int64_t = long long;
using uint8_t = unsigned char;
using uint16_t = unsigned short;
using uint32_t = unsigned;
using uint64_t = unsigned long long;
}  // namespace bestiary
#else
#include <cstdint>
#endif

namespace bestiary {

template <class To, class From>
BESTIARY_HD constexpr To bit_cast(From value) {
    return __builtin_bit_cast(To, value);
}

template <class T, class U>
constexpr bool kIsSame = false;
template <class T>
constexpr bool kIsSame<T, T> = true;

// Types that C++ calculates in: float and double, bool and the integers. The others are classes that hold and convert.
template <class T>
constexpr bool kIsFloat = kIsSame<T, float> || kIsSame<T, double>;
template <class T>
constexpr bool kIsInteger = !kIsFloat<T> && !__is_class(T);

}  // namespace bestiary
