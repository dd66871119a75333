// Running sums of rows.
#include "cpu/isa/scan.h"

#include <utility>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// v with its lanes moved up by `step`, and zeros in the lowest ones. The lane numbers are constants: a loop would
// compute them anew for every vector.
template <int step, size_t... lane>
inline Vec<double> moved_up(const Vec<double>& v, std::index_sequence<lane...>) {
    constexpr int lanes = sizeof...(lane);
    const VecTypes<double>::Ints from = {(int{lane} < step ? 0 : lanes + int{lane} - step)...};
    return __builtin_shuffle(Vec<double>{}, v, from);
}

// Every lane gets the sum of the lanes up to it: partial sums are moved by one lane, then two, four.
inline Vec<double> sums_of_lanes(Vec<double> v) {
    constexpr auto lanes = std::make_index_sequence<kLanes<double>>();
    v += moved_up<1>(v, lanes);
    if constexpr (lanes.size() > 2) v += moved_up<2>(v, lanes);
    if constexpr (lanes.size() > 4) v += moved_up<4>(v, lanes);
    return v;
}

// As many elements as doubles fit a vector.
template <class T>
struct FewOf {
    typedef T type __attribute__((vector_size(kVecBytes / sizeof(double) * sizeof(T))));
};

// Adds in double, a vector at a time: an addition waits for the one before only from vector to vector.
template <class T>
void sum(T* out, const T* in, int64_t n) {
    constexpr int64_t lanes = kLanes<double>;
    using Few = typename FewOf<T>::type;
    const auto last = VecTypes<double>::Ints{} + (lanes - 1);
    Vec<double> before{};
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        Few x;
        std::memcpy(&x, in + i, sizeof x);
        const Vec<double> sums = sums_of_lanes(__builtin_convertvector(x, Vec<double>)) + before;
        x = __builtin_convertvector(sums, Few);
        std::memcpy(out + i, &x, sizeof x);
        before = __builtin_shuffle(sums, last);
    }
    double total = before[0];
    for (; i < n; ++i) out[i] = static_cast<T>(total += in[i]);
}

LOOPS {
    provide(ScanKernels<float>{sum<float>});
    provide(ScanKernels<double>{sum<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
