// The Tensor type: number slots, properties, and what is quicker here than through an op.
#include <Python.h>
#include <structmember.h>

#include <optional>

#include <pybind11/numpy.h>

#include "autograd/record.h"
#include "core/layout.h"
#include "python/wrap.h"

namespace bestiary::python {

PyTypeObject* tensor_type = nullptr;

namespace {

// Objects of the exact type are kept for reuse.
constexpr int kKept = 512;
PyTensor* kept[kKept];
int kept_count = 0;

PyTensor* new_object(PyTypeObject* type) {
    if (type == tensor_type && kept_count > 0) {
        PyTensor* self = kept[--kept_count];
        Py_INCREF(type);
        _Py_NewReference(reinterpret_cast<PyObject*>(self));
        return self;
    }
    return reinterpret_cast<PyTensor*>(type->tp_alloc(type, 0));
}

void dealloc(PyObject* o) {
    PyTensor* self = reinterpret_cast<PyTensor*>(o);
    PyTypeObject* type = Py_TYPE(o);
    if (PyType_IS_GC(type)) PyObject_GC_UnTrack(o);
    if (self->weak) PyObject_ClearWeakRefs(o);
    Py_CLEAR(self->dict);
    if (self->impl) {
        self->impl->python = nullptr;
        Ptr<TensorImpl>::adopt(std::exchange(self->impl, nullptr)).reset();
    }
    if (type == tensor_type && kept_count < kKept) kept[kept_count++] = self;
    else type->tp_free(o);
    Py_DECREF(type);
}

// Tensor(2, 3) and Tensor([1, 2]).
PyObject* legacy_new(PyTypeObject* type, PyObject* args, PyObject* names) {
    const py::dict options = names ? py::reinterpret_borrow<py::dict>(names) : py::dict();
    const py::object legacy_tensor = engine_function("_legacy", "legacy_tensor");
    const py::object made = legacy_tensor("Tensor", py::none(), *py::handle(args), **options);
    return wrap_as(type, detach(unwrap(made.ptr())));
}

// Tensor(tensor) is a view of it. Subclasses may take further arguments in a constructor of their own.
PyObject* tp_new(PyTypeObject* type, PyObject* args, PyObject* names) {
    return guarded([&]() -> PyObject* {
        PyObject* first = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : nullptr;
        if (!first || !is_tensor(first)) return legacy_new(type, args, names);
        to_row_major(unwrap(first));
        return wrap_as(type, detach(unwrap(first)));
    });
}

template <FixedString Name>
PyObject* binary(PyObject* a, PyObject* b) {
    return call_binary(Call<Name>::op(), a, b);
}

// x += y where y is a tensor or a number.
template <FixedString Name>
PyObject* in_place(PyObject* a, PyObject* b) {
    return call_binary(Call<Name>::op(), a, b);
}

template <FixedString Name>
PyObject* unary(PyObject* a) {
    return guarded([&] { return wrap(Call<Name>()(unwrap(a))); });
}

template <FixedString Name>
PyObject* power(PyObject* a, PyObject* b, PyObject*) {
    return call_binary(Call<Name>::op(), a, b);
}

PyObject* matmul(PyObject* a, PyObject* b) {
    if (!is_tensor(a) || !is_tensor(b)) {
        const bool arrays = py::isinstance<py::array>(a) || py::isinstance<py::array>(b);
        return arrays ? call_binary(Call<"matmul">::op(), a, b) : Py_NewRef(Py_NotImplemented);
    }
    return guarded([&] { return wrap(Call<"matmul">()(unwrap(a), unwrap(b))); });
}

PyObject* rich_compare(PyObject* a, PyObject* b, int op) {
    switch (op) {
        case Py_LT: return call_binary(Call<"lt">::op(), a, b);
        case Py_LE: return call_binary(Call<"le">::op(), a, b);
        case Py_EQ: return call_binary(Call<"eq">::op(), a, b);
        case Py_NE: return call_binary(Call<"ne">::op(), a, b);
        case Py_GT: return call_binary(Call<"gt">::op(), a, b);
        default: return call_binary(Call<"ge">::op(), a, b);
    }
}

PyObject* item(PyObject* self, PyObject*) {
    return guarded([&]() -> PyObject* {
        const Tensor& t = unwrap(self);
        if (is_floating(t.dtype())) return PyFloat_FromDouble(t.item());
        if (t.dtype() == DType::Bool) return PyBool_FromLong(t.item_int());
        return PyLong_FromLongLong(t.item_int());
    });
}

int truth(PyObject* self) {
    try {
        const Tensor& t = unwrap(self);
        check(t.numel() == 1, "the truth of a tensor with ", t.numel(), " elements is ambiguous; use any() or all()");
        return t.item() != 0;
    } catch (...) {
        raise_current_exception();
        return -1;
    }
}

// int() and float() raise ValueError, where item() raises RuntimeError.
void check_one_element(const char* function, const Tensor& t) {
    check_as(ErrorKind::Value, t.numel() == 1, function, ": expected a tensor with one element, got shape ", t.sizes());
}

PyObject* as_float(PyObject* self) {
    return guarded([&] {
        check_one_element("float", unwrap(self));
        return PyFloat_FromDouble(unwrap(self).item());
    });
}
PyObject* as_int(PyObject* self) {
    return guarded([&] {
        check_one_element("int", unwrap(self));
        const py::object number = steal(item(self, nullptr));
        return PyNumber_Long(number.ptr());
    });
}
PyObject* as_index(PyObject* self) {
    const Tensor& t = unwrap(self);
    if (!is_floating(t.dtype()) && t.numel() == 1) return as_int(self);
    PyErr_SetString(PyExc_TypeError, "only a tensor of one integer can be used as an index");
    return nullptr;
}

Py_ssize_t length(PyObject* self) {
    const Tensor& t = unwrap(self);
    if (t.dim() > 0) return t.sizes()[0];
    PyErr_SetString(PyExc_TypeError, "a 0-d tensor has no length");
    return -1;
}

PyObject* iterate(PyObject* self) {
    return guarded([&]() -> PyObject* {
        check_as(ErrorKind::Type, unwrap(self).dim() > 0, "a 0-d tensor can't be iterated over");
        const py::object rows = steal([&] {
            Results results = Call<"unbind">().all(unwrap(self));
            return wrap_results(Call<"unbind">::op(), results);
        }());
        return PyObject_GetIter(rows.ptr());
    });
}

PyObject* get_shape(PyObject* self, void*) { return wrap_size(unwrap(self).sizes()); }
PyObject* get_dtype(PyObject* self, void*) { return wrap_dtype(unwrap(self).dtype()); }
PyObject* get_device(PyObject* self, void*) { return py::cast(unwrap(self).device()).release().ptr(); }
PyObject* get_ndim(PyObject* self, void*) { return PyLong_FromLong(unwrap(self).dim()); }
PyObject* get_requires_grad(PyObject* self, void*) {
    const Value v = unwrap(self);
    return PyBool_FromLong(requires_grad(Args(&v, 1)));
}
int set_requires_grad_flag(PyObject* self, PyObject* value, void*) {
    if (!value) {
        PyErr_SetString(PyExc_AttributeError, "requires_grad can't be deleted");
        return -1;
    }
    const int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    PyObject* done = guarded([&] {
        set_requires_grad(unwrap(self), on);
        return Py_NewRef(Py_None);
    });
    Py_XDECREF(done);
    return done ? 0 : -1;
}
PyObject* get_grad(PyObject* self, void*) {
    const Tensor& t = unwrap(self);
    Tensor grad = grad_of(t);
    if (!grad.defined() && !is_leaf(t) && !retains_grad(t)) {
        const char* text = "grad of a tensor that is no leaf: backward() does not fill it; call retain_grad() first";
        if (PyErr_WarnEx(PyExc_UserWarning, text, 1) < 0) return nullptr;
    }
    return grad.defined() ? wrap(std::move(grad)) : Py_NewRef(Py_None);
}
int set_grad_value(PyObject* self, PyObject* value, void*) {
    PyObject* done = guarded([&] {
        const bool none = !value || value == Py_None;
        check_as(ErrorKind::Type, none || is_tensor(value), "grad: expected a Tensor or None");
        set_grad(unwrap(self), none ? Tensor() : unwrap(value));
        return Py_NewRef(Py_None);
    });
    Py_XDECREF(done);
    return done ? 0 : -1;
}
PyObject* get_is_leaf(PyObject* self, void*) { return PyBool_FromLong(is_leaf(unwrap(self))); }
PyObject* get_retains_grad(PyObject* self, void*) { return PyBool_FromLong(retains_grad(unwrap(self))); }
PyObject* get_version(PyObject* self, void*) { return PyLong_FromUnsignedLong(unwrap(self)->storage->version()); }
PyObject* get_base(PyObject* self, void*) {
    const Tensor base(unwrap(self)->base);
    return base.defined() ? wrap(base) : Py_NewRef(Py_None);
}

// The argument of size(dim) and stride(dim); none if it was not given.
std::optional<int64_t> dim_argument(PyObject* const* args, Py_ssize_t count, PyObject* names) {
    const Py_ssize_t given = count + (names ? PyTuple_GET_SIZE(names) : 0);
    if (given == 0) return std::nullopt;
    const bool named = count == 0 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "dim") == 0;
    check_as(ErrorKind::Type, given == 1 && (count == 1 || named), "expected one argument 'dim', got ", given);
    if (args[0] == Py_None) return std::nullopt;
    const Value index = PyIndex_Check(args[0]) ? number_value(args[0]) : Value();
    check_as(ErrorKind::Type, !index.none(), "argument 'dim': expected int, got ", Py_TYPE(args[0])->tp_name);
    return index.integer();
}

// The methods written here name themselves, as ops do.
template <class F>
PyObject* guarded_as(const char* name, F&& body) {
    return guarded([&]() -> PyObject* {
        try {
            return body();
        } catch (Error& error) {
            error.name_op(name);
            throw;
        }
    });
}

PyObject* size(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
    return guarded_as("size", [&]() -> PyObject* {
        const auto dim = dim_argument(args, count, names);
        return dim ? PyLong_FromLongLong(unwrap(self).size(*dim)) : wrap_size(unwrap(self).sizes());
    });
}
PyObject* stride(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
    return guarded_as("stride", [&]() -> PyObject* {
        const Tensor& t = unwrap(self);
        const Dims strides = t->visible_strides();
        if (const auto dim = dim_argument(args, count, names)) {
            check_as(ErrorKind::Index, t.dim() > 0, "dim: a 0-d tensor has no dimensions, got ", *dim);
            return PyLong_FromLongLong(strides[wrap_dim(*dim, t.dim())]);
        }
        PyObject* tuple = PyTuple_New(t.dim());
        for (int i = 0; i < t.dim(); ++i) PyTuple_SET_ITEM(tuple, i, PyLong_FromLongLong(strides[i]));
        return tuple;
    });
}
PyObject* dim(PyObject* self, PyObject*) { return PyLong_FromLong(unwrap(self).dim()); }
PyObject* numel(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self).numel()); }
PyObject* data_ptr(PyObject* self, PyObject*) {
    return guarded([&] {
        const Tensor& t = unwrap(self);
        to_row_major(t);
        t->storage->share_outside();
        return PyLong_FromVoidPtr(t.raw());
    });
}
PyObject* storage_offset(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self)->offset); }
PyObject* element_size(PyObject* self, PyObject*) { return PyLong_FromLongLong(item_size(unwrap(self).dtype())); }
PyObject* is_inference(PyObject* self, PyObject*) { return PyBool_FromLong(unwrap(self)->inference); }
// is_contiguous(*, memory_format=None): whether contiguous() would give self back.
PyObject* is_contiguous_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
    return guarded([&]() -> PyObject* {
        const Tensor& t = unwrap(self);
        if (count == 0 && !names) return PyBool_FromLong(t.is_contiguous() || t->engine_layout);
        const bool named = count == 0 && PyTuple_GET_SIZE(names) == 1 &&
                           PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "memory_format") == 0;
        check_as(ErrorKind::Type, (named || (count == 1 && !names)) && PyUnicode_Check(args[0]),
                 "is_contiguous: expected one argument 'memory_format'");
        const GradMode off(false);
        return PyBool_FromLong(Call<"contiguous">()(t, PyUnicode_AsUTF8(args[0])).impl() == t.impl());
    });
}

