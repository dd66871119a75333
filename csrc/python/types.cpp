// dtype, device, Size, Generator, and exceptions.
#include <new>

#include <pybind11/stl.h>

#include "core/random.h"
#include "python/wrap.h"

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
PyObject* dtype_itemsize(PyObject* self, void*) {
    return PyLong_FromLongLong(item_size(reinterpret_cast<PyDType*>(self)->value));
}

void make_dtypes(py::module_& m) {
    static PyMethodDef methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, nullptr}, {}};
    static PyGetSetDef getters[] = {{"is_floating_point", dtype_is_floating_point, nullptr,
                                     "Whether elements are floating-point numbers.", nullptr},
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

void make_size(py::module_& m) {
    static PyMethodDef methods[] = {{"numel", size_numel, METH_NOARGS, "The number of elements."}, {}};
    static PyType_Slot slots[] = {{Py_tp_repr, reinterpret_cast<void*>(size_repr)},
                                  {Py_tp_methods, methods},
                                  {Py_tp_doc, const_cast<char*>("A tensor's shape: a tuple of sizes.")},
                                  {}};
    static PyType_Spec spec = {"engine.Size", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    const py::object bases = py::make_tuple(py::handle(reinterpret_cast<PyObject*>(&PyTuple_Type)));
    size_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
    m.attr("Size") = py::handle(reinterpret_cast<PyObject*>(size_type));
}

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

// The function of this package that the user called; empty if it was the op itself.
std::string called_function() {
    return py::module_::import("engine._callers").attr("called_function")().cast<std::string>();
}

void set_error(Error error) {
    const std::string caller = called_function();
    const bool says_so = std::string_view(error.what()).starts_with(caller + ":");
    if (!caller.empty() && !says_so) error.name_op(caller);
    PyErr_SetString(exception_for(error.kind()), error.what());
}

}  // namespace

void raise_current_exception() {
    try {
        throw;
    } catch (py::error_already_set& e) {
        e.restore();
    } catch (const Error& e) {
        set_error(e);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& e) {
        PyErr_SetString(PyExc_RuntimeError, e.what());
    }
}

uint64_t seed_value(const char* function, const py::int_& seed) {
    int overflow = 0;
    const int64_t value = PyLong_AsLongLongAndOverflow(seed.ptr(), &overflow);
    if (overflow == 0) return static_cast<uint64_t>(value);
    const uint64_t unsigned_value = PyLong_AsUnsignedLongLong(seed.ptr());
    const bool fits = !PyErr_Occurred();
    PyErr_Clear();
    check_as(ErrorKind::Value, fits, function, ": seed: expected -2**63 to 2**64 - 1, got ",
             py::str(seed).cast<std::string>());
    return unsigned_value;
}

PyObject* wrap_dtype(DType t) { return Py_NewRef(dtype_objects[static_cast<int>(t)]); }

PyObject* wrap_size(const Dims& dims) {
    PyObject* size = size_type->tp_alloc(size_type, dims.size());
    if (!size) return nullptr;
    for (int i = 0; i < dims.size(); ++i) PyTuple_SET_ITEM(size, i, PyLong_FromLongLong(dims[i]));
    return size;
}

bool dtype_value(PyObject* o, DType& out) {
    if (Py_TYPE(o) == dtype_type) out = reinterpret_cast<PyDType*>(o)->value;
    else if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) out = DType::Float32;
    else if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) out = DType::Int64;
    else if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) out = DType::Bool;
    else return false;
    return true;
}

void bind_types(py::module_& m) {
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const Error& e) {
            set_error(e);
        }
    });
    make_dtypes(m);
    make_size(m);
    m.def("promote_types", &promote, py::arg("type1"), py::arg("type2"), "The smallest dtype that both convert to.");
    m.def(
        "can_cast", [](DType from, DType to) { return category(from) <= category(to); }, py::arg("from_"),
        py::arg("to"), "Whether promotion allows to store ``from_`` in ``to``: bools in integers, integers in floats.");

    py::class_<Device>(m, "device", "Where a tensor's memory lives: ``device('cpu')``, ``device('cuda:0')``.")
        .def(py::init(&Device::parse), py::arg("device"))
        .def(py::init([](const Device& d) { return d; }), py::arg("device"))
        .def_property_readonly("type", &Device::type_name)
        .def_property_readonly("index",
                               [](const Device& d) -> std::optional<int> {
                                   return d.has_index() ? std::optional<int>(d.index) : std::nullopt;
                               })
        .def(
            "__eq__", [](const Device& a, const Device& b) { return a == b; }, py::is_operator())
        .def("__hash__", [](const Device& d) { return py::hash(py::str(d.str())); })
        .def("__str__", &Device::str)
        .def("__repr__", [](const Device& d) {
            const std::string index = d.has_index() ? ", index=" + std::to_string(d.index) : "";
            return "device(type='" + std::string(d.type_name()) + "'" + index + ")";
        })
        .def(
            py::pickle([](const Device& d) { return d.str(); }, [](const std::string& s) { return Device::parse(s); }));

    py::implicitly_convertible<py::str, Device>();

    py::class_<Generator, Ptr<Generator>>(m, "Generator", "A source of random numbers: Philox, a seed and a position.")
        .def(py::init([](std::optional<Device>) { return Ptr<Generator>(new Generator(0)); }),
             py::arg("device") = py::none())
        .def(
            "manual_seed",
            [](Ptr<Generator> g, const py::int_& seed) {
                g->restore(seed_value("Generator.manual_seed", seed), 0);
                return g;
            },
            py::arg("seed"), "Starts over from ``seed``.")
        .def("initial_seed", &Generator::seed, "The seed in use.")
        .def(
            "get_state", [](const Generator& g) { return std::pair(g.seed(), g.position()); }, "Seed and position.")
        .def(
            "set_state", [](Generator& g, std::pair<uint64_t, uint64_t> s) { g.restore(s.first, s.second); },
            py::arg("state"), "Goes back to what get_state gave.");
    m.attr("default_generator") = Ptr<Generator>(&default_generator());
}

}  // namespace bestiary::python
