// Interpreters from Python: profiler, autocast, recorder.
#include <pybind11/stl.h>

#include "core/random.h"
#include "python/wrap.h"
#include "transforms/autocast.h"
#include "transforms/profiler.h"
#include "transforms/recorder.h"

namespace bestiary::python {
namespace {

py::object tensor_numbers(Recorder& recorder, std::span<const Tensor> list) {
    py::list numbers;
    for (const Tensor& t : list) numbers.append(recorder.number(t));
    return numbers;
}

// An argument as Python has it, and tensors by their numbers: ("tensor", n) and ("tensors", [n, ...]).
py::object recorded_value(Recorder& recorder, const Value& v) {
    switch (v.tag) {
        case Tag::None: return py::none();
        case Tag::Bool: return py::bool_(v.b);
        case Tag::Int: return py::int_(v.i);
        case Tag::Float: return py::float_(v.f);
        case Tag::Ints: return py::cast(std::vector<int64_t>(v.int_list().begin(), v.int_list().end()));
        case Tag::Floats: return py::cast(std::vector<double>(v.float_list().begin(), v.float_list().end()));
        case Tag::Str: return py::str(std::string(v.str()));
        case Tag::DType: return steal(wrap_dtype(v.dtype));
        case Tag::Device: return py::cast(v.device);
        case Tag::Generator: return py::cast(Ptr<Generator>(v.generator));
        case Tag::Tensor: return py::make_tuple("tensor", recorder.number(Tensor(v.t)));
        case Tag::Tensors: return py::make_tuple("tensors", tensor_numbers(recorder, v.tensor_list()));
    }
    return py::none();
}

py::list recorded_steps(Recorder& recorder) {
    py::list steps;
    for (const Recorder::Step& step : recorder.steps()) {
        py::list args;
        for (const OwnedValue& value : step.args) args.append(recorded_value(recorder, value.get()));
        steps.append(py::make_tuple(step.op->full_name(), args, step.results));
    }
    return steps;
}

py::list events(Profiler& profiler) {
    py::list all;
    for (const Profiler::Event& e : profiler.take()) {
        py::list shapes;
        for (const Dims& shape : e.shapes) shapes.append(steal(wrap_size(shape)));
        all.append(py::make_tuple(e.name, e.begin, e.end, e.depth, e.bytes, shapes));
    }
    return all;
}

}  // namespace

void bind_transforms(py::module_& m) {
    py::class_<Autocast>(m, "_Autocast")
        .def(py::init([](const Device& device, DType dtype, bool enabled, bool caches) {
            return std::make_unique<Autocast>(device.type, dtype, enabled, caches);
        }))
        .def("enter", &Autocast::enter)
        .def("leave", &Autocast::leave);
    // The state of autocast for a device and its lower type; None outside.
    m.def("_autocast_state", [](const Device& device) -> py::object {
        const Autocast* found = Autocast::of(device.type);
        if (!found) return py::none();
        return py::make_tuple(found->enabled(), steal(wrap_dtype(found->lower())));
    });
    py::class_<Profiler>(m, "_Profiler")
        .def(py::init<bool, bool>())
        .def("enter", [](Profiler& p) { push_interpreter(&p); })
        .def("leave", [](Profiler& p) { remove_interpreter(&p); })
        .def("open", &Profiler::open)
        .def("close", &Profiler::close)
        .def("take", &events);
    py::class_<Recorder>(m, "_Recorder")
        .def(py::init<>())
        .def("enter", [](Recorder& r) { push_interpreter(&r); })
        .def("leave", [](Recorder& r) { remove_interpreter(&r); })
        .def("number", &Recorder::number)
        .def("steps", &recorded_steps)
        .def("tensors", &Recorder::tensors)
        .def("inputs", &Recorder::inputs);
}

}  // namespace bestiary::python
