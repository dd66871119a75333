// Functions of engine._C that are no ops. A schema declares each, and they are called as ops are:
//
//     def(m, "set_num_threads(int n) -> None", [](int64_t n) { ... }, "Sets how many threads a kernel may use.");
//
// Of a class instead of the module, def declares a method, whose first parameter is the object, or the constructor,
// which has the name of the class. The C++ parameters are compared with the schema when the module loads, as those of
// rows are (Note [Typed declarations]). The types added here stand for Python's classes.
#pragma once

#include <functional>

#include "core/signature.h"
#include "python/wrap.h"

namespace bestiary {

namespace python {

struct BoundFunction {
    Schema schema;
    std::string doc_text;
    std::string title;  // in messages
    bool constructs = false;
    std::function<PyObject*(Args)> run;

    // A private function goes by the name of the one that called it.
    std::string public_name() const;
};

// The name of a class in Python.
template <class T>
constexpr const char* kClassName = nullptr;
template <>
inline constexpr const char* kClassName<py::object> = "object";
template <>
inline constexpr const char* kClassName<py::function> = "function";
template <>
inline constexpr const char* kClassName<py::type> = "type";

template <class T>
inline constexpr ObjectType kObjectType = {
    kClassName<T>, [](void* object) { return py::isinstance<T>(py::handle(static_cast<PyObject*>(object))); }};

template <class T, class... Holder>
py::class_<T, Holder...> bind_class(py::module_& m, const char* doc) {
    // Named engine.T rather than engine._C.T.
    const py::object scope = py::module_::import("types").attr("SimpleNamespace")(py::arg("__name__") = "engine");
    py::class_<T, Holder...> type(scope, kClassName<T>, doc);
    m.attr(kClassName<T>) = type;
    return type;
}

void add_function(py::handle scope, const char* schema, Signature params, std::function<PyObject*(Args)> run,
                  const char* doc);

template <class F>
void def(py::handle scope, const char* schema, F fn, const char* doc = "") {
    using Typed = ParametersOf<F>;
    const auto run = [fn](Args args) -> PyObject* {
        using Result = decltype(Typed::call(fn, args));
        if constexpr (std::is_void_v<Result>) {
            Typed::call(fn, args);
            return Py_NewRef(Py_None);
        } else if constexpr (std::is_base_of_v<py::object, Result>) {
            return Typed::call(fn, args).release().ptr();
        } else {
            return py::cast(Typed::call(fn, args)).release().ptr();
        }
    };
    add_function(scope, schema, Typed::signature, run, doc);
}

// The type of objects that are called by vectorcall, and bind to instances as functions do.
PyTypeObject* make_callable_type(const char* name, size_t size, reprfunc repr, PyMemberDef* members,
                                 PyGetSetDef* getters, PyMethodDef* methods);

// Calls a function by the first of its overloads that takes the arguments.
PyObject* call_overloads(const std::vector<BoundFunction*>& overloads, PyObject* const* args, size_t count,
                         PyObject* names);

}  // namespace python

// Any object, or one of a class of Python's own.
template <class T>
    requires std::is_base_of_v<python::py::object, T>
struct Unboxed<T> {
    static constexpr ParamType type{Kind::Object, ParamType::None::Refused, false, &python::kObjectType<T>};
    static T get(const Value& v) { return python::py::reinterpret_borrow<T>(static_cast<PyObject*>(v.object)); }
};
// An object of a class that is bound.
template <class T>
    requires(python::kClassName<T> != nullptr)
struct Unboxed<T&> {
    static constexpr ParamType type{Kind::Object, ParamType::None::Refused, false, &python::kObjectType<T>};
    static T& get(const Value& v) { return python::py::handle(static_cast<PyObject*>(v.object)).cast<T&>(); }
};

// A class that says itself what objects it is read from.
template <class T>
    requires requires { T::object; }
struct Unboxed<T> {
    static constexpr ParamType type{Kind::Object, ParamType::None::Refused, false, &T::object};
    static T get(const Value& v) { return T::from(static_cast<PyObject*>(v.object)); }
};

}  // namespace bestiary
