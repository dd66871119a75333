// Modes of a thread.
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

// Gives a variable of the thread another value for a scope.
template <class T>
class ScopedValue {
public:
    ScopedValue(T& variable, T value) : variable_(variable), saved_(variable) { variable_ = value; }
    ~ScopedValue() { variable_ = saved_; }
    ScopedValue(const ScopedValue&) = delete;
    ScopedValue& operator=(const ScopedValue&) = delete;

private:
    T& variable_;
    T saved_;
};

struct GradMode : ScopedValue<bool> {
    explicit GradMode(bool on) : ScopedValue(thread_state.grad_mode, on) {}
};

struct TopInterpreter : ScopedValue<Interpreter*> {
    explicit TopInterpreter(Interpreter* top) : ScopedValue(thread_state.interpreter, top) {}
};

// For ops that the program did not call: neither the graph nor an interpreter sees them.
struct Outside {
    GradMode grad{false};
    TopInterpreter interpreter{nullptr};
};

}  // namespace bestiary
