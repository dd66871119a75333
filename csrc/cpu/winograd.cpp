#include "cpu/winograd.h"

#include <array>
#include <atomic>
#include <cmath>

#include "cpu/isa/transpose.h"
#include "cpu/isa/winograd.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

constexpr int kPoints = kWinogradPoints;
constexpr int64_t kColumns = kWinogradColumns;
// Fewer tiles do not make up for transforming the weights, fewer channels not for transforming the windows.
constexpr int64_t kMinTiles = 32, kMinInputs = 16, kMinOutputs = 32;
// A block has as many tiles as have their windows in the second-level cache, but enough to use what is read of the
// weights.
constexpr int64_t kWindowBytes = int64_t{1} << 19;
constexpr int64_t kMinBlockTiles = 24;
// In the gradient of the weight windows may be in the third level: it is more important to add to the sums seldom.
constexpr int64_t kGradientBlockTiles = 96;
constexpr int64_t kTilesOfProduct = 12;  // at a time, on every instruction set: blocks are a multiple
// Padding between windows and between points, so that they do not share the sets of a cache.
constexpr int64_t kPadding = 16;
constexpr int64_t kInputs = 16;  // whose weights are transformed together
// Partial sums over parts of the images, however many threads there are, so that the result does not depend on it.
// Where there are at most kTilesForOutput tiles for an output, there is one part, and threads share out its panels.
constexpr int64_t kParts = 16, kMinBlocksOfPart = 2, kTilesForOutput = 4;

struct Panels {
    int64_t first, last;
};

int64_t panels(int64_t outputs) { return ceil_div(outputs, kColumns); }

int64_t image_tiles(const Tensor& y) { return ceil_div(y.sizes()[2], 2) * ceil_div(y.sizes()[3], 2); }

WinogradImage image(const Tensor& t) { return {t.data<float>(), t.sizes()[2], t.sizes()[3], t.sizes()[1]}; }

// All of the tiles, without buffers.
WinogradTiles all_tiles(const Tensor& x, const Tensor& y, const Dims& padding, const Tensor& zeros) {
    return {image(x), image(y), {padding[0], padding[1]}, ceil_div(y.sizes()[2], 2), ceil_div(y.sizes()[3], 2),
            0, y.sizes()[0] * image_tiles(y), zeros.data<float>(), nullptr, nullptr, 0, 0, 0};
}

// The buffers of a thread, for one block of tiles after the other.
class TileBuffers {
public:
    TileBuffers(const WinogradTiles& all, int64_t tiles)
        : window_(all.x.channels + kPadding), windows_(tiles * window_ + kPadding),
          products_(tiles * kColumns + kPadding),
          memory_(Tensor::empty({kPoints * (windows_ + products_)}, DType::Float32)) {}

    WinogradTiles block(WinogradTiles tiles, int64_t block, int64_t blocks) const {
        const int64_t all = tiles.count, units = ceil_div(all, kTilesOfProduct);
        const auto begin = [&](int64_t i) { return std::min(units * i / blocks * kTilesOfProduct, all); };
        tiles.first = begin(block);
        tiles.count = begin(block + 1) - tiles.first;
        tiles.windows = memory_.data<float>();
        tiles.products = tiles.windows + kPoints * windows_;
        tiles.window = window_;
        tiles.windows_point = windows_;
        tiles.products_point = products_;
        return tiles;
    }

private:
    const int64_t window_, windows_, products_;
    const Tensor memory_;
};

// Calls body(panel, first, count, plain) for blocks of inputs of some panels, with a buffer for (kInputs, 9, kColumns)
// weights.
template <class F>
void for_weights(Panels panels, int64_t inputs, const F& body) {
    const int64_t blocks = ceil_div(inputs, kInputs), before = panels.first * blocks;
    parallel_for((panels.last - panels.first) * blocks, 4, [&](int64_t begin, int64_t end) {
        std::array<float, kInputs * 9 * kColumns> plain;
        for (int64_t i = before + begin; i < before + end; ++i) {
            const int64_t first = i % blocks * kInputs;
            body(i / blocks, first, std::min(kInputs, inputs - first), plain.data());
        }
    });
}

