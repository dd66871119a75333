// Filling tensors with random numbers. Element i, counted row by row, depends on the seed and the counter alone:
// neither threads nor memory layout change it.
#include "cpu/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "cpu/staging.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// A multiple of the elements that kernels compute at a time.
constexpr int64_t kBlock = 1024;

void convert_row(char* to, int64_t to_step, DType to_type, char* from, int64_t from_step, DType from_type, int64_t n) {
    char* const data[] = {to, from};
    const int64_t strides[] = {to_step, from_step};
    cast_loop(from_type, to_type)(data, strides, n, nullptr);
}

// Computes the elements of `out` in T, a block at a time: make(T* to, const T* from, n, stream), where `from` are the
// elements of `in`, if it is defined.
template <class T, class Make>
void make_blocks(const Tensor& out, const Tensor& in, RandomStream stream, const Make& make) {
    const int64_t numel = out.numel();
    if (numel == 0) return;
    constexpr int64_t item = sizeof(T);
    Strided at(out.sizes());
    at.add(out);
    if (in.defined()) at.add(in);
    at.merge();
    parallel_for(ceil_div(numel, kBlock), kGrain / kBlock, [&](int64_t first, int64_t last) {
        alignas(64) T block[kBlock], loaded[kBlock];
        for (int64_t begin = first * kBlock; begin < std::min(last * kBlock, numel); begin += kBlock) {
            const int64_t end = std::min(begin + kBlock, numel);
            if (in.defined()) {
                char* to = bytes(loaded);
                for_rows(at, begin, end, [&](char* const* data, const int64_t* strides, int64_t n) {
                    convert_row(to, item, dtype_of<T>(), data[1], strides[1], in.dtype(), n);
                    to += n * item;
                });
            }
            make(block, loaded, end - begin, from_element<T>(stream, begin));
            char* from = bytes(block);
            for_rows(at, begin, end, [&](char* const* data, const int64_t* strides, int64_t n) {
                convert_row(data[0], strides[0], out.dtype(), from, item, dtype_of<T>(), n);
                from += n * item;
            });
        }
    });
}

// Fills `out` by make(kernels, T* to, n, stream) in the type that it is computed in.
template <class Make>
void fill(const Tensor& out, Generator& generator, const Make& make) {
    check_as(ErrorKind::Type, is_floating(out.dtype()), "self: expected a floating dtype, got ", out.dtype());
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const RandomKernels<T>& kernel = kernels<RandomKernels<T>>();
        make_blocks<T>(out, {}, reserve_counters<T>(generator, out.numel()),
                       [&](T* to, const T*, int64_t n, RandomStream stream) { make(kernel, to, n, stream); });
    });
}

// The bits of a uniform number that the stored type could not hold.
int dropped_bits(DType t) { return t == DType::Float16 ? 13 : t == DType::BFloat16 ? 16 : 0; }

void uniform(const KernelCall& call, const Tensor&, double low, double high, Generator& generator) {
    check_as(ErrorKind::Value, low <= high, "from: expected at most to, got from=", low, " and to=", high);
    const int dropped = dropped_bits(call.outs[0].dtype());
    fill(call.outs[0], generator, [&](const auto& kernel, auto* to, int64_t n, RandomStream stream) {
        kernel.uniform(to, n, stream, low, high, dropped);
    });
}

void normal(const KernelCall& call, const Tensor&, double mean, double std, Generator& generator) {
    check_as(ErrorKind::Value, std >= 0, "std: expected 0 or more, got ", std);
    fill(call.outs[0], generator, [&](const auto& kernel, auto* to, int64_t n, RandomStream stream) {
        kernel.normal(to, n, stream, mean, std);
    });
}

void exponential(const KernelCall& call, const Tensor&, double lambd, Generator& generator) {
    check_as(ErrorKind::Value, lambd > 0, "lambd: expected more than 0, got ", lambd);
    fill(call.outs[0], generator, [&](const auto& kernel, auto* to, int64_t n, RandomStream stream) {
        kernel.exponential(to, n, stream, lambd);
    });
}

void randint(const KernelCall& call, const Tensor&, int64_t low, int64_t range, Generator& generator) {
    const Tensor& out = call.outs[0];
    const auto kernel = kernels<RandintKernels>().randint;
    make_blocks<int64_t>(out, {}, reserve_counters<int64_t>(generator, out.numel()),
                         [&](int64_t* to, const int64_t*, int64_t n, RandomStream stream) {
                             kernel(to, n, stream, low, static_cast<uint64_t>(range));
                         });
}

