// Calls from Python: arguments are read as the schema says, overload by overload.
#include <unordered_map>

#include <pybind11/numpy.h>

#include "core/random.h"
#include "python/function.h"

namespace bestiary::python {
namespace {

// The boxed arguments of one call and what they borrow.
struct Parsed {
    std::array<Value, kMaxParams> values;
    std::array<int64_t, 32> ints;  // lists of sizes nearly always fit here
    size_t ints_used = 0;
    std::vector<std::vector<int64_t>> long_ints;  // the inner vectors' memory stays put when the outer grow
    std::vector<std::vector<double>> floats;
    std::vector<std::vector<Tensor>> tensors;
    std::string why;  // what did not fit
    size_t fitting = 0;  // arguments before it that did
};

bool refuse(Parsed& out, const Param& p, const char* expected, PyObject* got) {
    out.why = concat("argument '", p.name, "': expected ", expected, ", got ", Py_TYPE(got)->tp_name);
    return false;
}

// Tensors and arrays have an __index__ that may yet refuse.
py::object index_of(PyObject* o) {
    const auto index = PyIndex_Check(o) ? py::reinterpret_steal<py::object>(PyNumber_Index(o)) : py::object();
    if (!index) PyErr_Clear();
    return index;
}

int64_t as_int64(PyObject* index) {
    int overflow = 0;
    const int64_t i = PyLong_AsLongLongAndOverflow(index, &overflow);
    check_as(ErrorKind::Value, overflow == 0, py::str(index).cast<std::string>(), " does not fit in 64 bits");
    return i;
}

bool read_int(PyObject* o, int64_t& out) {
    const py::object index = index_of(o);
    if (index) out = as_int64(index.ptr());
    return static_cast<bool>(index);
}

std::span<int64_t> room_for_ints(Parsed& out, size_t n) {
    if (out.ints_used + n > out.ints.size()) return out.long_ints.emplace_back(n);
    const std::span<int64_t> room(out.ints.data() + out.ints_used, n);
    out.ints_used += n;
    return room;
}

bool read_ints(PyObject* const* items, size_t n, Parsed& out, Value& into) {
    const std::span<int64_t> room = room_for_ints(out, n);
    for (size_t i = 0; i < n; ++i)
        if (!read_int(items[i], room[i])) return false;
    into = Value(std::span<const int64_t>(room));
    return true;
}

bool is_list(PyObject* o) { return PyTuple_Check(o) || PyList_Check(o); }

std::span<PyObject* const> items_of(PyObject* list) {
    return {PySequence_Fast_ITEMS(list), static_cast<size_t>(PySequence_Fast_GET_SIZE(list))};
}

bool read_int_list(const Param& p, PyObject* o, Parsed& out, Value& into) {
    if (is_list(o)) {
        const auto items = items_of(o);
        return read_ints(items.data(), items.size(), out, into) || refuse(out, p, "a list of ints", o);
    }
    if (is_tensor(o) && unwrap(o).dim() != 0) return refuse(out, p, "int or a list of ints", o);
    return read_ints(&o, 1, out, into) || refuse(out, p, "int or a list of ints", o);
}

bool read_floats(const Param& p, PyObject* o, Parsed& out, Value& into) {
    std::vector<double>& floats = out.floats.emplace_back();
    const auto add = [&](PyObject* item) {
        const Value v = number_value(item);
        if (!v.none()) floats.push_back(v.number());
        return !v.none();
    };
    if (is_list(o)) {
        for (PyObject* item : items_of(o))
            if (!add(item)) return refuse(out, p, "a list of floats", o);
    } else if (!add(o)) {
        return refuse(out, p, "float or a list of floats", o);
    }
    into = Value(std::span<const double>(floats));
    return true;
}

bool read_tensors(const Param& p, PyObject* o, Parsed& out, Value& into) {
    if (!is_list(o)) return refuse(out, p, "a list of tensors", o);
    std::vector<Tensor>& tensors = out.tensors.emplace_back();
    for (PyObject* item : items_of(o)) {
        if (is_tensor(item)) tensors.push_back(unwrap(item));
        else if (item == Py_None && p.optional) tensors.emplace_back();
        else return refuse(out, p, "a list of tensors", item);
    }
    into = Value(tensors);
    return true;
}

bool read_scalar(const Param& p, PyObject* o, Parsed& out, Value& into) {
    into = number_value(o);
    if (into.none() && p.kind == Kind::Number && is_tensor(o) && unwrap(o).numel() == 1) {
        const Tensor& t = unwrap(o);
        into = is_floating(t.dtype()) ? Value(t.item()) : Value(t.item_int());
    }
    return !into.none() || refuse(out, p, p.kind == Kind::Operand ? "Tensor or number" : "number", o);
}

bool read_device(const Param& p, PyObject* o, Parsed& out, Value& into) {
    if (PyUnicode_Check(o)) into = Device::parse(PyUnicode_AsUTF8(o)).of_tensors();
    else if (py::isinstance<Device>(o)) into = py::cast<Device>(py::handle(o)).of_tensors();
    else return refuse(out, p, "device or str", o);
    return true;
}

bool read_as(const Param& p, PyObject* o, Parsed& out, Value& into) {
    if (o == Py_None && p.optional) {
        into = Value();
        return true;
    }
    switch (p.kind) {
        case Kind::Operand:
            if (!is_tensor(o)) return read_scalar(p, o, out, into);
            [[fallthrough]];
        case Kind::Tensor:
            if (!is_tensor(o)) return refuse(out, p, "Tensor", o);
            into = unwrap(o);
            return true;
        case Kind::Number: return read_scalar(p, o, out, into);
        case Kind::Int: {
            int64_t i = 0;
            if ((is_tensor(o) && unwrap(o).numel() != 1) || !read_int(o, i)) return refuse(out, p, "int", o);
            into = i;
            return true;
        }
        case Kind::Float: {
            const Value v = number_value(o);
            if (v.none()) return refuse(out, p, "float", o);
            into = v.number();
            return true;
        }
        case Kind::Bool:
            if (!PyBool_Check(o)) return refuse(out, p, "bool", o);
            into = o == Py_True;
            return true;
        case Kind::Str: {
            Py_ssize_t n = 0;
            if (!PyUnicode_Check(o)) return refuse(out, p, "str", o);
            const char* text = PyUnicode_AsUTF8AndSize(o, &n);
            into = std::string_view(text, static_cast<size_t>(n));
            return true;
        }
        case Kind::Ints: return read_int_list(p, o, out, into);
        case Kind::Floats: return read_floats(p, o, out, into);
        case Kind::Tensors: return read_tensors(p, o, out, into);
        case Kind::DType: {
            DType t;
            if (!dtype_value(o, t)) return refuse(out, p, "dtype", o);
            into = t;
            return true;
        }
        case Kind::Device: return read_device(p, o, out, into);
        case Kind::Generator:
            if (!py::isinstance<Generator>(o)) return refuse(out, p, "Generator", o);
            into = py::cast<Generator*>(py::handle(o));
            return true;
        case Kind::Object:
            if (!p.object->accepts(o)) return refuse(out, p, p.object->name, o);
            into = Value::of_object(o);
            return true;
    }
    return false;
}

bool read(const Param& p, PyObject* o, Parsed& out, Value& into) try {
    return read_as(p, o, out, into);
} catch (const Error& error) {
    throw Error(error.kind(), concat("argument '", p.name, "': ", error.what()));
}

// NumPy's names for PyTorch's, and torch's own for the first argument.
std::string_view canonical(std::string_view name) {
    if (name == "axis") return "dim";
    if (name == "keepdims") return "keepdim";
    if (name == "input") return "self";
    return name;
}

// Options of PyTorch's factories that have one choice here; false if `name` is none of them.
bool is_fixed_option(const Schema& schema, std::string_view name, PyObject* value) {
    if (schema.index_of("device") < 0 || schema.index_of("requires_grad") < 0) return false;
    if (name == "layout") {
        const bool strided = value == Py_None || (PyUnicode_Check(value) &&
                                                  PyUnicode_CompareWithASCIIString(value, "strided") == 0);
        check_as(ErrorKind::NotImplemented, strided, "layout: only strided tensors are there yet");
    } else if (name == "pin_memory") {
        check(value == Py_None || value == Py_False, "pin_memory: there is no device that reads pinned memory");
    }
    return name == "layout" || name == "pin_memory";
}

bool read_keywords(const Schema& schema, PyObject* const* args, PyObject* names, std::array<bool, kMaxParams>& given,
                   Parsed& out) {
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k) {
        const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
        int at = schema.index_of(name);
        if (at < 0) at = schema.index_of(canonical(name));
        if (at < 0 && is_fixed_option(schema, name, args[k])) continue;
        if (at < 0 || given[at]) {
            out.why = concat(at < 0 ? "unexpected keyword argument '" : "argument given twice: '", name, "'");
            return false;
        }
        if (!read(schema.params[at], args[k], out, out.values[at])) return false;
        given[at] = true;
    }
    return true;
}

bool read_positional(const Schema& schema, PyObject* const* args, size_t count, std::array<bool, kMaxParams>& given,
                     Parsed& out) {
    const std::vector<Param>& params = schema.params;
    for (size_t k = 0; k < count; ++k) {
        if (k >= params.size() || params[k].keyword_only) {
            out.fitting = 0;  // the wrong number of them
            out.why = concat("expected at most ", k, " positional argument", k == 1 ? "" : "s", ", got ", count);
            return false;
        }
        given[k] = true;
        if (params[k].variadic && !is_list(args[k]) && !(args[k] == Py_None)) {
            if (!read_ints(args + k, count - k, out, out.values[k])) return refuse(out, params[k], "ints", args[k]);
            return true;
        }
        if (!read(params[k], args[k], out, out.values[k])) return false;
        ++out.fitting;
    }
    return true;
}

bool parse(const Schema& schema, PyObject* const* args, size_t count, PyObject* names, Parsed& out) {
    std::array<bool, kMaxParams> given{};
    if (!read_positional(schema, args, count, given, out)) return false;
    if (names && !read_keywords(schema, args + count, names, given, out)) return false;
    const std::vector<Param>& params = schema.params;
    for (size_t i = 0; i < params.size(); ++i) {
        if (given[i]) continue;
        if (!params[i].has_default && params[i].variadic) {
            out.values[i] = Value(std::span<const int64_t>());
        } else if (!params[i].has_default) {
            out.why = concat("missing argument '", params[i].name, "'");
            return false;
        } else {
            out.values[i] = params[i].fallback.get();
        }
    }
    return true;
}

template <class Callee>
[[noreturn]] void no_overload(const std::vector<Callee*>& overloads, const std::string& why) {
    std::string message = why;
    for (const Callee* callee : overloads)
        if (callee->schema.name[0] != '_') message += "\n    " + callee->schema.text;
    throw Error(ErrorKind::Type, std::move(message));
}

PyObject* run(const Op& op, Args args) {
    Results results;
    dispatch(op, args, results);
    return wrap_results(op, results);
}

PyObject* run(const BoundFunction& function, Args args) { return function.run(args); }

// Calls the first overload that takes the arguments; if there is none, the one that fits best says why.
template <class Callee>
PyObject* call_fitting(const std::vector<Callee*>& overloads, PyObject* const* args, size_t count,
                       PyObject* names) try {
    std::string why;
    size_t best = 0;
    for (const Callee* callee : overloads) {
        Parsed parsed;
        if (parse(callee->schema, args, count, names, parsed))
            return run(*callee, Args(parsed.values.data(), static_cast<int>(callee->schema.params.size())));
        if (!why.empty() && parsed.fitting <= best) continue;
        why = std::move(parsed.why);
        best = parsed.fitting;
    }
    no_overload(overloads, why);
} catch (Error& error) {
    error.name_op(overloads[0]->public_name());
    throw;
}

// The named tuple that an op with several results returns.
PyTypeObject* result_type(const Op& op) {
    static std::unordered_map<const Op*, PyTypeObject*> types;
    PyTypeObject*& type = types[&op];
    if (type) return type;
    std::vector<PyStructSequence_Field> fields;
    for (const std::string& name : op.schema.results) fields.push_back({name.c_str(), nullptr});
    fields.push_back({});
    const std::string& name = *new std::string("engine.return_types." + op.name());  // lives as long as the type
    PyStructSequence_Desc desc = {name.c_str(), nullptr, fields.data(), static_cast<int>(op.schema.results.size())};
    return type = PyStructSequence_NewType(&desc);
}

}  // namespace

