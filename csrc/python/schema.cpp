// The declarations of the op table as Python reads them.
#include <pybind11/stl.h>

#include "python/function.h"

namespace bestiary::python {
namespace {

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

template <>
inline constexpr const char* kClassName<Param> = "SchemaParam";
template <>
inline constexpr const char* kClassName<Schema> = "Schema";

void bind_schema(py::module_& m) {
    bind_class<Param>(m, "A parameter of an op or of another function.")
        .def_readonly("name", &Param::name)
        .def_property_readonly("kind", [](const Param& p) { return type_name(p.kind, p.object); },
                               "The type as a schema spells it: 'Tensor', 'int[]', 'Operand' (a tensor or a number).")
        .def_readonly("optional", &Param::optional, "Whether None is accepted; in a list of tensors, for its items.")
        .def_readonly("variadic", &Param::variadic, "Whether it may be given as several positional arguments.")
        .def_readonly("keyword_only", &Param::keyword_only)
        .def_readonly("writes", &Param::writes, "Whether the op changes it.")
        .def_readonly("has_default", &Param::has_default)
        .def_property_readonly("default", &default_value);
    auto type = bind_class<Schema>(m, "A declaration: the name, the parameters and the results.");
    def(type, "Schema(str text) -> Schema",
        [](std::string_view text) { return std::make_unique<Schema>(Schema::parse(text)); });
    type.def_readonly("name", &Schema::name)
        .def_readonly("overload", &Schema::overload, "What tells ops of one name apart; empty for the first.")
        .def_property_readonly("params", [](const py::object& self) {
            py::list params;
            for (const Param& p : self.cast<const Schema&>().params)
                params.append(py::cast(&p, py::return_value_policy::reference_internal, self));
            return params;
        })
        .def_readonly("returns", &Schema::returns, "What comes after the arrow.")
        .def_readonly("results", &Schema::results, "The names of the results; of a single one, 'result'.")
        .def_readonly("returns_list", &Schema::returns_list)
        .def("__str__", [](const Schema& s) { return s.text; })
        .def("__repr__", [](const Schema& s) { return "<Schema " + s.text + ">"; });
}

}  // namespace bestiary::python
