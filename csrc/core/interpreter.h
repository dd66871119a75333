// Something that takes ops before they run: profiler, autocast, capture.
//
// Note [Interpreters]
// Interpreters form a stack of the thread. dispatch offers every op to the top one, then to those below; the first that
// answers true has run it, and if none does the op runs for real. While an interpreter is at work the top of the stack
// is the one below it, so that the ops it dispatches are not offered to it again. A composition that nobody took
// decomposes by itself: its ops come one by one, from the top again. What a leaf op does inside, such as copying a
// tensor that it is going to write, belongs to the op and is offered to nobody.
#pragma once

#include "core/dispatch.h"

namespace bestiary {

class Interpreter {
public:
    virtual ~Interpreter() = default;
    // Runs `op`, or answers false and leaves no trace.
    virtual bool run(const Op& op, Args args, Results& results) = 0;

    Interpreter* below = nullptr;

protected:
    // For run: has those below run the op. Unlike dispatch, this goes on with the call under way, so that the ops of a
    // composition are offered to the whole stack.
    void proceed(const Op& op, Args args, Results& results);
};

// Puts an interpreter on top of this thread's stack; takes it away, wherever in the stack it is.
void push_interpreter(Interpreter* interpreter);
void remove_interpreter(Interpreter* interpreter);

}  // namespace bestiary
