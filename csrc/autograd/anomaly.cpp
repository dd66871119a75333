#include "autograd/anomaly.h"

#include "autograd/node.h"
#include "core/interpreter.h"

namespace bestiary {
namespace {

// The search for nan is the backward pass's own: see GraphTask::give.
class Tracer final : public Interpreter {
public:
    bool run(const Op& op, Args args, Results& results) override {
        proceed(op, args, results);
        for (const Tensor& t : results) {
            Node* const node = t.defined() ? node_of(t) : nullptr;
            if (node && !node->is_leaf && node->extras().trace.empty()) node->extras().trace = current_trace();
        }
        return true;
    }
};

}  // namespace

bool set_anomaly_mode(bool on) {
    thread_local Tracer tracer;
    const bool former = std::exchange(thread_state.anomaly_mode, on);
    if (on && !former) push_interpreter(&tracer);
    if (!on && former) remove_interpreter(&tracer);
    return former;
}

}  // namespace bestiary
