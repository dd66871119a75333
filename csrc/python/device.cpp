// device.
#include <pybind11/stl.h>

#include "python/function.h"

namespace bestiary::python {
namespace {

// A device as it was given, where ops see the device of tensors.
struct GivenDevice {
    static constexpr ObjectType object{"device", [](void* o) {
        return py::isinstance<Device>(static_cast<PyObject*>(o)) || PyUnicode_Check(static_cast<PyObject*>(o));
    }};
    static GivenDevice from(py::handle given) {
        if (py::isinstance<Device>(given)) return {given.cast<Device>()};
        return {Device::parse(given.cast<std::string>())};
    }

    Device value;
};

Device with_index(std::string_view type, std::optional<int64_t> index) {
    return Device::parse(index ? concat(type, ":", *index) : std::string(type));
}

std::string repr(const Device& d) {
    const std::string index = d.index >= 0 ? concat(", index=", int{d.index}) : "";
    return concat("device(type='", d.type_name(), "'", index, ")");
}

}  // namespace

template <>
inline constexpr const char* kClassName<Device> = "device";

void bind_device(py::module_& m) {
    auto type = bind_class<Device>(m, "Where a tensor's memory lives: ``device('cpu')``, ``device('cuda:0')``.");
    def(type, "device(device device) -> device", [](GivenDevice device) { return device.value; });
    def(type, "device.type(str type, int? index=None) -> device", with_index);
    type.def_property_readonly("type", &Device::type_name)
        .def_property_readonly("index", [](const Device& d) {
            return d.index >= 0 ? std::optional<int>(d.index) : std::nullopt;
        })
        .def("__eq__", [](const Device& a, const Device& b) { return a == b; }, py::is_operator())
        .def("__hash__", [](const Device& d) { return py::hash(py::str(d.str())); })
        .def("__str__", &Device::str)
        .def("__repr__", repr)
        .def("__reduce__", [type](const Device& d) { return py::make_tuple(type, py::make_tuple(d.str())); });
}

}  // namespace bestiary::python
