// Filling tensors with random numbers. Element i, counted row by row, depends on the seed and the counter alone:
// neither threads nor memory layout change it.
#include "core/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "cpu/isa/random.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// A multiple of what loops make at a time.
constexpr int64_t kBlock = 1024;

// One call: a loop that computes in `type`, the result, and perhaps an operand of the result's shape.
struct Draw {
    Loop loop;
    DType type;
    RandomStream stream{};
    double params[3] = {};
    Strided at;

    Draw(const std::string& name, DType type, const Tensor& out, const Tensor& in = {})
        : loop(loop_of(name, type)), type(type), at(out.sizes()) {
        out_type_ = out.dtype();
        at.add(out);
        if (in.defined()) {
            in_type_ = in.dtype();
            at.add(in);
        }
        at.merge();
    }

    int64_t per_counter() const { return 16 / item_size(type); }

    // Elements [begin, end), begin a multiple of kBlock.
    void run(int64_t begin, int64_t end) const {
        alignas(64) char made[kBlock * 8], read[kBlock * 8];
        const int64_t item = item_size(type);
        for (; begin < end; begin += kBlock) {
            const int64_t stop = std::min(begin + kBlock, end);
            RandomStream part = stream;
            part.counter += static_cast<uint64_t>(begin / per_counter());
            if (at.operands > 1) {
                char* to = read;
                for_rows(at, begin, stop, [&](char* const* data, const int64_t* strides, int64_t n) {
                    move(to, item, type, data[1], strides[1], in_type_, n);
                    to += n * item;
                });
            }
            char* const data[] = {made, reinterpret_cast<char*>(&part), read};
            const int64_t strides[] = {item, 0, item};
            loop(data, strides, stop - begin, params);
            char* from = made;
            for_rows(at, begin, stop, [&](char* const* data, const int64_t* strides, int64_t n) {
                move(data[0], strides[0], out_type_, from, item, type, n);
                from += n * item;
            });
        }
    }

private:
    static void move(char* to, int64_t to_step, DType to_type, char* from, int64_t from_step, DType from_type,
                     int64_t n) {
        char* const pair[] = {to, from};
        const int64_t steps[] = {to_step, from_step};
        cast_loop(from_type, to_type)(pair, steps, n, nullptr);
    }
    DType out_type_, in_type_ = DType::Float32;
};

void run(Draw& draw, int64_t n) {
    if (n == 0) return;
    parallel_for(ceil_div(n, kBlock), kGrain / kBlock, [&](int64_t begin, int64_t end) {
        draw.run(begin * kBlock, std::min(end * kBlock, n));
    });
}

// Takes as many counters from the generator as the tensor needs.
void reserve(Draw& draw, const Value& generator, int64_t n) {
    Generator& source = *generator.generator;
    draw.stream.seed = source.seed();
    draw.stream.counter = source.reserve(static_cast<uint64_t>(ceil_div(n, draw.per_counter())));
}

// Bits of a uniform number that the stored type could not hold.
double dropped_bits(DType t) { return t == DType::Float16 ? 13 : t == DType::BFloat16 ? 16 : 0; }

// A distribution with its params, filling self.
void fill(const KernelCall& call, std::initializer_list<double> params, const Value& generator) {
    const Tensor& out = call.outs[0];
    check_as(ErrorKind::Type, is_floating(out.dtype()), "self: expected a floating dtype, got ", out.dtype());
    Draw draw(call.op.name(), compute_type(out.dtype()), out);
    std::copy(params.begin(), params.end(), draw.params);
    reserve(draw, generator, out.numel());
    run(draw, out.numel());
}

void uniform(const KernelCall& call) {
    const double low = call.args.number(1), high = call.args.number(2);
    check_as(ErrorKind::Value, low <= high, "from: expected at most to, got from=", low, " and to=", high);
    fill(call, {low, high, dropped_bits(call.outs[0].dtype())}, call.args[3]);
}

void normal(const KernelCall& call) {
    const double mean = call.args.number(1), deviation = call.args.number(2);
    check_as(ErrorKind::Value, deviation >= 0, "std: expected 0 or more, got ", deviation);
    fill(call, {mean, deviation}, call.args[3]);
}

void exponential(const KernelCall& call) {
    const double rate = call.args.number(1);
    check_as(ErrorKind::Value, rate > 0, "lambd: expected more than 0, got ", rate);
    fill(call, {rate}, call.args[2]);
}

// _randint_(self, low, range, generator)
void randint(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    Draw draw("_randint_", DType::Int64, out);
    draw.stream.low = call.args.integer(1);
    draw.stream.range = static_cast<uint64_t>(call.args.integer(2));
    reserve(draw, call.args[3], out.numel());
    run(draw, out.numel());
}

void check_probabilities(const Tensor& given, DType type) {
    const Tensor p = packed_as(given, type);
    visit_float(type, [&]<class T>() {
        const std::span<const T> all(p.data<T>(), static_cast<size_t>(p.numel()));
        check(std::all_of(all.begin(), all.end(), [](T x) { return x >= T(0) && x <= T(1); }),
              "p: expected probabilities from 0 to 1");
    });
}

void bernoulli(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    const Tensor& p = call.args.tensor(0);
    check_probabilities(p, compute_type(p.dtype()));
    Draw draw("_bernoulli", compute_type(p.dtype()), out, p);
    reserve(draw, call.args[1], out.numel());
    run(draw, out.numel());
}

