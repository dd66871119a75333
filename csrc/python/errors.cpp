// Exceptions: those of C++ as Python's, and better ones for calls of Python's functions with arguments that do not fit.
#include <Python.h>
#include <structmember.h>

#include <new>

#include "python/function.h"

namespace bestiary::python {
namespace {

PyObject* exception_for(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Type: return PyExc_TypeError;
        case ErrorKind::Value: return PyExc_ValueError;
        case ErrorKind::Index: return PyExc_IndexError;
        case ErrorKind::NotImplemented: return PyExc_NotImplementedError;
        case ErrorKind::Runtime: break;
    }
    return PyExc_RuntimeError;
}

void set_error(Error error) {
    const std::string caller = called_function();
    if (!caller.empty()) error.name_op(caller);
    PyErr_SetString(exception_for(error.kind()), error.what());
}

// Note [Guarded functions]
// Python's errors of arguments that do not fit seldom name the argument. So the public functions that are written in
// Python are wrapped in a callable that does nothing until one of them raises. Then `explain(error, *args, **kwargs)`
// gives a better exception, or None.
struct GuardedFunction {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject* function;
    PyObject* explain;
};

GuardedFunction& cast(PyObject* o) { return *reinterpret_cast<GuardedFunction*>(o); }

PyObject* call(PyObject* o, PyObject* const* args, size_t flags, PyObject* names) {
    PyObject* const result = PyObject_Vectorcall(cast(o).function, args, flags, names);
    if (result || !PyErr_ExceptionMatches(PyExc_Exception)) return result;
    return guarded([&]() -> PyObject* {
        py::error_already_set error;
        const size_t given = static_cast<size_t>(PyVectorcall_NARGS(flags));
        std::vector<PyObject*> all = {error.value().ptr()};
        all.insert(all.end(), args, args + given + (names ? PyTuple_GET_SIZE(names) : 0));
        const py::object better = steal(PyObject_Vectorcall(cast(o).explain, all.data(), given + 1, names));
        if (better.is_none()) error.restore();
        else PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(better.ptr())), better.ptr());
        return nullptr;
    });
}

PyObject* repr(PyObject* self) { return PyObject_Repr(cast(self).function); }

constexpr char kName[] = "__name__", kQualname[] = "__qualname__", kDoc[] = "__doc__", kModule[] = "__module__";

// An attribute of the wrapped function.
template <const char* Name>
PyObject* of_function(PyObject* self, void*) {
    return PyObject_GetAttrString(cast(self).function, Name);
}

// Pickled by name, as functions are.
PyObject* reduce(PyObject* self, PyObject*) { return of_function<kQualname>(self, nullptr); }

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(GuardedFunction, vectorcall), READONLY, nullptr},
    {"__wrapped__", T_OBJECT, offsetof(GuardedFunction, function), READONLY, nullptr},
    {}};
PyGetSetDef getters[] = {{kName, of_function<kName>, nullptr, nullptr, nullptr},
                         {kQualname, of_function<kQualname>, nullptr, nullptr, nullptr},
                         {kDoc, of_function<kDoc>, nullptr, nullptr, nullptr},
                         {kModule, of_function<kModule>, nullptr, nullptr, nullptr},
                         {}};
PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};

py::object guard(py::object function, py::object explain) {
    static PyTypeObject* type = make_callable_type("engine.GuardedFunction", sizeof(GuardedFunction), repr, members,
                                                   getters, methods);
    auto* const self = PyObject_New(GuardedFunction, type);
    self->vectorcall = call;
    self->function = function.release().ptr();
    self->explain = explain.release().ptr();
    return steal(reinterpret_cast<PyObject*>(self));
}

}  // namespace

py::object engine_function(const char* module, const char* name) {
    return py::module_::import(concat("engine.", module).c_str()).attr(name);
}

std::string called_function() {
    return engine_function("_argument_errors", "called_function")().cast<std::string>();
}

Tensor as_tensor(py::handle object, const py::object& dtype) {
    return engine_function("_creation", "as_tensor")(object, dtype).cast<Tensor>();
}

void raise_current_exception() {
    try {
        throw;
    } catch (py::error_already_set& e) {
        e.restore();
    } catch (const py::builtin_exception& e) {
        e.set_error();
    } catch (const Error& e) {
        set_error(e);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& e) {
        PyErr_SetString(PyExc_RuntimeError, e.what());
    }
}

void bind_errors(py::module_& m) {
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const Error& e) {
            set_error(e);
        }
    });
    def(m, "_guard(object function, object explain) -> object", &guard,
        "The function; when it raises, ``explain(error, *args, **kwargs)`` may give a better exception.");
}

}  // namespace bestiary::python