// Copies a block of weights, in any layout, to (inputs, 9, kColumns).
void gather(const float* from, const Dims& strides, int64_t outputs, int64_t inputs, float* plain) {
    if (strides[1] == 9 && strides[2] == 3 && strides[3] == 1 && outputs == kColumns)
        return kernels<TransposeKernels<float>>().copy({plain, from, kColumns, strides[0], outputs, inputs * 9});
    for (int64_t c = 0; c < inputs; ++c)
        for (int64_t o = 0; o < outputs; ++o)
            for (int i = 0; i < 9; ++i)
                plain[(c * 9 + i) * kColumns + o] =
                    from[o * strides[0] + c * strides[1] + i / 3 * strides[2] + i % 3 * strides[3]];
}

// Memory for weights as the kernels read them.
Tensor empty_weights(const Dims& weight, int64_t parts) {
    return Tensor::empty({parts, panels(weight[0]), kPoints, weight[1], kColumns}, DType::Float32);
}

// Transforms weights (outputs, inputs, 3, 3) in any layout.
void transform(const Tensor& weight, Panels panels, const Tensor& to) {
    const int64_t outputs = weight.sizes()[0], inputs = weight.sizes()[1], step = inputs * kColumns;
    const Dims& strides = weight.strides();
    for_weights(panels, inputs, [&](int64_t panel, int64_t first, int64_t count, float* plain) {
        const int64_t known = std::min(kColumns, outputs - panel * kColumns);
        if (known < kColumns) std::fill_n(plain, kInputs * 9 * kColumns, 0.0f);
        gather(weight.data<float>() + panel * kColumns * strides[0] + first * strides[1], strides, known, count, plain);
        float* const at = to.data<float>() + panel * kPoints * step + first * kColumns;
        for (int64_t c = 0; c < count; ++c)
            kernels<WinogradKernels>().transform_weight(plain + c * 9 * kColumns, at + c * kColumns, step);
    });
}

// A view of the weight of the transposed convolution: flipped in space, outputs and inputs exchanged.
Tensor flipped_and_transposed(const Tensor& weight) {
    const Dims &sizes = weight.sizes(), &strides = weight.strides();
    return weight.alias({sizes[1], sizes[0], 3, 3}, {strides[1], strides[0], -strides[2], -strides[3]},
                        weight->offset + 2 * (strides[2] + strides[3]));
}

// Threads share out panels rather than tiles where the transformed weights, which then stay with one thread, are larger
// than the windows, which each of them transforms.
bool prefers_panels(const WinogradTiles& all, int64_t tiles_for_output) {
    return all.y.channels > kColumns && all.count < tiles_for_output * all.y.channels;
}

bool forward(const Dims& padding, const Tensor& given, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    const Tensor x = to_channels_last(given), w = empty_weights(weight.sizes(), 1);
    const int64_t fitting = kWindowBytes / (kPoints * x.sizes()[1] * item_size(x.dtype()));
    const int64_t block_tiles = std::max(fitting / kTilesOfProduct * kTilesOfProduct, kMinBlockTiles);
    const Tensor zeros = Tensor::zeros({x.sizes()[1]}, x.dtype());
    const WinogradTiles all = all_tiles(x, y, padding, zeros);
    std::atomic<bool> finite = true;
    const auto run_blocks = [&](int64_t begin, int64_t end, int64_t blocks, Panels panels) {
        const TileBuffers buffers(all, block_tiles);
        for (int64_t block = begin; block < end && finite; ++block)
            if (!kernels<WinogradKernels>().forward({buffers.block(all, block, blocks), panels.first, panels.last,
                                                     w.data<float>(), data_or_null<float>(bias)}))
                finite = false;
    };
    const int64_t outputs = panels(y.sizes()[1]), blocks = ceil_div(all.count, block_tiles);
    const int64_t threads = omp_get_max_threads();
    if (prefers_panels(all, 1) && outputs >= threads) {
        parallel_for(outputs, 1, [&](int64_t begin, int64_t end) {
            transform(weight, {begin, end}, w);
            run_blocks(0, blocks, blocks, {begin, end});
        });
    } else {
        transform(weight, {0, outputs}, w);
        const int64_t even = std::min(ceil_div(blocks, threads) * threads, ceil_div(all.count, kTilesOfProduct));
        parallel_for(even, 1, [&](int64_t begin, int64_t end) { run_blocks(begin, end, even, {0, outputs}); });
    }
    return finite;
}