Value number_value(PyObject* o) {
    if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
    if (PyBool_Check(o)) return o == Py_True;
    if (PyLong_Check(o)) return as_int64(o);
    if (is_tensor(o) || !PyNumber_Check(o) || PySequence_Check(o)) return {};
    if (const py::object index = index_of(o)) return as_int64(index.ptr());  // NumPy's scalars
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Float(o));
    if (number) return PyFloat_AS_DOUBLE(number.ptr());
    PyErr_Clear();  // complex numbers
    return {};
}

PyObject* wrap_results(const Op& op, Results& results) {
    const bool several = op.schema.results.size() > 1;
    if (!several && !op.schema.returns_list) return wrap(std::move(results[0]));
    PyObject* tuple = several ? PyStructSequence_New(result_type(op)) : PyTuple_New(results.size());
    for (int i = 0; i < results.size(); ++i) {
        PyObject* item = results[i].defined() ? wrap(std::move(results[i])) : Py_NewRef(Py_None);
        if (several) PyStructSequence_SET_ITEM(tuple, i, item);
        else PyTuple_SET_ITEM(tuple, i, item);
    }
    return tuple;
}

static Py_ssize_t index_of_out(PyObject* names) {
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); ++k)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), "out") == 0) return k;
    return -1;
}

// A call with out=: what it would return, written by engine/_out.py into the tensors given.
static PyObject* call_with_out(const std::vector<Op*>& overloads, PyObject* const* args, size_t count,
                               PyObject* names, Py_ssize_t at) {
    std::vector<PyObject*> rest(args, args + count + static_cast<size_t>(PyTuple_GET_SIZE(names)));
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(count) + at);
    py::list kept;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k)
        if (k != at) kept.append(py::handle(PyTuple_GET_ITEM(names, k)));
    const py::tuple other_names(kept);
    const auto result = py::reinterpret_steal<py::object>(
        call_overloads(overloads, rest.data(), count, kept.empty() ? nullptr : other_names.ptr()));
    PyObject* out = args[count + static_cast<size_t>(at)];
    if (!result || out == Py_None) return result.inc_ref().ptr();
    return guarded([&] {
        const py::object write_out = engine_function("_out", "write_out");
        return write_out(overloads[0]->public_name(), result, py::handle(out)).release().ptr();
    });
}

