// Between Python objects and the core. Tensor is a CPython type of its own: boxing is on the path of every op.
#pragma once

#include <Python.h>

#include <pybind11/pybind11.h>

#include "core/dispatch.h"

namespace bestiary::python {

namespace py = pybind11;

struct PyTensor {
    PyObject_HEAD
    TensorImpl* impl;  // owned
    PyObject* dict;
    PyObject* weak;
};

struct PyDType {
    PyObject_HEAD
    DType value;
};

extern PyTypeObject* tensor_type;
extern PyTypeObject* dtype_type;
extern PyTypeObject* size_type;

inline bool is_tensor(PyObject* o) { return Py_TYPE(o) == tensor_type || PyType_IsSubtype(Py_TYPE(o), tensor_type); }
// Borrowed: valid while the object lives.
inline const Tensor& unwrap(PyObject* o) {
    return reinterpret_cast<const Tensor&>(reinterpret_cast<PyTensor*>(o)->impl);
}
// A new reference to the one Python object of this tensor.
PyObject* wrap(Tensor t);
// A new object of a subclass of Tensor.
PyObject* wrap_as(PyTypeObject* type, Tensor t);
PyObject* wrap_dtype(DType t);
PyObject* wrap_size(const Dims& dims);
// One tensor, a named tuple, or a tuple of tensors, as the op's schema says.
PyObject* wrap_results(const Op& op, Results& results);

// Turns the C++ exception being handled into a Python one.
void raise_current_exception();
// Runs body and returns its PyObject*, or null with a Python exception set.
template <class F>
PyObject* guarded(F&& body) {
    try {
        return body();
    } catch (...) {
        raise_current_exception();
        return nullptr;
    }
}
inline py::object steal(PyObject* o) {
    if (!o) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(o);
}

// Numbers: None if `o` is no number.
Value number_value(PyObject* o);
bool dtype_value(PyObject* o, DType& out);
// engine.as_tensor(object, dtype).
Tensor as_tensor(py::handle object, const py::object& dtype = py::none());
// The tensor that shares the memory of a NumPy array.
Tensor from_numpy(py::handle array);
// The function written in Python that the user called; empty if it was one of this module.
std::string called_function();
// engine.<module>.<name>: functions of Python's that the module cannot do without.
py::object engine_function(const char* module, const char* name);

// The binary operators call an op with two operands. Py_NotImplemented where one is neither tensor nor number.
PyObject* call_binary(const Op& op, PyObject* a, PyObject* b);
// Calls an op by any of its overloads, as Python's call protocol gives the arguments.
PyObject* call_overloads(const std::vector<Op*>& overloads, PyObject* const* args, size_t count, PyObject* names);

PyObject* get_item(PyObject* self, PyObject* index);
int set_item(PyObject* self, PyObject* index, PyObject* value);

// Each file's part of the module.
void bind_errors(py::module_& m);
void bind_types(py::module_& m);
void bind_device(py::module_& m);
void bind_generator(py::module_& m);
void bind_tensor(py::module_& m);
void bind_schema(py::module_& m);
void bind_ops(py::module_& m);
void bind_autograd(py::module_& m);
void bind_interchange(py::module_& m);
void bind_runtime(py::module_& m);
void bind_transforms(py::module_& m);

}  // namespace bestiary::python

PYBIND11_DECLARE_HOLDER_TYPE(T, ::bestiary::Ptr<T>, true);

// Tensors pass through pybind11's functions as what they are.
namespace pybind11::detail {
// Python sees the rows of the table themselves.
template <>
struct is_copy_constructible<bestiary::Schema> : std::false_type {};
template <>
struct is_copy_constructible<bestiary::Param> : std::false_type {};
template <>
struct type_caster<bestiary::Tensor> {
    PYBIND11_TYPE_CASTER(bestiary::Tensor, const_name("Tensor"));
    bool load(handle source, bool) {
        if (source.is_none()) return true;
        if (!bestiary::python::is_tensor(source.ptr())) return false;
        value = bestiary::python::unwrap(source.ptr());
        return true;
    }
    static handle cast(bestiary::Tensor t, return_value_policy, handle) {
        return t.defined() ? bestiary::python::wrap(std::move(t)) : none().release().ptr();
    }
};
template <>
struct type_caster<bestiary::DType> {
    PYBIND11_TYPE_CASTER(bestiary::DType, const_name("dtype"));
    bool load(handle source, bool) { return bestiary::python::dtype_value(source.ptr(), value); }
    static handle cast(bestiary::DType t, return_value_policy, handle) { return bestiary::python::wrap_dtype(t); }
};
}  // namespace pybind11::detail
