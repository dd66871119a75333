// Interpreters from Python: profiler, autocast, recorder.
#include <pybind11/stl.h>

#include "core/random.h"
#include "python/function.h"
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
        case Tag::None:
        case Tag::Object: break;  // which ops do not take
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

template <>
inline constexpr const char* kClassName<Autocast> = "_Autocast";
template <>
inline constexpr const char* kClassName<Profiler> = "_Profiler";
template <>
inline constexpr const char* kClassName<Recorder> = "_Recorder";

void bind_transforms(py::module_& m) {
    const auto autocast = bind_class<Autocast>(m, "Runs ops in a lower precision.");
    def(autocast, "_Autocast(device device, dtype dtype, bool enabled, bool caches) -> _Autocast",
        [](Device device, DType dtype, bool enabled, bool caches) {
            return std::make_unique<Autocast>(device.type, dtype, enabled, caches);
        });
    def(autocast, "enter(_Autocast self) -> None", [](Autocast& a) { a.enter(); });
    def(autocast, "leave(_Autocast self) -> None", [](Autocast& a) { a.leave(); });
    def(m, "_autocast_state(device device) -> tuple[bool, dtype] | None", [](Device device) -> py::object {
        const Autocast* found = Autocast::of(device.type);
        if (!found) return py::none();
        return py::make_tuple(found->enabled(), found->lower());
    }, "Whether autocast is on for a device, and its lower type; None outside.");

    const auto profiler = bind_class<Profiler>(m, "Notes when ops run.");
    def(profiler, "_Profiler(bool shapes, bool memory) -> _Profiler",
        [](bool shapes, bool memory) { return std::make_unique<Profiler>(shapes, memory); });
    def(profiler, "enter(_Profiler self) -> None", [](Profiler& p) { push_interpreter(&p); });
    def(profiler, "leave(_Profiler self) -> None", [](Profiler& p) { remove_interpreter(&p); });
    def(profiler, "open(_Profiler self, str name) -> None",
        [](Profiler& p, std::string_view name) { p.open(std::string(name)); });
    def(profiler, "close(_Profiler self) -> None", [](Profiler& p) { p.close(); });
    def(profiler, "take(_Profiler self) -> list[tuple[str, int, int, int, int, list[Size]]]", events);

    const auto recorder = bind_class<Recorder>(m, "Notes which ops run, with their arguments.");
    def(recorder, "_Recorder() -> _Recorder", [] { return std::make_unique<Recorder>(); });
    def(recorder, "enter(_Recorder self) -> None", [](Recorder& r) { push_interpreter(&r); });
    def(recorder, "leave(_Recorder self) -> None", [](Recorder& r) { remove_interpreter(&r); });
    def(recorder, "number(_Recorder self, Tensor tensor) -> int",
        [](Recorder& r, const Tensor& t) { return r.number(t); });
    def(recorder, "steps(_Recorder self) -> list[tuple[str, list[Any], list[int]]]", recorded_steps);
    def(recorder, "tensors(_Recorder self) -> list[Tensor]", [](Recorder& r) { return r.tensors(); });
    def(recorder, "inputs(_Recorder self) -> list[int]", [](Recorder& r) { return r.inputs(); });
}

}  // namespace bestiary::python