PyGetSetDef getters[] = {
    {"shape", get_shape, nullptr, "The sizes of the dimensions.", nullptr},
    {"dtype", get_dtype, nullptr, "The type of the elements.", nullptr},
    {"device", get_device, nullptr, "Where the memory lives.", nullptr},
    {"ndim", get_ndim, nullptr, "The number of dimensions.", nullptr},
    {"requires_grad", get_requires_grad, set_requires_grad_flag, "Whether gradients are wanted for this tensor.",
     nullptr},
    {"grad", get_grad, set_grad_value, "The gradient that backward() left here, or None.", nullptr},
    {"is_leaf", get_is_leaf, nullptr, "Whether the user made this tensor, rather than an op in the graph.", nullptr},
    {"retains_grad", get_retains_grad, nullptr, "Whether retain_grad() was called on this result of an op.", nullptr},
    {"_version", get_version, nullptr, "How often the memory has been written.", nullptr},
    {"_base", get_base, nullptr, "For a view: the tensor whose memory it shows.", nullptr},
    {}};

template <class F>
PyCFunction as_method(F* f) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyMethodDef methods[] = {
    {"item", item, METH_NOARGS, "The one element as a Python number."},
    {"size", as_method(size), METH_FASTCALL | METH_KEYWORDS, "The shape, or the size of one dimension."},
    {"stride", as_method(stride), METH_FASTCALL | METH_KEYWORDS, "The strides in elements, or that of one dimension."},
    {"dim", dim, METH_NOARGS, "The number of dimensions."},
    {"numel", numel, METH_NOARGS, "The number of elements."},
    {"data_ptr", data_ptr, METH_NOARGS, "The address of the first element."},
    {"storage_offset", storage_offset, METH_NOARGS, "Elements from the start of the memory to the first element."},
    {"element_size", element_size, METH_NOARGS, "Bytes of one element."},
    {"is_inference", is_inference, METH_NOARGS, "Whether it was made in inference mode."},
    {"is_contiguous", as_method(is_contiguous_method), METH_FASTCALL | METH_KEYWORDS,
     "Whether the elements lie in row-major order, or in that of a memory format."},
    {}};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(PyTensor, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weak), READONLY, nullptr},
    {}};

