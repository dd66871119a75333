// dtype and Size.
#include "core/default_dtype.h"
#include "python/function.h"

namespace bestiary::python {

PyTypeObject* dtype_type = nullptr;
PyTypeObject* size_type = nullptr;

namespace {

PyObject* dtype_objects[kDTypes];

PyObject* dtype_repr(PyObject* self) {
    return PyUnicode_FromFormat("engine.%s", dtype_name(reinterpret_cast<PyDType*>(self)->value));
}

// Pickled by name: there is one object per dtype.
PyObject* dtype_reduce(PyObject* self, PyObject*) {
    return PyUnicode_FromString(dtype_name(reinterpret_cast<PyDType*>(self)->value));
}

PyObject* dtype_is_floating_point(PyObject* self, void*) {
    return PyBool_FromLong(is_floating(reinterpret_cast<PyDType*>(self)->value));
}
PyObject* dtype_is_complex(PyObject*, void*) { Py_RETURN_FALSE; }
PyObject* dtype_is_signed(PyObject* self, void*) {
    return PyBool_FromLong(info(reinterpret_cast<PyDType*>(self)->value).is_signed);
}
PyObject* dtype_itemsize(PyObject* self, void*) {
    return PyLong_FromLongLong(item_size(reinterpret_cast<PyDType*>(self)->value));
}

void make_dtypes(py::module_& m) {
    static PyMethodDef methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, nullptr}, {}};
    static PyGetSetDef getters[] = {{"is_floating_point", dtype_is_floating_point, nullptr,
                                     "Whether elements are floating-point numbers.", nullptr},
                                    {"is_complex", dtype_is_complex, nullptr, "False: there are no complex dtypes yet.",
                                     nullptr},
                                    {"is_signed", dtype_is_signed, nullptr, "Whether there are negative elements.",
                                     nullptr},
                                    {"itemsize", dtype_itemsize, nullptr, "Bytes of one element.", nullptr},
                                    {}};
    static PyType_Slot slots[] = {{Py_tp_repr, reinterpret_cast<void*>(dtype_repr)},
                                  {Py_tp_methods, methods},
                                  {Py_tp_getset, getters},
                                  {Py_tp_doc, const_cast<char*>("The type of a tensor's elements.")},
                                  {}};
    static PyType_Spec spec = {"engine.dtype", sizeof(PyDType), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    dtype_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    m.attr("dtype") = py::handle(reinterpret_cast<PyObject*>(dtype_type));
    for (int i = 0; i < kDTypes; ++i) {
        PyDType* object = PyObject_New(PyDType, dtype_type);
        object->value = static_cast<DType>(i);
        dtype_objects[i] = reinterpret_cast<PyObject*>(object);
        m.attr(dtype_name(object->value)) = py::handle(dtype_objects[i]);
    }
}

PyObject* size_repr(PyObject* self) {
    const py::object list = steal(PySequence_List(self));
    return PyUnicode_FromFormat("Size(%R)", list.ptr());
}
PyObject* size_numel(PyObject* self, PyObject*) {
    int64_t n = 1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self); ++i) n *= PyLong_AsLongLong(PyTuple_GET_ITEM(self, i));
    return PyLong_FromLongLong(n);
}

// Tuple's methods with results converted to Size.
PyObject* as_size(PyObject* tuple) {
    if (!tuple || !PyTuple_CheckExact(tuple)) return tuple;
    PyObject* size = PyObject_CallOneArg(reinterpret_cast<PyObject*>(size_type), tuple);
    Py_DECREF(tuple);
    return size;
}
PyObject* size_concat(PyObject* a, PyObject* b) { return as_size(PyTuple_Type.tp_as_sequence->sq_concat(a, b)); }
PyObject* size_repeat(PyObject* self, Py_ssize_t n) {
    return as_size(PyTuple_Type.tp_as_sequence->sq_repeat(self, n));
}
PyObject* size_item(PyObject* self, PyObject* key) {
    PyObject* item = PyTuple_Type.tp_as_mapping->mp_subscript(self, key);
    return PySlice_Check(key) ? as_size(item) : item;
}

void make_size(py::module_& m) {
    static PyMethodDef methods[] = {{"numel", size_numel, METH_NOARGS, "The number of elements."}, {}};
    static PyType_Slot slots[] = {{Py_tp_repr, reinterpret_cast<void*>(size_repr)},
                                  {Py_tp_methods, methods},
                                  {Py_sq_concat, reinterpret_cast<void*>(size_concat)},
                                  {Py_sq_repeat, reinterpret_cast<void*>(size_repeat)},
                                  {Py_mp_subscript, reinterpret_cast<void*>(size_item)},
                                  {Py_tp_doc, const_cast<char*>("A tensor's shape: a tuple of sizes.")},
                                  {}};
    static PyType_Spec spec = {"engine.Size", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    const py::object bases = py::make_tuple(py::handle(reinterpret_cast<PyObject*>(&PyTuple_Type)));
    size_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
    m.attr("Size") = py::handle(reinterpret_cast<PyObject*>(size_type));
}

}  // namespace

PyObject* wrap_dtype(DType t) { return Py_NewRef(dtype_objects[static_cast<int>(t)]); }

PyObject* wrap_size(const Dims& dims) {
    PyObject* size = size_type->tp_alloc(size_type, dims.size());
    if (!size) return nullptr;
    for (int i = 0; i < dims.size(); ++i) PyTuple_SET_ITEM(size, i, PyLong_FromLongLong(dims[i]));
    return size;
}

bool dtype_value(PyObject* o, DType& out) {
    if (Py_TYPE(o) == dtype_type) out = reinterpret_cast<PyDType*>(o)->value;
    else if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) out = DType::Float64;
    else if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) out = DType::Int64;
    else if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) out = DType::Bool;
    else return false;
    return true;
}

void bind_types(py::module_& m) {
    make_dtypes(m);
    make_size(m);
    def(m, "get_default_dtype() -> dtype", [] { return default_dtype.load(); },
        "The dtype of floating tensors that nothing else decides, such as zeros().");
    def(m, "_set_default_dtype(dtype dtype) -> None", [](DType dtype) { default_dtype = dtype; });
    def(m, "promote_types(dtype type1, dtype type2) -> dtype", &promote,
        "The smallest dtype that both convert to.");
    def(m, "can_cast(dtype from_, dtype to) -> bool",
        [](DType from, DType to) { return category(from) <= category(to); },
        "Whether promotion allows to store ``from_`` in ``to``: bools in integers, integers in floats.");
}

}  // namespace bestiary::python
