// engine._C
#include "autograd/record.h"
#include "python/wrap.h"

PYBIND11_MODULE(_C, m) {
    using namespace bestiary;
    m.doc() = "The engine's core: tensors, ops and the graph.";
    OpTable::get().check_declarations();  // an ImportError
    hooks.unlock = []() -> void* { return PyEval_SaveThread(); };
    hooks.lock = [](void* state) { PyEval_RestoreThread(static_cast<PyThreadState*>(state)); };
    install_graph();
    python::bind_errors(m);
    python::bind_types(m);
    python::bind_device(m);
    python::bind_generator(m);
    python::bind_tensor(m);
    python::bind_schema(m);
    python::bind_ops(m);
    python::bind_autograd(m);
    python::bind_interchange(m);
    python::bind_runtime(m);
    python::bind_transforms(m);
}
