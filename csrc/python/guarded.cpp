// Functions that refuse arguments in the words that ops do.
//
// Note [Refused arguments]
// What Python says of arguments that do not fit names neither the function called nor its argument, and pybind11 quotes
// the signatures of C++. So public functions that are no ops of the table are wrapped in a callable that does nothing
// until one of them raises: then engine/_argument_errors.py sets the arguments beside the annotations.
#include <Python.h>
#include <structmember.h>

#include "python/wrap.h"

namespace bestiary::python {
namespace {

struct GuardedFunction {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject* function;
    PyObject* title;  // in messages
    bool binds;  // as a method, as functions of Python do
};

GuardedFunction& cast(PyObject* o) { return *reinterpret_cast<GuardedFunction*>(o); }

// The arguments of a vectorcall as the tuple and dict of old.
std::pair<py::tuple, py::dict> collected(PyObject* const* args, size_t count, PyObject* names) {
    py::tuple positional(count);
    for (size_t i = 0; i < count; ++i) positional[i] = py::handle(args[i]);
    py::dict keywords;
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); ++k)
        keywords[py::handle(PyTuple_GET_ITEM(names, k))] = py::handle(args[count + static_cast<size_t>(k)]);
    return {positional, keywords};
}

void explain(const GuardedFunction& self, PyObject* const* args, size_t count, PyObject* names) {
    py::error_already_set error;
    const auto [positional, keywords] = collected(args, count, names);
    const py::object better = py::module_::import("engine._argument_errors")
                                  .attr("explained")(py::handle(self.function), py::handle(self.title), positional,
                                                     keywords, error.value());
    if (better.is_none()) return error.restore();
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(better.ptr())), better.ptr());
}

PyObject* call(PyObject* o, PyObject* const* args, size_t flags, PyObject* names) {
    const GuardedFunction& self = cast(o);
    PyObject* result = PyObject_Vectorcall(self.function, args, flags, names);
    if (result || !PyErr_ExceptionMatches(PyExc_Exception)) return result;
    return guarded([&]() -> PyObject* {
        explain(self, args, static_cast<size_t>(PyVectorcall_NARGS(flags)), names);
        return nullptr;
    });
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
    return cast(self).binds && instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

PyObject* repr(PyObject* self) { return PyUnicode_FromFormat("<function %U>", cast(self).title); }

// Pickled by name, as functions are.
PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

constexpr char kName[] = "__name__", kQualname[] = "__qualname__", kDoc[] = "__doc__", kModule[] = "__module__";

// An attribute of the guarded function.
template <const char* Name>
PyObject* of_function(PyObject* self, void*) {
    PyObject* function = cast(self).function;
    const bool plain = Name == kQualname && PyCFunction_Check(function);  // pybind11 puts it in a class of its own
    return PyObject_GetAttrString(function, plain ? kName : Name);
}

PyTypeObject* make_type() {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(GuardedFunction, vectorcall), READONLY, nullptr},
        {"__wrapped__", T_OBJECT, offsetof(GuardedFunction, function), READONLY, nullptr},
        {}};
    static PyGetSetDef getters[] = {{kName, of_function<kName>, nullptr, nullptr, nullptr},
                                    {kQualname, of_function<kQualname>, nullptr, nullptr, nullptr},
                                    {kDoc, of_function<kDoc>, nullptr, nullptr, nullptr},
                                    {kModule, of_function<kModule>, nullptr, nullptr, nullptr},
                                    {}};
    static PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};
    static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                  {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                                  {Py_tp_repr, reinterpret_cast<void*>(repr)},
                                  {Py_tp_members, members},
                                  {Py_tp_getset, getters},
                                  {Py_tp_methods, methods},
                                  {}};
    static PyType_Spec spec = {"engine.GuardedFunction", sizeof(GuardedFunction), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                                   Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

py::object guard(py::handle function, const std::string& title, bool binds) {
    static PyTypeObject* type = make_type();
    GuardedFunction* self = PyObject_New(GuardedFunction, type);
    self->vectorcall = call;
    self->function = function.inc_ref().ptr();
    self->title = PyUnicode_InternFromString(title.c_str());
    self->binds = binds;
    return steal(reinterpret_cast<PyObject*>(self));
}

void guard_methods(py::handle type, const std::string& type_name) {
    for (const auto& [key, value] : py::dict(type.attr("__dict__").attr("copy")())) {
        const std::string name = py::str(key);
        if (!PyInstanceMethod_Check(value.ptr()) || (name.starts_with("__") && name != "__init__")) continue;
        const std::string title = name == "__init__" ? type_name : type_name + "." + name;
        type.attr(key) = guard(PyInstanceMethod_GET_FUNCTION(value.ptr()), title, true);
    }
}

}  // namespace

void guard_bound_functions(py::module_& m) {
    for (const auto& [key, value] : py::dict(m.attr("__dict__").attr("copy")())) {
        const std::string name = py::str(key);
        if (PyType_Check(value.ptr())) guard_methods(value, name);
        else if (PyCFunction_Check(value.ptr())) m.attr(key) = guard(value, name.substr(name[0] == '_'), false);
    }
    m.def("_guard", &guard, py::arg("function"), py::arg("title"), py::arg("binds") = true,
          "The function, refusing arguments in plain words: see engine/_argument_errors.py.");
}

}  // namespace bestiary::python
