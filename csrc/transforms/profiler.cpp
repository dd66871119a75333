#include "transforms/profiler.h"

namespace bestiary {
namespace {

std::vector<Dims> shapes_of(Args args) {
    std::vector<Dims> shapes;
    for_each_tensor(args, [&](int, const Tensor& t) { shapes.push_back(t.sizes()); });
    return shapes;
}

// Bytes of the results that do not show memory of the arguments.
int64_t new_bytes(Args args, const Results& results) {
    int64_t bytes = 0;
    for (const Tensor& t : results) {
        if (!t.defined()) continue;
        bool known = false;
        for_each_tensor(args, [&](int, const Tensor& given) { known |= given->storage == t->storage; });
        if (!known) bytes += static_cast<int64_t>(t->storage->bytes());
    }
    return bytes;
}

}  // namespace

size_t Profiler::begin_event(std::string name) {
    const size_t index = events_.size();
    events_.push_back({std::move(name), now(), 0, static_cast<int>(open_.size()), 0, {}});
    open_.push_back(index);
    return index;
}

void Profiler::end_event(size_t index) {
    if (index >= events_.size()) return;  // taken while it was open
    events_[index].end = now();
    std::erase(open_, index);
}

bool Profiler::run(const Op& op, Args args, Results& results) {
    struct Ended {
        Profiler& profiler;
        size_t index;
        ~Ended() { profiler.end_event(index); }
    };
    const size_t index = begin_event(op.full_name());
    if (shapes_) events_[index].shapes = shapes_of(args);
    {
        const Ended ended{*this, index};
        proceed(op, args, results);
    }
    if (memory_ && index < events_.size()) events_[index].bytes = new_bytes(args, results);
    return true;
}

void Profiler::open(std::string name) { begin_event(std::move(name)); }

void Profiler::close() {
    if (!open_.empty()) end_event(open_.back());
}

std::vector<Profiler::Event> Profiler::take() {
    while (!open_.empty()) end_event(open_.back());
    return std::exchange(events_, {});
}

}  // namespace bestiary
