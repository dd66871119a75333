// Threads, memory, random state.
#include <omp.h>
#include <pthread.h>

#include "core/allocator.h"
#include "core/backend.h"
#include "core/random.h"
#include "cpu/loops.h"
#include "python/wrap.h"

namespace bestiary::python {

void bind_runtime(py::module_& m) {
    // libgomp's threads do not survive a fork: a child that had none of its own starts with one.
    pthread_atfork(nullptr, nullptr, [] { omp_set_num_threads(1); });
    m.def("set_num_threads", [](int64_t n) {
        constexpr int kMost = 1 << 16;
        check_as(ErrorKind::Value, 1 <= n && n <= kMost, "set_num_threads: n: expected 1 to ", kMost, ", got ", n);
        omp_set_num_threads(static_cast<int>(n));
    }, py::arg("n"), "Sets how many threads a kernel may use.");
    m.def("get_num_threads", &omp_get_max_threads, "How many threads a kernel may use.");
    m.def("memory_stats", [] {
        const MemoryStats s = memory_stats();
        return py::dict(py::arg("in_use") = s.in_use, py::arg("cached") = s.cached, py::arg("peak") = s.peak);
    }, "Bytes of large blocks in use, kept for reuse, and the most that were in use.");
    m.def("empty_cache", &empty_cache, "Gives memory kept for reuse back to the system.");
    m.def("manual_seed", [](const py::int_& seed) {
        default_generator().restore(seed_value("manual_seed", seed), 0);
        return Ptr<Generator>(&default_generator());
    }, py::arg("seed"), "Starts the default generator over from ``seed``.");
#ifdef BESTIARY_ONEDNN
    m.attr("_has_onednn") = true;
#else
    m.attr("_has_onednn") = false;
#endif
    m.def("_default_device", [] { return thread_state.default_device; });
    m.def("_set_default_device", [](const Device& device) {
        backend(device);
        return std::exchange(thread_state.default_device, device.of_tensors());
    }, py::arg("device"), "Returns the former one.");
    m.def("cpu_capability", [] {
        return cpu::kIsaNames[static_cast<int>(cpu::supported_isa())];
    }, "The instruction set that kernels were chosen for.");
}

}  // namespace bestiary::python
