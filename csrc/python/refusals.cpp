// Functions bound with pybind11, made to refuse arguments in the words that ops do.
//
// Note [Refused arguments]
// pybind11 answers what it can't convert with the signatures of C++ and the repr of everything it was given, which for
// tensors is pages. So each of its functions is wrapped: a refusal is read back, set beside the arguments and said in
// one line: function, argument, what was expected and what came.
#include <Python.h>
#include <structmember.h>

#include <algorithm>
#include <optional>

#include "python/wrap.h"

namespace bestiary::python {
namespace {

struct Wrapped {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject* function;
    PyObject* name;   // in its module or class
    PyObject* title;  // in messages
    bool method;
};

struct Expected {
    std::string name, type;
    bool optional = false;  // has a default
};

// What was given: positional arguments, then keywords.
struct Arguments {
    PyObject* const* values;
    size_t positional;
    PyObject* names;

    size_t keywords() const { return names ? static_cast<size_t>(PyTuple_GET_SIZE(names)) : 0; }
    std::string_view keyword(size_t k) const {
        return PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(k)));
    }
    PyObject* find(std::string_view name, size_t place) const {
        if (place < positional) return values[place];
        for (size_t k = 0; k < keywords(); ++k)
            if (keyword(k) == name) return values[positional + k];
        return nullptr;
    }
};

// pybind11's names of types, in Python's.
std::string plain_type(std::string type) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"typing.SupportsInt | typing.SupportsIndex", "int"}, {"typing.SupportsInt", "int"},
        {"typing.SupportsFloat | typing.SupportsIndex", "float"}, {"typing.SupportsFloat", "float"},
        {"collections.abc.Sequence", "list"}, {"engine._C.", ""}};
    for (const auto& [theirs, ours] : words)
        for (size_t at = 0; (at = type.find(theirs, at)) != std::string::npos; at += ours.size())
            type.replace(at, theirs.size(), ours);
    return type;
}

Expected parameter(std::string_view text) {
    const size_t colon = text.find(": "), equals = text.find(" = ");
    const std::string_view type = colon == text.npos ? "" : text.substr(colon + 2, equals - colon - 2);
    return {std::string(text.substr(0, colon)), plain_type(std::string(type)), equals != text.npos};
}

// The parameters in one signature: "(n: typing.SupportsInt, x: list[Tensor] = []) -> None".
std::vector<Expected> parameters(std::string_view signature) {
    std::vector<Expected> found;
    const size_t open = signature.find('(');
    if (open == signature.npos) return found;
    size_t begin = open + 1;
    int depth = 0;
    for (size_t i = begin; i < signature.size() && depth >= 0; ++i) {
        const char c = signature[i];
        if (c == '(' || c == '[') ++depth;
        if (c == ')' || c == ']') --depth;
        if (depth >= 0 && !(depth == 0 && c == ',')) continue;
        if (i > begin) found.push_back(parameter(signature.substr(begin, i - begin)));
        begin = i + 2;
    }
    return found;
}

// The numbered lines of pybind11's message, one per overload.
std::vector<std::vector<Expected>> overloads(std::string_view message) {
    std::vector<std::vector<Expected>> found;
    message = message.substr(0, message.find("\nInvoked with"));
    for (size_t begin = 0, end = 0; end != message.npos; begin = end + 1) {
        end = message.find('\n', begin);
        const std::string_view line = message.substr(begin, end - begin);
        if (line.starts_with("    ")) found.push_back(parameters(line));
    }
    return found;
}

// Whether `type` takes the value; true where only pybind11 knows.
bool accepts(const std::string& type, PyObject* value) {
    if (value == Py_None && (type.ends_with("| None") || type == "Tensor")) return true;
    if (type.starts_with("int") && PyIndex_Check(value)) {
        const py::object index = steal(PyNumber_Index(value));
        int overflow = 0;
        const int64_t n = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
        return overflow == 0 && n == static_cast<int>(n);
    }
    if (type.starts_with("int")) return false;
    if (type.starts_with("bool")) return PyBool_Check(value);
    if (type.starts_with("float")) return PyNumber_Check(value);
    if (type.starts_with("str")) return PyUnicode_Check(value);
    if (type.starts_with("Tensor")) return is_tensor(value);
    if (type.starts_with("list")) return PySequence_Check(value) && !PyUnicode_Check(value);
    DType dtype;
    return !type.starts_with("dtype") || dtype_value(value, dtype);
}

std::string described(PyObject* value) {
    const std::string type = Py_TYPE(value)->tp_name;
    return PyLong_CheckExact(value) ? type + " " + py::str(value).cast<std::string>() : type;
}

// What does not fit one signature: an argument, or something else.
struct Misfit {
    std::string argument = {}, type = {}, got = {}, other = {};
};

