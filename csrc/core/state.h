// What a thread has switched on.
#pragma once

#include "core/device.h"

namespace bestiary {

class Interpreter;

struct ThreadState {
    bool grad_mode = true;
    bool inference_mode = false;
    bool anomaly_mode = false;
    Interpreter* interpreter = nullptr;  // the top of the stack: see core/interpreter.h
    Device default_device;               // of tensors that are made from nothing
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

// Puts another interpreter on top for a scope.
class InterpreterGuard {
public:
    explicit InterpreterGuard(Interpreter* top) : saved_(thread_state.interpreter) { thread_state.interpreter = top; }
    ~InterpreterGuard() { thread_state.interpreter = saved_; }
    InterpreterGuard(const InterpreterGuard&) = delete;
    InterpreterGuard& operator=(const InterpreterGuard&) = delete;

private:
    Interpreter* saved_;
};

// For ops that the program did not call: neither the graph nor an interpreter sees them.
struct Outside {
    GradMode grad{false};
    InterpreterGuard interpreter{nullptr};
};

}  // namespace bestiary
