// The declarations of the op table as Python reads them.
#include <pybind11/stl.h>

#include "core/random.h"
#include "python/wrap.h"

namespace bestiary::python {
namespace {

// As the text of a schema spells it.
const char* kind_name(Kind kind) {
    switch (kind) {
        case Kind::Tensor: return "Tensor";
        case Kind::Operand: return "Operand";
        case Kind::Number: return "Number";
        case Kind::Int: return "int";
        case Kind::Float: return "float";
        case Kind::Bool: return "bool";
        case Kind::Str: return "str";
        case Kind::Ints: return "int[]";
        case Kind::Floats: return "float[]";
        case Kind::Tensors: return "Tensor[]";
        case Kind::DType: return "dtype";
        case Kind::Device: return "device";
        case Kind::Generator: return "Generator";
    }
    __builtin_unreachable();
}

py::object default_value(const Param& p) {
    const Value& v = p.fallback.get();
    switch (v.tag) {
        case Tag::Bool: return py::bool_(v.b);
        case Tag::Int: return py::int_(v.i);
        case Tag::Float: return py::float_(v.f);
        case Tag::Str: return py::str(std::string(v.str()));
        case Tag::Ints: return py::cast(std::vector<int64_t>(v.int_list().begin(), v.int_list().end()));
        default: return py::none();
    }
}

}  // namespace

void bind_schema(py::module_& m) {
    py::class_<Param>(m, "SchemaParam", "A parameter of an op.")
        .def_readonly("name", &Param::name)
        .def_property_readonly("kind", [](const Param& p) { return kind_name(p.kind); },
                               "The type as a schema spells it: 'Tensor', 'int[]', 'Operand' (a tensor or a number).")
        .def_readonly("optional", &Param::optional, "Whether None is accepted; in a list of tensors, for its items.")
        .def_readonly("variadic", &Param::variadic, "Whether it may be given as several positional arguments.")
        .def_readonly("keyword_only", &Param::keyword_only)
        .def_readonly("writes", &Param::writes, "Whether the op changes it.")
        .def_readonly("has_default", &Param::has_default)
        .def_property_readonly("default", &default_value);
    py::class_<Schema>(m, "Schema", "The declaration of an op: its name, its parameters and its results.")
        .def(py::init([](const std::string& text) { return std::make_unique<Schema>(Schema::parse(text)); }),
             py::arg("text"))
        .def_readonly("name", &Schema::name)
        .def_readonly("overload", &Schema::overload, "What tells ops of one name apart; empty for the first.")
        .def_property_readonly("params", [](const py::object& self) {
            py::list params;
            for (const Param& p : self.cast<const Schema&>().params)
                params.append(py::cast(&p, py::return_value_policy::reference_internal, self));
            return params;
        })
        .def_readonly("results", &Schema::results, "The names of the results; of a single one, 'result'.")
        .def_readonly("returns_list", &Schema::returns_list)
        .def("__str__", [](const Schema& s) { return s.text; })
        .def("__repr__", [](const Schema& s) { return "<Schema " + s.text + ">"; });
}

}  // namespace bestiary::python
