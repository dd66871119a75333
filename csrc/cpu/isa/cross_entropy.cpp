#include "cpu/isa/cross_entropy.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
void logsumexp(double* lse, const T* x, int64_t rows, int64_t n) {
    for (int64_t r = 0; r < rows; ++r, x += n) {
        const T most = max_vec(x, n);
        lse[r] = double{most} + std::log(double{sum_exp_vec(x, n, most)});
    }
}

template <class T>
void scaled_softmax(T* out, const T* x, int64_t n, double lse, T scale, T shift) {
    const SplitDouble<T> split(lse);
    for_vec<T>(n, [&](int64_t i, auto lanes) {
        const Vec<T> centred = load_vec(x + i, lanes) - split.high - split.low;
        store_vec<T>(out + i, exp_vec<T>(centred) * scale + shift, lanes);
    });
}

template <class T>
T weighted_sum(const T* x, const T* weights, int64_t n, T centre) {
    return sum_vec<T>(n, [&](int64_t i, auto lanes) {
        const Vec<T> centred = load_vec(x + i, lanes, centre) - centre;
        return weights ? centred * load_vec(weights + i, lanes) : centred;
    });
}

LOOPS {
    provide(CrossEntropyKernels<float>{logsumexp<float>, scaled_softmax<float>, weighted_sum<float>});
    provide(CrossEntropyKernels<double>{logsumexp<double>, scaled_softmax<double>, weighted_sum<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
