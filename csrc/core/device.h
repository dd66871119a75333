// Devices.
#pragma once

#include <algorithm>
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
    int8_t index = -1;  // none is given

    bool operator==(const Device&) const = default;
    std::string str() const;
    // "cpu", "meta", "cuda", "cuda:1"; a ValueError for anything else.
    static Device parse(std::string_view text);
    // "cuda" of "cuda:1".
    std::string_view type_name() const;
    // The device of a tensor that is put there: 'cuda:0' for 'cuda', and 'cpu' for 'cpu:0', as there is one host.
    Device of_tensors() const {
        const bool several = type == DeviceType::CUDA || type == DeviceType::Extension;
        return {type, several ? std::max<int8_t>(index, 0) : int8_t{-1}};
    }
};

// The name under which DeviceType::Extension is known from now on.
void name_extension_device(std::string name);

inline std::ostream& operator<<(std::ostream& out, Device d) { return out << d.str(); }

}  // namespace bestiary
