// Gamma, Poisson and binomial variates, sampled by rejection. Each element has a small generator of its own, seeded by
// Philox with the element's counter, so that its value does not depend on the number of threads.
#include <cmath>

#include "cpu/random.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kBlock = 256;
constexpr int64_t kVariateGrain = 2048;

// SplitMix64 (Steele, Lea and Flood, 2014).
class Source {
public:
    explicit Source(uint64_t seed) : state_(seed) {}
    // In (0, 1).
    double unit() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }
    // Marsaglia's polar method (1964).
    double normal() {
        while (true) {
            const double x = 2 * unit() - 1, y = 2 * unit() - 1, square = x * x + y * y;
            if (square < 1 && square > 0) return x * std::sqrt(-2 * std::log(square) / square);
        }
    }

private:
    uint64_t bits() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
    uint64_t state_;
};

double log_gamma(double x) {
    int sign = 0;
    return ::lgamma_r(x, &sign);
}

// Marsaglia and Tsang (2000), for shapes of 1 and more.
double large_gamma(double shape, Source& source) {
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    while (true) {
        const double x = source.normal(), root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root;
        if (std::log(source.unit()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
    }
}
// The logarithm: below 1 from the variate of shape + 1.
double log_standard_gamma(double shape, Source& source) {
    if (shape == 0) return -HUGE_VAL;
    if (!(shape > 0)) return NAN;
    if (std::isinf(shape)) return shape;
    if (shape >= 1) return std::log(large_gamma(shape, source));
    return std::log(large_gamma(shape + 1, source)) + std::log(source.unit()) / shape;
}
double standard_gamma(double shape, Source& source) {
    if (shape >= 1 && !std::isinf(shape)) return large_gamma(shape, source);
    return std::exp(log_standard_gamma(shape, source));
}

// Up to a rate of 10 by counting exponential waiting times, beyond by Hormann's transformed rejection (1993).
double poisson(double rate, Source& source) {
    check(!(rate < 0), "self: expected rates of 0 or more, got ", rate);
    if (!std::isfinite(rate) || rate == 0) return rate;
    if (rate < 10) {
        double count = 0;
        const double limit = std::exp(-rate);
        for (double product = source.unit(); product > limit; product *= source.unit()) ++count;
        return count;
    }
    const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
    const double alpha = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2), log_rate = std::log(rate);
    while (true) {
        const double u = source.unit() - 0.5, v = source.unit(), us = 0.5 - std::abs(u);
        const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
        if (us >= 0.07 && v <= quick) return k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (std::log(v * alpha / (a / (us * us) + b)) <= k * log_rate - rate - log_gamma(k + 1)) return k;
    }
}

// For p up to a half; the waiting times between successes are geometric.
double few_successes(double n, double p, Source& source) {
    const double scale = 1 / std::log1p(-p);
    double count = 0, trials = 0;
    while ((trials += std::ceil(std::log(source.unit()) * scale)) <= n) ++count;
    return count;
}
// Hormann's transformed rejection (1993), for n p of 10 and more.
double many_successes(double n, double p, Source& source) {
    const double deviation = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * deviation;
    const double a = -0.0873 + 0.0248 * b + 0.01 * p, quick = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * deviation;
    const double mode = std::floor((n + 1) * p), log_odds = std::log(p / (1 - p));
    const double at_mode = log_gamma(mode + 1) + log_gamma(n - mode + 1);
    while (true) {
        const double u = source.unit() - 0.5, v = source.unit(), us = 0.5 - std::abs(u);
        const double k = std::floor((2 * a / us + b) * u + n * p + 0.5);
        if (us >= 0.07 && v <= quick) return k;
        if (k < 0 || k > n) continue;
        const double bound = at_mode - log_gamma(k + 1) - log_gamma(n - k + 1) + (k - mode) * log_odds;
        if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return k;
    }
}
double binomial(double n, double p, Source& source) {
    if (std::isnan(n) || std::isnan(p)) return NAN;
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1 || std::isinf(n)) return n;
    const double rare = std::min(p, 1 - p);
    const double count = n * rare < 10 ? few_successes(n, rare, source) : many_successes(n, rare, source);
    return p > 0.5 ? n - count : count;
}

// Calls sample(i, source) for every element.
template <class Sample>
void for_elements(int64_t n, Generator& generator, const Sample& sample) {
    const RandomStream stream = reserve_counters<int64_t>(generator, n);
    parallel_for(ceil_div(n, kBlock), kVariateGrain / kBlock, [&](int64_t first, int64_t last) {
        uint64_t seeds[kBlock];
        for (int64_t block = first; block < last; ++block) {
            const int64_t begin = block * kBlock, count = std::min(kBlock, n - begin);
            random_bits(seeds, count, from_element<int64_t>(stream, begin));
            for (int64_t i = 0; i < count; ++i) {
                Source source(seeds[i]);
                sample(begin + i, source);
            }
        }
    });
}

// Variates of a distribution with one parameter.
template <double (*Variate)(double, Source&)>
void variates(const KernelCall& call, const Tensor& self, Generator& generator) {
    const Tensor given = staged(self, DType::Float64);
    const StagedResult result(call.outs[0], DType::Float64);
    const double* in = given.data<double>();
    double* out = result.data<double>();
    for_elements(given.numel(), generator, [&](int64_t i, Source& source) { out[i] = Variate(in[i], source); });
}

void binomial_variates(const KernelCall& call, const Tensor& self, const Tensor& prob, Generator& generator) {
    const Tensor counts = staged(self, DType::Float64), probabilities = staged(prob, DType::Float64);
    const StagedResult result(call.outs[0], DType::Float64);
    const double *n = counts.data<double>(), *p = probabilities.data<double>();
    double* out = result.data<double>();
    for_elements(counts.numel(), generator,
                 [&](int64_t i, Source& source) { out[i] = binomial(n[i], p[i], source); });
}

KERNEL(CPU, "_standard_gamma", variates<standard_gamma>);
KERNEL(CPU, "_log_standard_gamma", variates<log_standard_gamma>);
KERNEL(CPU, "poisson", variates<poisson>);
KERNEL(CPU, "_binomial", binomial_variates);

}  // namespace
}  // namespace bestiary::cpu