void check_probabilities(const Tensor& given, DType type) {
    const Tensor p = packed_as(given, type);
    visit_float(type, [&]<class T>() {
        const std::span<const T> all(p.data<T>(), static_cast<size_t>(p.numel()));
        check(std::all_of(all.begin(), all.end(), [](T x) { return x >= T(0) && x <= T(1); }),
              "p: expected probabilities from 0 to 1");
    });
}

void bernoulli(const KernelCall& call, const Tensor& p, Generator& generator) {
    const Tensor& out = call.outs[0];
    const DType type = compute_type(p.dtype());
    check_probabilities(p, type);
    visit_float(type, [&]<class T>() {
        const auto kernel = kernels<RandomKernels<T>>().bernoulli;
        make_blocks<T>(out, p, reserve_counters<T>(generator, out.numel()), kernel);
    });
}

// `stream_of` gives the stream by the type that is computed in.
template <class F>
void apply_dropout(const Tensor& out, const Tensor& self, double p, const F& stream_of) {
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const auto kernel = kernels<RandomKernels<T>>().dropout;
        make_blocks<T>(out, self, stream_of.template operator()<T>(),
                       [&](T* to, const T* from, int64_t n, RandomStream stream) { kernel(to, from, n, stream, p); });
    });
}

void dropout(const KernelCall& call, const Tensor& self, double p, Generator& generator) {
    int64_t* const state = call.outs[1].data<int64_t>();
    apply_dropout(call.outs[0], self, p, [&]<class T>() {
        const RandomStream stream = reserve_counters<T>(generator, self.numel());
        state[0] = static_cast<int64_t>(stream.seed);
        state[1] = static_cast<int64_t>(stream.counter);
        return stream;
    });
}

void dropout_again(const KernelCall& call, const Tensor& self, double p, const Tensor& given) {
    const Tensor state = packed(given);
    const auto seed = static_cast<uint64_t>(state.data<int64_t>()[0]),
               counter = static_cast<uint64_t>(state.data<int64_t>()[1]);
    apply_dropout(call.outs[0], self, p, [&]<class T>() { return RandomStream{seed, counter}; });
}

// At most `count` numbers one after another, for algorithms that do not go element by element.
class RandomSequence {
public:
    RandomSequence(Generator& generator, int64_t count) : stream_(reserve_counters<int64_t>(generator, count)) {}
    uint64_t bits() {
        if (used_ == kBlock) refill();
        return numbers_[used_++];
    }
    // In [0, range).
    int64_t below(int64_t range) {
        return static_cast<int64_t>(static_cast<unsigned __int128>(bits()) * static_cast<uint64_t>(range) >> 64);
    }
    // In (0, 1].
    double unit() { return (static_cast<double>(bits() >> 11) + 1) * 0x1p-53; }

private:
    void refill() {
        random_bits(numbers_, kBlock, stream_);
        stream_ = from_element<int64_t>(stream_, kBlock);
        used_ = 0;
    }
    RandomStream stream_;
    uint64_t numbers_[kBlock];
    int64_t used_ = kBlock;
};

// Fisher and Yates' shuffle.
void randperm(const KernelCall& call, int64_t n, DType, Generator& generator) {
    const StagedResult result(call.outs[0], DType::Int64);
    int64_t* order = result.data<int64_t>();
    std::iota(order, order + n, int64_t{0});
    RandomSequence random(generator, n);
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

void sample_with_replacement(const double* weights, int64_t n, int64_t* out, int64_t samples, RandomSequence& random) {
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
void sample_without_replacement(const double* weights, int64_t n, int64_t* out, int64_t samples,
                                RandomSequence& random) {
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

void multinomial(const KernelCall& call, const Tensor& self, int64_t samples, bool replacement,
                 Generator& generator) {
    const Tensor weights = packed_as(self, DType::Float64);
    const int64_t n = weights.size(-1), rows = n ? weights.numel() / n : 0;
    RandomSequence random(generator, rows * (replacement ? samples : n));
    const auto sample = replacement ? sample_with_replacement : sample_without_replacement;
    for (int64_t row = 0; row < rows; ++row)
        sample(weights.data<double>() + row * n, n, call.outs[0].data<int64_t>() + row * samples, samples, random);
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
