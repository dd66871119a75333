// x[...] and x[...] = y.
#include "ops/names.h"
#include "python/wrap.h"

namespace bestiary::python {
namespace {

// An index after integers, slices, None and ... have been applied as views: tensors index the dimensions given.
struct Indexed {
    Tensor view;
    std::vector<Tensor> indices = {};  // as the op `index` takes them
    int indexed = 0;                   // the dimensions of the view that they stand for
};

// Bytes are masks, as in PyTorch.
bool is_mask(const Tensor& t) { return t.dtype() == DType::Bool || t.dtype() == DType::UInt8; }
bool is_boolean(PyObject* o) { return PyBool_Check(o) || (is_tensor(o) && is_mask(unwrap(o))); }

// The number of dimensions of the tensor that an item of the index consumes.
int dims_used(PyObject* item) {
    if (item == Py_None || item == Py_Ellipsis || PyBool_Check(item)) return 0;
    if (is_tensor(item) && is_mask(unwrap(item))) return unwrap(item).dim();
    return 1;
}

// Lists and arrays in an index become tensors.
py::object as_index(PyObject* item) {
    const bool plain = item == Py_None || item == Py_Ellipsis || PySlice_Check(item) || PyLong_Check(item) ||
                       is_tensor(item);
    if (plain || (PyIndex_Check(item) && !PySequence_Check(item))) return py::reinterpret_borrow<py::object>(item);
    const bool list = (PySequence_Check(item) && !PyUnicode_Check(item)) || py::hasattr(py::handle(item), "__array__");
    check_as(ErrorKind::Type, list, "index: expected integers, slices, None, '...', tensors or lists, got ",
             Py_TYPE(item)->tp_name);
    const Tensor index = as_tensor(item);
    const bool empty = index.numel() == 0 && PyList_Check(item);  // without elements, they have no dtype
    const bool narrow = index.dtype() == DType::Int8 || index.dtype() == DType::Int16;  // of arrays; bytes are masks
    return py::cast(empty || narrow ? Call<"to.dtype">()(index, DType::Int64) : index);
}

// NumPy and PyTorch accept a value with more dimensions than it is assigned to, if those are of size 1.
Tensor without_leading_ones(Tensor value) {
    while (value.dim() > 0 && value.sizes()[0] == 1) value = ops::select(value, 0, 0);
    return value;
}

Value slice_bound(PyObject* o) {
    if (o == Py_None) return {};
    const py::object index = steal(PyNumber_Index(o));
    const Py_ssize_t i = PyNumber_AsSsize_t(index.ptr(), nullptr);  // clips, as Python's slices do
    return static_cast<int64_t>(i);
}

void take_slice(Indexed& out, int& at, PyObject* item) {
    const auto* slice = reinterpret_cast<PySliceObject*>(item);
    const Value start = slice_bound(slice->start), stop = slice_bound(slice->stop), step = slice_bound(slice->step);
    if (!start.none() || !stop.none() || !step.none())
        out.view = ops::slice(out.view, at, start, stop, step.none() ? Value(1) : step);
    ++at;
}

void take_tensor(Indexed& out, int& at, const Tensor& index) {
    check_as(ErrorKind::Index, !is_floating(index.dtype()), "index: expected integers or bools, got ", index.dtype());
    out.indices.resize(out.indices.size() + static_cast<size_t>(at - out.indexed));  // undefined: the whole dimension
    out.indices.push_back(index);
    at += is_mask(index) ? index.dim() : 1;
    out.indexed = at;
}

void take(Indexed& out, int& at, PyObject* item, int remaining) {
    if (item == Py_None) {
        out.view = ops::unsqueeze(out.view, at++);
    } else if (item == Py_Ellipsis) {
        at = out.view.dim() - remaining;
    } else if (PySlice_Check(item)) {
        take_slice(out, at, item);
    } else if (PyBool_Check(item)) {
        out.view = ops::unsqueeze(out.view, at);
        take_tensor(out, at, ops::reshape(Tensor::scalar(int64_t{item == Py_True}, DType::Bool), Dims{1}));
    } else if (is_tensor(item) && (unwrap(item).dim() > 0 || is_boolean(item))) {
        if (unwrap(item).dim() > 0) return take_tensor(out, at, unwrap(item));
        out.view = ops::unsqueeze(out.view, at);
        take_tensor(out, at, ops::reshape(unwrap(item), Dims{1}));
    } else {
        const Value i = slice_bound(item);
        out.view = ops::select(out.view, at, i);
    }
}

Indexed apply(const Tensor& self, PyObject* index) {
    std::vector<py::object> items;
    if (PyTuple_Check(index))
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(index); ++i) items.push_back(as_index(PyTuple_GET_ITEM(index, i)));
    else items.push_back(as_index(index));
    int used = 0, ellipses = 0;
    for (const py::object& item : items) {
        used += dims_used(item.ptr());
        ellipses += item.ptr() == Py_Ellipsis;
    }
    check_as(ErrorKind::Index, used <= self.dim(), "too many indices: got ", used, " for shape ", self.sizes());
    check_as(ErrorKind::Index, ellipses <= 1, "index: '...' may come once, got ", ellipses);
    Indexed out{self};
    int at = 0;
    for (size_t i = 0; i < items.size(); ++i) {
        int remaining = 0;
        if (items[i].ptr() == Py_Ellipsis)
            for (size_t j = i + 1; j < items.size(); ++j) remaining += dims_used(items[j].ptr());
        take(out, at, items[i].ptr(), remaining);
    }
    return out;
}

}  // namespace

PyObject* get_item(PyObject* self, PyObject* index) {
    return guarded([&]() -> PyObject* {
        const Tensor& t = unwrap(self);
        if (PyLong_CheckExact(index)) return wrap(ops::select(t, 0, slice_bound(index)));
        Indexed found = apply(t, index);
        if (!found.indices.empty()) return wrap(Call<"index">()(found.view, found.indices));
        return wrap(found.view.impl() == t.impl() ? ops::alias(t) : found.view);
    });
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
    PyObject* done = guarded([&] {
        check_as(ErrorKind::Type, value != nullptr, "elements of a tensor can't be deleted");
        const Indexed found = apply(unwrap(self), index);
        const Value number = is_tensor(value) ? Value() : number_value(value);
        Tensor source;
        if (is_tensor(value)) source = unwrap(value);
        else if (number.none()) source = as_tensor(value, py::cast(unwrap(self).dtype()));
        if (source.defined()) source = without_leading_ones(source);
        if (!found.indices.empty()) {
            if (!source.defined())
                source = number.tag == Tag::Float ? Tensor::scalar(number.f, found.view.dtype())
                                                  : Tensor::scalar(number.integer(), found.view.dtype());
            Call<"index_put_">()(found.view, found.indices, source, false);
        } else if (source.defined()) {
            ops::copy_(found.view, source);
        } else {
            Call<"fill_">()(found.view, number);
        }
        return Py_NewRef(Py_None);
    });
    Py_XDECREF(done);
    return done ? 0 : -1;
}

}  // namespace bestiary::python
