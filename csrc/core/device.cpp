#include "core/device.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace bestiary {
namespace {

// By DeviceType; an empty name is not in use.
std::string names[kDeviceTypes] = {"cpu", "cuda", "meta", ""};

std::string known_names() {
    std::string text;
    for (const std::string& name : names)
        if (!name.empty()) text += (text.empty() ? "'" : ", '") + name + "'";
    return text;
}

}  // namespace

void name_extension_device(std::string name) { names[static_cast<int>(DeviceType::Extension)] = std::move(name); }

std::string_view Device::type_name() const { return names[static_cast<int>(type)]; }

std::string Device::str() const {
    const std::string name(type_name());
    return index >= 0 ? name + ":" + std::to_string(index) : name;
}

Device Device::parse(std::string_view text) {
    const size_t colon = text.find(':');
    const auto found = std::find(names, names + kDeviceTypes, text.substr(0, colon));
    int index = -1;
    bool valid = found != names + kDeviceTypes && !found->empty();
    if (valid && colon != std::string_view::npos) {
        const std::string_view number = text.substr(colon + 1);
        const auto [end, code] = std::from_chars(number.begin(), number.end(), index);
        valid = code == std::errc() && end == number.end() && index >= 0 && index < 128;
    }
    check_as(ErrorKind::Value, valid, "expected one of ", known_names(), ", with an index as in 'cuda:0' or without, ",
             "got '", text, "'");
    return {static_cast<DeviceType>(found - names), static_cast<int8_t>(index)};
}

}  // namespace bestiary
