#include "transforms/recorder.h"

namespace bestiary {

int Recorder::number(const Tensor& t) {
    if (!t.defined()) return -1;
    const auto [found, is_new] = numbers_.try_emplace(t.impl(), static_cast<int>(tensors_.size()));
    if (is_new) tensors_.push_back(t);
    return found->second;
}

bool Recorder::run(const Op& op, Args args, Results& results) {
    if (!op.is_leaf()) return false;
    Step step{&op, {}, {}};
    for (const Value& v : args) step.args.emplace_back(v);
    for_each_tensor(args, [this](int, const Tensor& t) {
        const size_t known = tensors_.size();
        const int index = number(t);
        if (tensors_.size() > known) inputs_.push_back(index);
    });
    dispatch(op, args, results);
    for (const Tensor& t : results) step.results.push_back(number(t));
    steps_.push_back(std::move(step));
    return true;
}

}  // namespace bestiary
