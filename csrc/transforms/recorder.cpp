#include "transforms/recorder.h"

namespace bestiary {

int Recorder::number(const Tensor& t) {
    if (!t.defined()) return -1;
    const auto [found, is_new] = numbers_.try_emplace(t.impl(), static_cast<int>(tensors_.size()));
    if (is_new) {
        tensors_.push_back(t);
        by_memory_.emplace(Memory(t->storage.get(), t->offset), found->second);
    }
    return found->second;
}

int Recorder::with_same_memory(const Tensor& t) const {
    const auto [begin, end] = by_memory_.equal_range({t->storage.get(), t->offset});
    for (auto known = begin; known != end; ++known) {
        const Tensor& other = tensors_[static_cast<size_t>(known->second)];
        if (other.sizes() == t.sizes() && other.strides() == t.strides() && other.dtype() == t.dtype())
            return known->second;
    }
    return -1;
}

void Recorder::add_input(const Tensor& t) {
    if (numbers_.contains(t.impl())) return;
    if (const int same = with_same_memory(t); same >= 0) {
        numbers_[t.impl()] = same;
        aliases_.push_back(t);
    } else {
        inputs_.push_back(number(t));
    }
}

bool Recorder::run(const Op& op, Args args, Results& results) {
    if (!op.is_leaf()) return false;
    Step step{&op, {}, {}};
    for (const Value& v : args) step.args.emplace_back(v);
    for_each_tensor(args, [this](int, const Tensor& t) { add_input(t); });
    dispatch(op, args, results);
    for (const Tensor& t : results) step.results.push_back(number(t));
    steps_.push_back(std::move(step));
    return true;
}

}  // namespace bestiary
