// dtype, device, Size, Generator, and exceptions.
#include <cstring>
#include <new>
#include <random>

#include <pybind11/stl.h>

#include "core/default_dtype.h"
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

constexpr int64_t kStateBytes = 16;

Tensor generator_state(const Generator& g) {
    const uint64_t words[] = {g.seed(), g.position()};
    const Tensor state = Tensor::empty({kStateBytes}, DType::UInt8);
    std::memcpy(state.raw(), words, kStateBytes);
    return state;
}

void set_generator_state(Generator& g, const Tensor& state) {
    check_as(ErrorKind::Type, state.defined() && state.dtype() == DType::UInt8,
             "Generator.set_state: new_state: expected a tensor of uint8, got ",
             state.defined() ? dtype_name(state.dtype()) : "None");
    check(state.numel() == kStateBytes && state.is_contiguous(), "Generator.set_state: new_state: expected the ",
          kStateBytes, " bytes that get_state gives, got shape ", state.sizes());
    uint64_t words[2];
    std::memcpy(words, state.raw(), kStateBytes);
    g.restore(words[0], words[1]);
}

// The function of this package that the user called; empty if it was the op itself.
std::string called_function() {
    return py::module_::import("engine._argument_errors").attr("called_function")().cast<std::string>();
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
    else if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) out = DType::Float64;
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
    m.def("get_default_dtype", [] { return default_dtype.load(); },
          "The dtype of floating tensors that nothing else decides, such as zeros().");
    m.def("_set_default_dtype", [](DType dtype) { default_dtype = dtype; });
    m.def("promote_types", &promote, py::arg("type1"), py::arg("type2"), "The smallest dtype that both convert to.");
    m.def(
        "can_cast", [](DType from, DType to) { return category(from) <= category(to); }, py::arg("from_"),
        py::arg("to"), "Whether promotion allows to store ``from_`` in ``to``: bools in integers, integers in floats.");

    py::class_<Device>(m, "device", "Where a tensor's memory lives: ``device('cpu')``, ``device('cuda:0')``.")
        .def(py::init(&Device::parse), py::arg("device"))
        .def(py::init([](const Device& d) { return d; }), py::arg("device"))
        .def(py::init([](const std::string& type, std::optional<int> index) {
                 return Device::parse(index ? type + ":" + std::to_string(*index) : type);
             }),
             py::arg("type"), py::arg("index") = py::none())
        .def_property_readonly("type", &Device::type_name)
        .def_property_readonly("index",
                               [](const Device& d) -> std::optional<int> {
                                   return d.index >= 0 ? std::optional<int>(d.index) : std::nullopt;
                               })
        .def(
            "__eq__", [](const Device& a, const Device& b) { return a == b; }, py::is_operator())
        .def("__hash__", [](const Device& d) { return py::hash(py::str(d.str())); })
        .def("__str__", &Device::str)
        .def("__repr__", [](const Device& d) {
            const std::string index = d.index >= 0 ? ", index=" + std::to_string(d.index) : "";
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
        .def("get_state", &generator_state, "Seed and position, as a tensor of bytes.")
        .def("set_state", &set_generator_state, py::arg("new_state"), "Goes back to what get_state gave.")
        .def("seed", [](Generator& g) {
            const uint64_t seed = std::random_device()() | uint64_t{std::random_device()()} << 32;
            g.restore(seed, 0);
            return seed;
        }, "Starts over from a seed that the system draws, and returns it.")
        .def_property_readonly("device", [](const Generator&) { return Device(); }, "The device that it serves.");
    m.attr("default_generator") = Ptr<Generator>(&default_generator());
}

}  // namespace bestiary::python
