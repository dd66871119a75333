#include "cpu/isa/dot.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
T dot(const T* x, const T* y, int64_t n) {
    return sum_vec<T>(n, [&](int64_t i, auto lanes) {
        return load_vec(x + i, lanes) * load_vec(y + i, lanes);
    });
}

LOOPS {
    provide(DotKernels<float>{dot<float>});
    provide(DotKernels<double>{dot<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
