// Where memory lives.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace bestiary {

enum class DeviceType : uint8_t { CPU, CUDA };
constexpr int kDeviceTypes = 2;

struct Device {
    DeviceType type = DeviceType::CPU;
    int8_t index = 0;

    bool operator==(const Device&) const = default;
    std::string str() const;
    // "cpu", "cuda", "cuda:1"; a ValueError for anything else.
    static Device parse(std::string_view text);
};

inline std::ostream& operator<<(std::ostream& out, Device d) { return out << d.str(); }

}  // namespace bestiary
