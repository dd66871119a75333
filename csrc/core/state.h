// What a thread has switched on.
#pragma once

#include "core/op.h"

namespace bestiary {

// Sees every op that runs: profiler, capture.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void before(const Op& op, Args args) = 0;
    virtual void after(const Op& op, Args args, const Results& results) = 0;
};

struct ThreadState {
    bool grad_mode = true;
    bool inference_mode = false;
    bool anomaly_mode = false;
    Observer* observer = nullptr;
};

// One read per op: the initial-exec model costs an offset from a register, not a call.
extern thread_local constinit ThreadState thread_state __attribute__((tls_model("initial-exec")));

// Sets a flag of the thread for a scope.
class FlagGuard {
public:
    FlagGuard(bool& flag, bool value) : flag_(flag), saved_(flag) { flag_ = value; }
    ~FlagGuard() { flag_ = saved_; }
    FlagGuard(const FlagGuard&) = delete;
    FlagGuard& operator=(const FlagGuard&) = delete;

private:
    bool& flag_;
    bool saved_;
};

struct GradMode : FlagGuard {
    explicit GradMode(bool on) : FlagGuard(thread_state.grad_mode, on) {}
};

}  // namespace bestiary