// Adds up the parts of the gradient of the weight. Returns whether all of it is finite.
bool add_parts(const Tensor& sums, Panels panels, const Tensor& dweight) {
    const int64_t outputs = dweight.sizes()[0], inputs = dweight.sizes()[1];
    const int64_t parts = sums.sizes()[0], size = sums.numel() / parts, step = inputs * kColumns;
    std::atomic<bool> finite = true;
    for_weights(panels, inputs, [&](int64_t panel, int64_t first, int64_t count, float* plain) {
        for (int64_t c = 0; c < count; ++c) {
            float* const sum = sums.data<float>() + panel * kPoints * step + (first + c) * kColumns;
            for (int64_t part = 1; part < parts; ++part)
                for (int i = 0; i < kPoints; ++i)
                    for (int64_t o = 0; o < kColumns; ++o) sum[i * step + o] += sum[part * size + i * step + o];
            kernels<WinogradKernels>().transform_weight_gradient(sum, step, plain + c * 9 * kColumns);
        }
        for (int64_t o = 0; o < std::min(kColumns, outputs - panel * kColumns); ++o) {
            float* const to = dweight.data<float>() + ((panel * kColumns + o) * inputs + first) * 9;
            for (int64_t i = 0; i < count * 9; ++i) {
                to[i] = plain[i * kColumns + o];
                if (!std::isfinite(to[i])) finite = false;
            }
        }
    });
    return finite;
}

}  // namespace

bool is_winograd(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& y) {
    if (x.dtype() != DType::Float32 || c.groups != 1 || c.spatial() != 2) return false;
    for (int i = 0; i < 2; ++i)
        if (weight.sizes()[i + 2] != 3 || c.stride[i] != 1 || c.dilation[i] != 1 || c.padding[i] > 2) return false;
    // A panel that is mostly empty costs as much as a full one.
    const auto suits = [](int64_t channels) { return channels % kColumns == 0 || channels >= 3 * kColumns; };
    const int64_t inputs = weight.sizes()[1], outputs = weight.sizes()[0];
    return inputs >= kMinInputs && outputs >= kMinOutputs && suits(outputs) &&
           x.sizes()[0] * image_tiles(y) >= kMinTiles;
}

bool winograd(const ConvParams& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    return forward(c.padding, x, weight, bias, y);
}

bool winograd_input(const ConvParams& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    return forward({2 - c.padding[0], 2 - c.padding[1]}, dy, flipped_and_transposed(weight), Tensor(), dx);
}

bool winograd_weight(const ConvParams& c, const Tensor& given, const Tensor& given_dy, const Tensor& dweight) {
    const Tensor x = to_channels_last(given), dy = to_channels_last(given_dy);
    const Tensor zeros = Tensor::zeros({x.sizes()[1]}, x.dtype());
    const WinogradTiles all = all_tiles(x, dy, c.padding, zeros);
    const int64_t outputs = panels(dy.sizes()[1]), blocks = ceil_div(all.count, kGradientBlockTiles);
    const bool panelwise = prefers_panels(all, kTilesForOutput);
    const int64_t parts = panelwise ? 1 : std::clamp<int64_t>(blocks / kMinBlocksOfPart, 1, kParts);
    const Tensor sums = empty_weights(dweight.sizes(), parts);
    const auto run_part = [&](int64_t part, Panels panels, const TileBuffers& buffers) {
        const int64_t first = blocks * part / parts, last = blocks * (part + 1) / parts;
        float* const to = sums.data<float>() + part * (sums.numel() / parts);
        for (int64_t block = first; block < last; ++block)
            kernels<WinogradKernels>().weight_gradient(
                {buffers.block(all, block, blocks), panels.first, panels.last, to, block > first});
    };
    std::atomic<bool> finite = true;
    parallel_for(panelwise ? outputs : parts, 1, [&](int64_t begin, int64_t end) {
        const TileBuffers buffers(all, kGradientBlockTiles);
        if (panelwise) {
            run_part(0, {begin, end}, buffers);
            if (!add_parts(sums, {begin, end}, dweight)) finite = false;
        } else {
            for (int64_t part = begin; part < end; ++part) run_part(part, {0, outputs}, buffers);
        }
    });
    return panelwise ? finite.load() : add_parts(sums, {0, outputs}, dweight);
}

}  // namespace bestiary::cpu
