// The two 8-bit floating types (Micikevicius et al., "FP8 formats for deep learning", 2022). They hold and convert.
#pragma once

#include "core/host_device.h"

namespace bestiary {

// The exponent and significand of a float, rounded half to even into `mantissa` bits over a bias; what is too large
// comes out as a larger code than the format has.
template <int mantissa, int bias>
BESTIARY_HD inline uint32_t round_to_float8(uint32_t magnitude) {
    constexpr int shift = 23 - mantissa;
    if (magnitude < static_cast<uint32_t>(128 - bias) << 23) {  // subnormal: let the float adder do the rounding
        constexpr uint32_t magic = static_cast<uint32_t>(127 + 1 - bias - mantissa + 23) << 23;
        const float scaled = bit_cast<float>(magnitude) + bit_cast<float>(magic);
        return bit_cast<uint32_t>(scaled) - magic;
    }
    const uint32_t odd = (magnitude >> shift) & 1u;
    return (magnitude - (static_cast<uint32_t>(127 - bias) << 23) + (1u << (shift - 1)) - 1u + odd) >> shift;
}

// Four bits of exponent and three of significand, no infinities: what is beyond 448 becomes 448, as in PyTorch.
struct Float8E4M3 {
    uint8_t bits;

    Float8E4M3() = default;
    BESTIARY_HD explicit Float8E4M3(float value) {
        const uint32_t x = bit_cast<uint32_t>(value), magnitude = x & 0x7fffffffu;
        uint32_t code = 0x7fu;  // nan
        if (magnitude <= 0x7f800000u) {
            const uint32_t rounded = magnitude >= 0x43e00000u ? 0x7eu : round_to_float8<3, 7>(magnitude);  // 448
            code = rounded < 0x7eu ? rounded : 0x7eu;
        }
        bits = static_cast<uint8_t>((x >> 24 & 0x80u) | code);
    }
    BESTIARY_HD explicit operator float() const {
        const uint32_t sign = (bits & 0x80u) << 24, magnitude = bits & 0x7fu;
        if (magnitude == 0x7fu) return bit_cast<float>(sign | 0x7fc00000u);
        const float scaled = bit_cast<float>(magnitude << 20) * 0x1p120f;
        return bit_cast<float>(sign | bit_cast<uint32_t>(scaled));
    }
};

// Five bits of exponent and two of significand: the upper half of a binary16.
struct Float8E5M2 {
    uint8_t bits;

    Float8E5M2() = default;
    BESTIARY_HD explicit Float8E5M2(float value) {
        const uint32_t x = bit_cast<uint32_t>(value), magnitude = x & 0x7fffffffu;
        uint32_t code = 0x7fu;  // nan
        if (magnitude <= 0x7f800000u) {
            const uint32_t rounded = magnitude >= 0x47800000u ? 0x7cu : round_to_float8<2, 15>(magnitude);  // 65536
            code = rounded < 0x7cu ? rounded : 0x7cu;
        }
        bits = static_cast<uint8_t>((x >> 24 & 0x80u) | code);
    }
    BESTIARY_HD explicit operator float() const {
        const uint32_t sign = (bits & 0x80u) << 24, magnitude = bits & 0x7fu;
        if (magnitude >= 0x7cu) return bit_cast<float>(sign | 0x7f800000u | (magnitude & 3u) << 21);
        const float scaled = bit_cast<float>(magnitude << 21) * 0x1p112f;
        return bit_cast<float>(sign | bit_cast<uint32_t>(scaled));
    }
};

}  // namespace bestiary
