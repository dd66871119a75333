// Devices.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace bestiary {

// Meta has shapes and dtypes but no memory. Extension is whatever a library outside this one registers as a backend.
enum class DeviceType : uint8_t { CPU, CUDA, Meta, Extension };
constexpr int kDeviceTypes = 4;

struct Device {
    DeviceType type = DeviceType::CPU;
    int8_t index = 0;

    bool operator==(const Device&) const = default;
    std::string str() const;
    // "cpu", "meta", "cuda", "cuda:1"; a ValueError for anything else.
    static Device parse(std::string_view text);
    // "cuda" of "cuda:1".
    std::string_view type_name() const;
    // True if there may be several devices of this type, distinguished by an index.
    bool has_index() const { return type == DeviceType::CUDA || type == DeviceType::Extension; }
};

// The name under which DeviceType::Extension is known from now on.
void name_extension_device(std::string name);

inline std::ostream& operator<<(std::ostream& out, Device d) { return out << d.str(); }

}  // namespace bestiary
