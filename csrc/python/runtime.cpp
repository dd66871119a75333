// Threads, memory, the default device.
#include <omp.h>
#include <pthread.h>

#include "core/allocator.h"
#include "core/backend.h"
#include "cpu/loops.h"
#include "python/function.h"

namespace bestiary::python {

void bind_runtime(py::module_& m) {
    // libgomp's threads do not survive a fork: a child that had none of its own starts with one.
    pthread_atfork(nullptr, nullptr, [] { omp_set_num_threads(1); });
    def(m, "set_num_threads(int n) -> None", [](int64_t n) {
        constexpr int kMost = 1 << 16;
        check_as(ErrorKind::Value, 1 <= n && n <= kMost, "n: expected 1 to ", kMost, ", got ", n);
        omp_set_num_threads(static_cast<int>(n));
    }, "Sets how many threads a kernel may use.");
    def(m, "get_num_threads() -> int", [] { return omp_get_max_threads(); }, "How many threads a kernel may use.");
    def(m, "memory_stats() -> dict[str, int]", [] {
        const MemoryStats s = memory_stats();
        return py::dict(py::arg("in_use") = s.in_use, py::arg("cached") = s.cached, py::arg("peak") = s.peak);
    }, "Bytes of large blocks in use, kept for reuse, and the most that were in use.");
    def(m, "empty_cache() -> None", &empty_cache, "Gives memory kept for reuse back to the system.");
#ifdef BESTIARY_ONEDNN
    m.attr("_has_onednn") = true;
#else
    m.attr("_has_onednn") = false;
#endif
    def(m, "_default_device() -> device", [] { return thread_state.default_device; });
    def(m, "_set_default_device(device device) -> device", [](Device device) {
        backend(device);
        return std::exchange(thread_state.default_device, device);
    }, "Returns the former one.");
    def(m, "cpu_capability() -> str", [] { return cpu::kIsaNames[static_cast<int>(cpu::supported_isa())]; },
        "The instruction set that kernels were chosen for.");
}

}  // namespace bestiary::python
