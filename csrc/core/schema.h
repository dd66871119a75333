// Declarations of functions that are called with boxed arguments: of ops, and of the others that Python calls.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/value.h"

namespace bestiary {

// The values that a parameter accepts. Operand is a tensor or a number: numbers never become tensors. Object is for
// functions that are no ops.
enum class Kind : uint8_t {
    Tensor, Operand, Number, Int, Float, Bool, Str, Ints, Floats, Tensors, DType, Device, Generator, Object,
};

// A class of Python's, by its name in schemas and messages.
struct ObjectType {
    const char* name;
    bool (*accepts)(void* object);
};

// The most parameters that a function can have.
constexpr size_t kMaxParams = 24;

struct Param {
    std::string name;
    Kind kind;
    const ObjectType* object = nullptr;  // of Kind::Object
    bool optional = false;  // None is accepted
    bool variadic = false;  // "int... size": may be given as separate positional arguments
    bool keyword_only = false;
    bool writes = false;    // "Tensor(w) x": the op changes it
    bool has_default = false;
    OwnedValue fallback;

    std::string type() const;  // as schemas spell it, with "?" if None is accepted
};

struct Schema {
    std::string text;      // as declared
    std::string name;      // "max": what Python calls it
    std::string overload;  // "dim" in "max.dim"
    std::vector<Param> params;
    std::string returns;               // "Tensor": what comes after the arrow
    std::vector<std::string> results;  // names; one unnamed result is "result"
    bool returns_list = false;         // "-> Tensor[]"

    // Types are looked for among `objects` first, and are kinds otherwise. A ValueError if the text is no declaration.
    static Schema parse(std::string_view text, std::span<const ObjectType* const> objects = {});
    std::string full_name() const;
    int index_of(std::string_view param) const;  // -1 if there is none
};

// "int[]": as schemas spell it.
std::string type_name(Kind kind, const ObjectType* object);

}  // namespace bestiary
