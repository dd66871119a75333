// Generators of random numbers.
#include <cstring>
#include <random>

#include "core/random.h"
#include "python/function.h"

namespace bestiary::python {
namespace {

constexpr int64_t kStateBytes = 16;

Tensor get_state(const Generator& g) {
    const uint64_t words[] = {g.seed(), g.position()};
    const Tensor state = Tensor::empty({kStateBytes}, DType::UInt8);
    std::memcpy(state.raw(), words, kStateBytes);
    return state;
}

void set_state(Generator& g, const Tensor& state) {
    check_as(ErrorKind::Type, state.dtype() == DType::UInt8, "new_state: expected a tensor of uint8, got ",
             state.dtype());
    check(state.numel() == kStateBytes && state.is_contiguous(), "new_state: expected the ", kStateBytes,
          " bytes that get_state gives, got shape ", state.sizes());
    uint64_t words[2];
    std::memcpy(words, state.raw(), kStateBytes);
    g.restore(words[0], words[1]);
}

uint64_t random_seed(Generator& g) {
    const uint64_t seed = std::random_device()() | uint64_t{std::random_device()()} << 32;
    g.restore(seed, 0);
    return seed;
}

// An integer of 64 bits, with a sign or without.
struct Seed {
    static constexpr ObjectType object{"int", [](void* o) { return PyIndex_Check(static_cast<PyObject*>(o)) != 0; }};
    static Seed from(py::handle given);

    uint64_t value;
};

Seed Seed::from(py::handle given) {
    const py::object number = steal(PyNumber_Index(given.ptr()));
    int overflow = 0;
    const int64_t seed = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
    if (overflow == 0) return {static_cast<uint64_t>(seed)};
    const uint64_t unsigned_seed = PyLong_AsUnsignedLongLong(number.ptr());
    const bool fits = !PyErr_Occurred();
    PyErr_Clear();
    check_as(ErrorKind::Value, fits, "seed: expected -2**63 to 2**64 - 1, got ", py::str(number).cast<std::string>());
    return {unsigned_seed};
}

Ptr<Generator> restart(Generator& g, Seed seed) {
    g.restore(seed.value, 0);
    return Ptr<Generator>(&g);
}

}  // namespace

template <>
inline constexpr const char* kClassName<Generator> = "Generator";

void bind_generator(py::module_& m) {
    auto type = bind_class<Generator, Ptr<Generator>>(m, "A source of random numbers: Philox, a seed and a position.");
    def(type, "Generator(device? device=None) -> Generator",
        [](std::optional<Device>) { return Ptr<Generator>(new Generator(0)); });
    def(type, "manual_seed(Generator self, int seed) -> Generator", restart, "Starts over from ``seed``.");
    def(type, "initial_seed(Generator self) -> int", [](Generator& g) { return g.seed(); }, "The seed in use.");
    def(type, "get_state(Generator self) -> Tensor", [](Generator& g) { return get_state(g); },
        "Seed and position, as a tensor of bytes.");
    def(type, "set_state(Generator self, Tensor new_state) -> None", set_state, "Goes back to what get_state gave.");
    def(type, "seed(Generator self) -> int", random_seed,
        "Starts over from a seed that the system draws, and returns it.");
    type.def_property_readonly("device", [](const Generator&) { return Device(); }, "The device that it serves.");
    m.attr("default_generator") = Ptr<Generator>(&default_generator());
    def(m, "manual_seed(int seed) -> Generator", [](Seed seed) { return restart(default_generator(), seed); },
        "Starts the default generator over from ``seed``.");
}

}  // namespace bestiary::python
