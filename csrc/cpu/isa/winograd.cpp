// Convolutions with a window of 3x3 in Winograd's form F(2x2, 3x3), on vectors of channels. See Note [Winograd].
#include "cpu/isa/winograd.h"

#include <algorithm>

#include "cpu/isa/loops.h"
#include "cpu/isa/tile.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr int kPoints = kWinogradPoints;
constexpr int64_t kPanel = kWinogradColumns;

// Finds the pixels of the window of x that tile t reads, row by row, or the four of y that it writes; those beyond the
// image are `outside`.
template <int Side>
inline void find_pixels(const WinogradImage& image, const WinogradTiles& tiles, int64_t t, const int64_t (&padding)[2],
                        float* outside, float* (&pixels)[Side * Side]) {
    const int64_t per_image = tiles.rows * tiles.columns, n = t / per_image, at = t % per_image;
    const int64_t top = at / tiles.columns * 2 - padding[0], left = at % tiles.columns * 2 - padding[1];
    float* const data = image.data + n * image.height * image.width * image.channels;
    for (int i = 0; i < Side; ++i)
        for (int j = 0; j < Side; ++j) {
            const int64_t row = top + i, column = left + j;
            const bool inside = row >= 0 && row < image.height && column >= 0 && column < image.width;
            pixels[i * Side + j] = inside ? data + (row * image.width + column) * image.channels : outside;
        }
}

// Transforms of one column or row: written out, so that the compiler keeps everything in registers.
template <class V>
struct Window {  // B^T, of 4 to 4
    static constexpr int from = 4, to = 4;
    static inline void apply(const V* d, int step, V* out, int out_step) {
        out[0 * out_step] = d[0 * step] - d[2 * step];
        out[1 * out_step] = d[1 * step] + d[2 * step];
        out[2 * out_step] = d[2 * step] - d[1 * step];
        out[3 * out_step] = d[1 * step] - d[3 * step];
    }
};
template <class V>
struct Result {  // A^T, of 4 to 2
    static constexpr int from = 4, to = 2;
    static inline void apply(const V* m, int step, V* out, int out_step) {
        out[0 * out_step] = m[0 * step] + m[1 * step] + m[2 * step];
        out[1 * out_step] = m[1 * step] - m[2 * step] - m[3 * step];
    }
};
template <class V>
struct ResultGradient {  // A, of 2 to 4
    static constexpr int from = 2, to = 4;
    static inline void apply(const V* g, int step, V* out, int out_step) {
        out[0 * out_step] = g[0 * step];
        out[1 * out_step] = g[0 * step] + g[1 * step];
        out[2 * out_step] = g[0 * step] - g[1 * step];
        out[3 * out_step] = -g[1 * step];
    }
};
template <class V>
struct Weight {  // G, of 3 to 4
    static constexpr int from = 3, to = 4;
    static inline void apply(const V* w, int step, V* out, int out_step) {
        const V outer = 0.5f * (w[0 * step] + w[2 * step]), inner = 0.5f * w[1 * step];
        out[0 * out_step] = w[0 * step];
        out[1 * out_step] = outer + inner;
        out[2 * out_step] = outer - inner;
        out[3 * out_step] = w[2 * step];
    }
};
template <class V>
struct WeightGradient {  // G^T, of 4 to 3
    static constexpr int from = 4, to = 3;
    static inline void apply(const V* s, int step, V* out, int out_step) {
        const V sum = 0.5f * (s[1 * step] + s[2 * step]);
        out[0 * out_step] = s[0 * step] + sum;
        out[1 * out_step] = 0.5f * (s[1 * step] - s[2 * step]);
        out[2 * out_step] = sum + s[3 * step];
    }
};

// Transforms the columns of a square of values, then its rows.
template <template <class> class Transform, class V>
inline void transform(const V (&in)[Transform<V>::from * Transform<V>::from],
                      V (&out)[Transform<V>::to * Transform<V>::to]) {
    constexpr int from = Transform<V>::from, to = Transform<V>::to;
    V half[to * from];
#pragma GCC unroll 4
    for (int j = 0; j < from; ++j) Transform<V>::apply(in + j, from, half + j, from);
#pragma GCC unroll 4
    for (int i = 0; i < to; ++i) Transform<V>::apply(half + i * from, 1, out + i * to, 1);
}

void transform_windows(const WinogradTiles& tiles) {
    float* pixels[kPoints];
    for (int64_t t = 0; t < tiles.count; ++t) {
        find_pixels<4>(tiles.x, tiles, tiles.first + t, tiles.padding, const_cast<float*>(tiles.zeros), pixels);
        float* const to = tiles.windows + t * tiles.window;
        for_vec<float>(tiles.x.channels, [&](int64_t c, auto lanes) {
            Vec<float> window[kPoints], transformed[kPoints];
#pragma GCC unroll 16
            for (int i = 0; i < kPoints; ++i) window[i] = load_vec(pixels[i] + c, lanes);
            transform<Window>(window, transformed);
#pragma GCC unroll 16
            for (int i = 0; i < kPoints; ++i) store_vec(to + i * tiles.windows_point + c, transformed[i], lanes);
        });
    }
}

