// Something that takes ops before they run: profiler, autocast, capture.
//
// Note [Interpreters]
// Interpreters form a stack of the thread. dispatch offers every op to the top one, then to those below; the first that
// answers true has run it, and if none does the op runs for real. While an interpreter is at work the top of the stack
// is the one below it, so that the ops it calls are not offered to it again. A composition that nobody took decomposes
// by itself: its ops come one by one, from the top again. What a leaf op does inside, such as copying a tensor that it
// is going to write, belongs to the op and is offered to nobody.
#pragma once

#include "core/dispatch.h"

namespace bestiary {

class Interpreter {
public:
    virtual ~Interpreter() = default;
    // Runs `op`, or answers false and leaves no trace.
    virtual bool run(const Op& op, Args args, Results& results) = 0;

    Interpreter* below = nullptr;
};

// Offers the op to `first` and those below it; the ops that a composition then calls start from `top`.
void dispatch_from(Interpreter* first, Interpreter* top, const Op& op, Args args, Results& results);

// Puts an interpreter on top of this thread's stack; takes it away, wherever in the stack it is.
void push_interpreter(Interpreter* interpreter);
void remove_interpreter(Interpreter* interpreter);

}  // namespace bestiary
