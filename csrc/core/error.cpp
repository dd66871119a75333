#include "core/error.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace bestiary {

// As a heading, one of them will do: clamp_ is in place what clamp is, Linear the layer of linear.
static bool same_op(std::string_view outer, std::string_view inner) {
    if (outer.size() == inner.size() + 1 && outer.back() == '_') outer.remove_suffix(1);
    return std::ranges::equal(outer, inner, {}, [](unsigned char c) { return std::tolower(c); },
                              [](unsigned char c) { return std::tolower(c); });
}

void Error::name_op(const std::string& op) {
    if (inner_.empty()) inner_ = op;
    const std::string heading = same_op(op, inner_) ? op + ": " : op + " (in " + inner_ + "): ";
    message_.replace(0, heading_, heading);
    heading_ = heading.size();
}

}  // namespace bestiary
