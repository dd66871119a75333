// Times the ops of a thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/interpreter.h"

namespace bestiary {

class Profiler final : public Interpreter {
public:
    struct Event {
        std::string name;
        int64_t begin = 0, end = 0;  // nanoseconds since the profiler began
        int depth = 0;               // how many other events are around it
        int64_t bytes = 0;           // of memory that its results brought
        std::vector<Dims> shapes;    // of its tensors, if they are wanted
    };

    Profiler(bool shapes, bool memory) : shapes_(shapes), memory_(memory) {}

    bool run(const Op& op, Args args, Results& results) override;
    // A named part of the program.
    void open(std::string name);
    void close();

    // The events in the order in which they began; an open one ends now.
    std::vector<Event> take();

private:
    int64_t now() const { return (std::chrono::steady_clock::now() - start_).count(); }
    size_t begin_event(std::string name);
    void end_event(size_t index);

    bool shapes_, memory_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::vector<Event> events_;
    std::vector<size_t> open_;
};

}  // namespace bestiary