void drop(const KernelCall& call, Draw& draw) {
    draw.params[0] = call.args.number(1);
    run(draw, call.outs[0].numel());
}

void dropout(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    Draw draw("_dropout", compute_type(out.dtype()), out, call.args.tensor(0));
    reserve(draw, call.args[2], out.numel());
    int64_t* const state = call.outs[1].data<int64_t>();
    state[0] = static_cast<int64_t>(draw.stream.seed);
    state[1] = static_cast<int64_t>(draw.stream.counter);
    drop(call, draw);
}

void dropout_again(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    const Tensor state = packed(call.args.tensor(2));
    Draw draw("_dropout", compute_type(out.dtype()), out, call.args.tensor(0));
    draw.stream.seed = static_cast<uint64_t>(state.data<int64_t>()[0]);
    draw.stream.counter = static_cast<uint64_t>(state.data<int64_t>()[1]);
    drop(call, draw);
}

// Numbers one after another, for what can't be done element by element.
class Sequence {
public:
    Sequence(const Value& generator, int64_t count) : loop_(loop_of("_randint_", DType::Int64)) {
        Generator& source = *generator.generator;
        stream_.seed = source.seed();
        stream_.counter = source.reserve(static_cast<uint64_t>(ceil_div(count, 2)));
    }
    uint64_t bits() {
        if (used_ == kBlock) refill();
        return made_[used_++];
    }
    // In [0, range).
    int64_t below(int64_t range) {
        return static_cast<int64_t>(static_cast<unsigned __int128>(bits()) * static_cast<uint64_t>(range) >> 64);
    }
    // In (0, 1].
    double unit() { return (static_cast<double>(bits() >> 11) + 1) * 0x1p-53; }

private:
    void refill() {
        char* const data[] = {reinterpret_cast<char*>(made_), reinterpret_cast<char*>(&stream_)};
        loop_(data, nullptr, kBlock, nullptr);
        stream_.counter += kBlock / 2;
        used_ = 0;
    }
    Loop loop_;
    RandomStream stream_{};
    uint64_t made_[kBlock];
    int64_t used_ = kBlock;
};

// Fisher and Yates' shuffle.
void randperm(const KernelCall& call) {
    const StagedResult result(call.outs[0], DType::Int64);
    const int64_t n = call.outs[0].numel();
    int64_t* order = result.data<int64_t>();
    std::iota(order, order + n, int64_t{0});
    Sequence random(call.args[2], n);
    for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
}

double checked_total(const double* weights, int64_t n) {
    double total = 0;
    for (int64_t i = 0; i < n; ++i) {
        check(weights[i] >= 0 && std::isfinite(weights[i]), "self: expected finite weights of 0 or more, got ",
              weights[i]);
        total += weights[i];
    }
    check(total > 0, "self: the weights of a row must not all be 0");
    return total;
}

void draw_with_replacement(const double* weights, int64_t n, int64_t* out, int64_t samples, Sequence& random) {
    const double total = checked_total(weights, n);
    std::vector<double> bounds(weights, weights + n);
    std::partial_sum(bounds.begin(), bounds.end(), bounds.begin());
    for (int64_t k = 0; k < samples; ++k) {
        // unit() reaches 1 and not 0, so the first bound not below it belongs to a weight above 0.
        const auto found = std::lower_bound(bounds.begin(), bounds.end(), random.unit() * total);
        out[k] = std::min<int64_t>(found - bounds.begin(), n - 1);
    }
}

// Efraimidis and Spirakis (2006): the elements whose exponential waiting times are the shortest.
void draw_without_replacement(const double* weights, int64_t n, int64_t* out, int64_t samples, Sequence& random) {
    checked_total(weights, n);
    std::vector<std::pair<double, int64_t>> times;
    for (int64_t i = 0; i < n; ++i) {
        const double wait = -std::log(random.unit());
        if (weights[i] > 0) times.emplace_back(wait / weights[i], i);
    }
    check(static_cast<int64_t>(times.size()) >= samples, "num_samples: ", samples, " without replacement from ",
          times.size(), " elements with a weight above 0");
    std::partial_sort(times.begin(), times.begin() + samples, times.end());
    for (int64_t k = 0; k < samples; ++k) out[k] = times[static_cast<size_t>(k)].second;
}

void multinomial(const KernelCall& call) {
    const Tensor weights = packed_as(call.args.tensor(0), DType::Float64);
    const int64_t n = weights.size(-1), samples = call.args.integer(1), rows = n ? weights.numel() / n : 0;
    const bool replacement = call.args.flag(2);
    Sequence random(call.args[3], rows * (replacement ? samples : n));
    for (int64_t row = 0; row < rows; ++row) {
        const auto draw = replacement ? draw_with_replacement : draw_without_replacement;
        draw(weights.data<double>() + row * n, n, call.outs[0].data<int64_t>() + row * samples, samples, random);
    }
}

KERNEL(CPU, "uniform_", uniform);
KERNEL(CPU, "normal_", normal);
KERNEL(CPU, "exponential_", exponential);
KERNEL(CPU, "_randint_", randint);
KERNEL(CPU, "_bernoulli", bernoulli);
KERNEL(CPU, "_dropout", dropout);
KERNEL(CPU, "_dropout_again", dropout_again);
KERNEL(CPU, "_randperm", randperm);
KERNEL(CPU, "multinomial", multinomial);

}  // namespace
}  // namespace bestiary::cpu
