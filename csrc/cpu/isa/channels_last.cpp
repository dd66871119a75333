// Images from channels first to channels last, through registers.
#include "cpu/isa/channels_last.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// So few channels that a pixel is less than a vector, as of a picture.
template <class T, int Channels>
void interleave(const PlanarPixels& p) {
    const T* const from = reinterpret_cast<const T*>(p.from);
    T* const to = reinterpret_cast<T*>(p.to);
    for (int64_t i = 0; i < p.n; ++i)
        for (int j = 0; j < Channels; ++j) to[i * Channels + j] = from[j * p.plane + i];
}

template <class T>
void turn(char* const* data, const int64_t*, int64_t, const double*) {
    const PlanarPixels& p = *reinterpret_cast<const PlanarPixels*>(data[0]);
    const T* const from = reinterpret_cast<const T*>(p.from);
    T* const to = reinterpret_cast<T*>(p.to);
    if (p.channels == 3) return interleave<T, 3>(p);
    constexpr int64_t lanes = kLanes<T>;
    const auto one_by_one = [&](int64_t c, int64_t c_end, int64_t begin) {
        for (int64_t i = begin; i < p.n; ++i)
            for (int64_t j = c; j < c_end; ++j) to[i * p.channels + j] = from[j * p.plane + i];
    };
    int64_t c = 0;
    for (; c + lanes <= p.channels; c += lanes) {
        int64_t i = 0;
        for (; i + lanes <= p.n; i += lanes) {
            Vec<T> block[lanes];
            for (int j = 0; j < lanes; ++j) block[j] = load_vec(from + (c + j) * p.plane + i, AllLanes<T>{});
            transpose_vecs<T>(block);
            for (int j = 0; j < lanes; ++j) store_vec(to + (i + j) * p.channels + c, block[j], AllLanes<T>{});
        }
        one_by_one(c, c + lanes, i);
    }
    one_by_one(c, p.channels, 0);
}

LOOPS {
    register_loop("channels_last", DType::Float32, IsaLevel::ISA, turn<float>);
    register_loop("channels_last", DType::Float64, IsaLevel::ISA, turn<double>);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