// Multiplies the windows by the weights of a panel, point by point.
void multiply(const WinogradTiles& tiles, const float* weight) {
    const int64_t channels = tiles.x.channels;
    for (int i = 0; i < kPoints; ++i, weight += channels * kPanel) {
        const float* const windows = tiles.windows + i * tiles.windows_point;
        float* const products = tiles.products + i * tiles.products_point;
        for (int64_t j = 0; j < kPanel; j += kColumns<float>)
            for (int64_t t = 0; t < tiles.count; t += kRows) {
                const Target<float> to{products + t * kPanel + j, kPanel, kColumns<float>, nullptr, false};
                run_tile<float, false>(std::min<int64_t>(kRows, tiles.count - t), windows + t * tiles.window,
                                       tiles.window, weight + j, kPanel, channels, to);
            }
    }
}

// Returns 0 in every lane if all results are finite, otherwise not a number in some.
Vec<float> transform_results(const WinogradTiles& tiles, int64_t first, const float* bias) {
    constexpr int64_t none[2] = {0, 0};
    const int64_t outputs = std::min(kPanel, tiles.y.channels - first);
    Vec<float> differences{};
    for (int64_t t = 0; t < tiles.count; ++t) {
        float* pixels[4];
        find_pixels<2>(tiles.y, tiles, tiles.first + t, none, nullptr, pixels);
        const float* const from = tiles.products + t * kPanel;
        for_vec<float>(outputs, [&](int64_t c, auto lanes) {
            Vec<float> products[kPoints], results[4];
#pragma GCC unroll 16
            for (int i = 0; i < kPoints; ++i)
                products[i] = load_vec(from + i * tiles.products_point + c, AllLanes<float>{});
            transform<Result>(products, results);
            for (int i = 0; i < 4; ++i) {
                if (!pixels[i]) continue;
                if (bias) results[i] += load_vec(bias + first + c, lanes);
                differences += results[i] - results[i];
                store_vec(pixels[i] + first + c, results[i], lanes);
            }
        });
    }
    return differences;
}

bool forward(const WinogradForward& f) {
    const int64_t panel = kPoints * f.tiles.x.channels * kPanel;
    transform_windows(f.tiles);
    Vec<float> differences{};
    for (int64_t i = f.first; i < f.last; ++i) {
        multiply(f.tiles, f.weight + i * panel);
        differences += transform_results(f.tiles, i * kPanel, f.bias);
    }
    return sum_lanes<float>(differences) == 0;
}

// Transforms the gradients of y into those of the products of a panel.
void transform_gradients(const WinogradTiles& tiles, int64_t first, float* to) {
    constexpr int64_t none[2] = {0, 0};
    static constexpr float zeros[kPanel] = {};
    const int64_t outputs = std::min(kPanel, tiles.y.channels - first);
    for (int64_t t = 0; t < tiles.count; ++t, to += kPanel) {
        float* pixels[4];
        find_pixels<2>(tiles.y, tiles, tiles.first + t, none, nullptr, pixels);
        for (int64_t c = 0; c < kPanel; c += kLanes<float>) {
            const int64_t known = std::clamp<int64_t>(outputs - c, 0, kLanes<float>);
            Vec<float> gradients[4], transformed[kPoints];
            for (int i = 0; i < 4; ++i) {
                const float* const from = pixels[i] && known > 0 ? pixels[i] + first + c : zeros;
                gradients[i] = known == kLanes<float> ? load_vec(from, AllLanes<float>{}) : load_vec(from, known);
            }
            transform<ResultGradient>(gradients, transformed);
#pragma GCC unroll 16
            for (int i = 0; i < kPoints; ++i) store_all(to + i * tiles.products_point + c, transformed[i]);
        }
    }
}

void weight_gradient(const WinogradGradient& g) {
    const WinogradTiles& tiles = g.tiles;
    const int64_t channels = tiles.x.channels;
    transform_windows(tiles);
    float* sums = g.sums + g.first * kPoints * channels * kPanel;
    for (int64_t panel = g.first; panel < g.last; ++panel) {
        transform_gradients(tiles, panel * kPanel, tiles.products);
        for (int i = 0; i < kPoints; ++i, sums += channels * kPanel) {
            const float* const windows = tiles.windows + i * tiles.windows_point;
            const float* const products = tiles.products + i * tiles.products_point;
            for (int64_t j = 0; j < kPanel; j += kColumns<float>)
                for (int64_t c = 0; c < channels; c += kRows) {
                    const Target<float> to{sums + c * kPanel + j, kPanel, kColumns<float>, nullptr, g.accumulate};
                    run_tile<float, true>(std::min<int64_t>(kRows, channels - c), windows + c, tiles.window,
                                          products + j, kPanel, tiles.count, to);
                }
        }
    }
}

// Transforms points that are `in_step` and `out_step` elements apart, vector by vector.
template <template <class> class Transform>
void transform_points(const float* in, int64_t in_step, float* out, int64_t out_step) {
    using V = Vec<float>;
    constexpr int from = Transform<V>::from * Transform<V>::from, to = Transform<V>::to * Transform<V>::to;
    for (int64_t c = 0; c < kPanel; c += kLanes<float>) {
        V values[from], transformed[to];
        for (int i = 0; i < from; ++i) values[i] = load_vec(in + i * in_step + c, AllLanes<float>{});
        transform<Transform>(values, transformed);
        for (int i = 0; i < to; ++i) store_all(out + i * out_step + c, transformed[i]);
    }
}

void transform_weight(const float* weight, float* transformed, int64_t step) {
    transform_points<Weight>(weight, kPanel, transformed, step);
}

void transform_weight_gradient(const float* transformed, int64_t step, float* gradient) {
    transform_points<WeightGradient>(transformed, step, gradient, kPanel);
}

LOOPS { provide(WinogradKernels{forward, weight_gradient, transform_weight, transform_weight_gradient}); }

}  // namespace
}  // namespace bestiary::cpu::ISA
