// The two 16-bit floating types. Arithmetic happens in float; these only hold and convert.
#pragma once

#include "core/host_device.h"

namespace bestiary {

// IEEE 754 binary16.
struct Half {
    uint16_t bits;

    Half() = default;
    BESTIARY_HD explicit Half(float value) : bits(from_float(value)) {}
    BESTIARY_HD explicit operator float() const { return to_float(bits); }

    BESTIARY_HD static uint16_t from_float(float value) {
        const uint32_t x = bit_cast<uint32_t>(value);
        const uint32_t sign = (x >> 16) & 0x8000u;
        const uint32_t magnitude = x & 0x7fffffffu;
        if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);   // nan
        if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to inf
        if (magnitude < 0x38800000u) {  // subnormal: let the float adder do the rounding
            const float scaled = bit_cast<float>(magnitude) + 0.5f;
            return static_cast<uint16_t>(sign | (bit_cast<uint32_t>(scaled) - 0x3f000000u));
        }
        const uint32_t odd = (magnitude >> 13) & 1u;  // round half to even
        return static_cast<uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
    }
    BESTIARY_HD static float to_float(uint16_t h) {
        const uint32_t sign = (h & 0x8000u) << 16;
        const uint32_t magnitude = h & 0x7fffu;
        if (magnitude >= 0x7c00u)
            return bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
        // Scaling by 2^112 rebuilds the exponent and normalises subnormals at once.
        const float scaled = bit_cast<float>(magnitude << 13) * 0x1p112f;
        return bit_cast<float>(sign | bit_cast<uint32_t>(scaled));
    }
};

// The upper half of a binary32.
struct BFloat16 {
    uint16_t bits;

    BFloat16() = default;
    BESTIARY_HD explicit BFloat16(float value) : bits(from_float(value)) {}
    BESTIARY_HD explicit operator float() const { return bit_cast<float>(uint32_t{bits} << 16); }

    BESTIARY_HD static uint16_t from_float(float value) {
        const uint32_t x = bit_cast<uint32_t>(value);
        if ((x & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((x >> 16) | 0x40u);
        return static_cast<uint16_t>((x + 0x7fffu + ((x >> 16) & 1u)) >> 16);  // half to even
    }
};

}  // namespace bestiary