Misfit misfit(std::span<const Expected> wanted, const Arguments& given) {
    if (given.positional > wanted.size())
        return {.other = concat("expected at most ", wanted.size(), " arguments, got ", given.positional)};
    for (size_t k = 0; k < given.keywords(); ++k)
        if (std::ranges::none_of(wanted, [&](const Expected& e) { return e.name == given.keyword(k); }))
            return {.other = concat("unexpected keyword argument '", given.keyword(k), "'")};
    const bool only_one = given.positional + given.keywords() == 1;  // then there is no doubt
    std::string types, got;
    for (size_t i = 0; i < wanted.size(); ++i) {
        PyObject* value = given.find(wanted[i].name, i);
        if (!value && wanted[i].optional) continue;
        if (!value) return {.other = concat("missing argument '", wanted[i].name, "'")};
        if (only_one || !accepts(wanted[i].type, value))
            return {wanted[i].name, wanted[i].type, described(value), ""};
        types += concat(types.empty() ? "" : ", ", wanted[i].name, ": ", wanted[i].type);
        got += concat(got.empty() ? "" : ", ", described(value));
    }
    return {.other = concat("expected (", types, "), got (", got, ")")};
}

// Of several overloads the first one's complaint; if all stumble over the same argument, with all their types.
std::string complaint(std::string_view message, const Arguments& given, bool method) {
    std::optional<Misfit> first;
    for (const std::vector<Expected>& all : overloads(message)) {
        const std::span<const Expected> wanted(all);
        const Misfit here = misfit(wanted.subspan(method && !all.empty() && all[0].name == "self"), given);
        if (!first) first = here;
        else if (first->argument == here.argument && first->type != here.type) first->type += " or " + here.type;
    }
    if (!first) return std::string(message);
    if (first->argument.empty()) return first->other;
    return concat("argument '", first->argument, "': expected ", first->type, ", got ", first->got);
}

void say_plainly(const Wrapped& self, Arguments given) {
    py::error_already_set error;
    const std::string message = py::str(error.value());
    if (message.find("arguments. The following argument types are supported") == message.npos) return error.restore();
    if (self.method && given.positional > 0) {  // its own object comes first
        ++given.values;
        --given.positional;
    }
    const std::string text =
        concat(py::str(self.title).cast<std::string>(), ": ", complaint(message, given, self.method));
    PyErr_SetString(PyExc_TypeError, text.c_str());
}

PyObject* call(PyObject* o, PyObject* const* args, size_t flags, PyObject* names) {
    const Wrapped& self = *reinterpret_cast<Wrapped*>(o);
    PyObject* result = PyObject_Vectorcall(self.function, args, flags, names);
    if (result || !PyErr_ExceptionMatches(PyExc_TypeError)) return result;
    return guarded([&]() -> PyObject* {
        say_plainly(self, {args, static_cast<size_t>(PyVectorcall_NARGS(flags)), names});
        return nullptr;
    });
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
    const bool bound = reinterpret_cast<Wrapped*>(self)->method && instance && instance != Py_None;
    return bound ? PyMethod_New(self, instance) : Py_NewRef(self);
}

PyObject* repr(PyObject* self) {
    return PyUnicode_FromFormat("<built-in function %U>", reinterpret_cast<Wrapped*>(self)->name);
}

PyObject* get_doc(PyObject* self, void*) {
    return PyObject_GetAttrString(reinterpret_cast<Wrapped*>(self)->function, "__doc__");
}
PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("engine._C"); }
PyObject* reduce(PyObject* self, PyObject*) { return Py_NewRef(reinterpret_cast<Wrapped*>(self)->name); }

PyTypeObject* make_type() {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(Wrapped, vectorcall), READONLY, nullptr},
        {"__name__", T_OBJECT, offsetof(Wrapped, name), READONLY, nullptr},
        {"__qualname__", T_OBJECT, offsetof(Wrapped, title), READONLY, nullptr},
        {}};
    static PyGetSetDef getters[] = {{"__doc__", get_doc, nullptr, nullptr, nullptr},
                                    {"__module__", get_module, nullptr, nullptr, nullptr},
                                    {}};
    static PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};
    static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                  {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                                  {Py_tp_repr, reinterpret_cast<void*>(repr)},
                                  {Py_tp_members, members},
                                  {Py_tp_getset, getters},
                                  {Py_tp_methods, methods},
                                  {}};
    static PyType_Spec spec = {"engine.BoundFunction", sizeof(Wrapped), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

py::object wrapped(py::handle function, const std::string& name, const std::string& title, bool method) {
    static PyTypeObject* type = make_type();
    Wrapped* self = PyObject_New(Wrapped, type);
    self->vectorcall = call;
    self->function = function.inc_ref().ptr();
    self->name = PyUnicode_InternFromString(name.c_str());
    self->title = PyUnicode_InternFromString(title.c_str());
    self->method = method;
    return steal(reinterpret_cast<PyObject*>(self));
}

void wrap_methods(py::handle type, const std::string& type_name) {
    const py::dict before(type.attr("__dict__").attr("copy")());
    for (const auto& [key, value] : before) {
        const std::string name = py::str(key);
        if (!PyInstanceMethod_Check(value.ptr()) || (name.starts_with("__") && name != "__init__")) continue;
        const std::string title = name == "__init__" ? type_name : type_name + "." + name;
        type.attr(key) = wrapped(PyInstanceMethod_GET_FUNCTION(value.ptr()), name, title, true);
    }
}

}  // namespace

void refuse_plainly(py::module_& m) {
    const py::dict before(m.attr("__dict__").attr("copy")());
    for (const auto& [key, value] : before) {
        const std::string name = py::str(key);
        if (PyCFunction_Check(value.ptr())) m.attr(key) = wrapped(value, name, name.substr(name[0] == '_'), false);
        else if (PyType_Check(value.ptr())) wrap_methods(value, name);
    }
}

}  // namespace bestiary::python