PyObject* call_overloads(const std::vector<Op*>& overloads, PyObject* const* args, size_t count, PyObject* names) {
    if (const Py_ssize_t at = index_of_out(names); at >= 0) return call_with_out(overloads, args, count, names, at);
    return guarded([&] { return call_fitting(overloads, args, count, names); });
}

PyObject* call_overloads(const std::vector<BoundFunction*>& overloads, PyObject* const* args, size_t count,
                         PyObject* names) {
    return guarded([&] { return call_fitting(overloads, args, count, names); });
}

static Value operand(const Op& op, const char* name, PyObject* o) try {
    return is_tensor(o) ? Value(unwrap(o)) : number_value(o);
} catch (Error& error) {
    Error named(error.kind(), concat("argument '", name, "': ", error.what()));
    named.name_op(op.public_name());
    throw named;
}

PyObject* call_binary(const Op& op, PyObject* a, PyObject* b) {
    return guarded([&]() -> PyObject* {
        const Value values[] = {operand(op, "self", a), operand(op, "other", b)};
        if (values[0].none() && py::isinstance<py::array>(a)) return call_binary(op, py::cast(from_numpy(a)).ptr(), b);
        if (values[1].none() && py::isinstance<py::array>(b)) return call_binary(op, a, py::cast(from_numpy(b)).ptr());
        if (values[0].none() || values[1].none()) return Py_NewRef(Py_NotImplemented);
        Results results;
        dispatch(op, Args(values, 2), results);
        return wrap(std::move(results[0]));
    });
}

}  // namespace bestiary::python
