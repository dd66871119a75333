// Errors: one exception type that Python sees as the matching built-in exception.
#pragma once

#include <exception>
#include <sstream>
#include <string>

namespace bestiary {

enum class ErrorKind { Runtime, Type, Value, Index, NotImplemented };

class Error : public std::exception {
public:
    Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    ErrorKind kind() const { return kind_; }
    const char* what() const noexcept override { return message_.c_str(); }

    // Ops name themselves on the error's way out, the one that failed first; then Python does for functions composed of
    // ops. The message names the first and the last, who is the one that was called: "outer (in inner): ...".
    void name_op(const std::string& op);
    bool names_op() const { return !inner_.empty(); }

private:
    ErrorKind kind_;
    std::string message_;
    std::string inner_;
    size_t heading_ = 0;  // how much of the message are names
};

template <class... Parts>
std::string concat(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
    throw Error(kind, concat(parts...));
}

// check(condition, "what was expected, got ", value): a RuntimeError unless the condition holds.
template <class... Parts>
inline void check(bool condition, const Parts&... parts) {
    if (!condition) [[unlikely]] fail(ErrorKind::Runtime, parts...);
}

template <class... Parts>
inline void check_as(ErrorKind kind, bool condition, const Parts&... parts) {
    if (!condition) [[unlikely]] fail(kind, parts...);
}

}  // namespace bestiary