template <class F>
constexpr void* slot(F* f) {
    return reinterpret_cast<void*>(f);
}

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("A strided array of numbers that remembers how it was computed.")},
    {Py_tp_new, slot(tp_new)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_getset, getters},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_richcompare, slot(rich_compare)},
    {Py_tp_hash, slot(_Py_HashPointer)},
    {Py_tp_iter, slot(iterate)},
    {Py_mp_length, slot(length)},
    {Py_mp_subscript, slot(get_item)},
    {Py_mp_ass_subscript, slot(set_item)},
    {Py_nb_bool, slot(truth)},
    {Py_nb_float, slot(as_float)},
    {Py_nb_int, slot(as_int)},
    {Py_nb_index, slot(as_index)},
    {Py_nb_add, slot(binary<"add">)},
    {Py_nb_subtract, slot(binary<"sub">)},
    {Py_nb_multiply, slot(binary<"mul">)},
    {Py_nb_true_divide, slot(binary<"div">)},
    {Py_nb_floor_divide, slot(binary<"floor_divide">)},
    {Py_nb_remainder, slot(binary<"remainder">)},
    {Py_nb_power, slot(power<"pow">)},
    {Py_nb_matrix_multiply, slot(matmul)},
    {Py_nb_and, slot(binary<"bitwise_and">)},
    {Py_nb_or, slot(binary<"bitwise_or">)},
    {Py_nb_xor, slot(binary<"bitwise_xor">)},
    {Py_nb_lshift, slot(binary<"bitwise_left_shift">)},
    {Py_nb_rshift, slot(binary<"bitwise_right_shift">)},
    {Py_nb_negative, slot(unary<"neg">)},
    {Py_nb_positive, slot(unary<"alias">)},
    {Py_nb_absolute, slot(unary<"abs">)},
    {Py_nb_invert, slot(unary<"bitwise_not">)},
    {Py_nb_inplace_add, slot(in_place<"add_">)},
    {Py_nb_inplace_subtract, slot(in_place<"sub_">)},
    {Py_nb_inplace_multiply, slot(in_place<"mul_">)},
    {Py_nb_inplace_true_divide, slot(in_place<"div_">)},
    {Py_nb_inplace_floor_divide, slot(in_place<"floor_divide_">)},
    {Py_nb_inplace_remainder, slot(in_place<"remainder_">)},
    {Py_nb_inplace_power, slot(power<"pow_">)},
    {Py_nb_inplace_lshift, slot(in_place<"bitwise_left_shift_">)},
    {Py_nb_inplace_rshift, slot(in_place<"bitwise_right_shift_">)},
    {Py_nb_inplace_and, slot(in_place<"bitwise_and_">)},
    {Py_nb_inplace_or, slot(in_place<"bitwise_or_">)},
    {Py_nb_inplace_xor, slot(in_place<"bitwise_xor_">)},
    {}};

}  // namespace

PyObject* wrap_as(PyTypeObject* type, Tensor t) {
    PyTensor* self = new_object(type);
    if (!self) return nullptr;
    t->python = self;
    self->impl = t.detach_handle();
    return reinterpret_cast<PyObject*>(self);
}

PyObject* wrap(Tensor t) {
    if (t->python) return Py_NewRef(static_cast<PyObject*>(t->python));
    return wrap_as(tensor_type, std::move(t));
}

void bind_tensor(py::module_& m) {
    static PyType_Spec spec = {"engine.Tensor", sizeof(PyTensor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    tensor_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (!tensor_type) throw py::error_already_set();
    m.attr("Tensor") = py::handle(reinterpret_cast<PyObject*>(tensor_type));
}

}  // namespace bestiary::python
