#include "core/device.h"

#include <charconv>

#include "core/error.h"

namespace bestiary {

std::string Device::str() const {
    return type == DeviceType::CPU ? "cpu" : "cuda:" + std::to_string(index);
}

Device Device::parse(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    int index = 0;
    bool valid = kind == "cpu" || kind == "cuda";
    if (valid && colon != std::string_view::npos) {
        const std::string_view number = text.substr(colon + 1);
        const auto [end, code] = std::from_chars(number.begin(), number.end(), index);
        valid = code == std::errc() && end == number.end() && index >= 0 && index < 128;
    }
    check_as(ErrorKind::Value, valid, "device: expected 'cpu', 'cuda' or 'cuda:N', got '", text, "'");
    return {kind == "cpu" ? DeviceType::CPU : DeviceType::CUDA, static_cast<int8_t>(index)};
}

}  // namespace bestiary
