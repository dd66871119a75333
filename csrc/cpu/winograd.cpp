#include "cpu/winograd.h"

#include <array>
#include <atomic>
#include <cmath>

#include "cpu/isa/channels_last.h"
#include "cpu/isa/winograd.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

constexpr int kPlaces = kWinogradPlaces;
constexpr int64_t kColumns = kWinogradColumns;
// Fewer tiles do not make up for transforming the weights, fewer channels not for transforming the windows.
constexpr int64_t kFewestTiles = 32, kFewestInputs = 16, kFewestOutputs = 32;
// Tiles are taken together as long as their windows stay in the second-level cache, but not fewer than make use of what
// is read of the weights.
constexpr int64_t kWindowBytes = int64_t{1} << 19;
constexpr int64_t kFewestTogether = 24;
// For the gradient of the weight windows may go to the third level: more important is that sums are seldom added to.
constexpr int64_t kTogether = 96;
constexpr int64_t kTilesOfProduct = 12;  // at a time, on every instruction set: blocks are a multiple
// Space between windows and between places, lest they share the sets of a cache.
constexpr int64_t kSpace = 16;
constexpr int64_t kInputs = 16;  // whose weights are transformed together
// Sums of their own for parts of the images, whatever the number of threads: so the result does not depend on it. Where
// there are at most so many tiles for an output, there is one part, and threads share out its panels.
constexpr int64_t kParts = 16, kFewestBlocksOfPart = 2, kTilesForOutput = 4;

struct Panels {
    int64_t first, last;
};

int64_t panels(int64_t outputs) { return ceil_div(outputs, kColumns); }

int64_t image_tiles(const Tensor& y) { return ceil_div(y.sizes()[2], 2) * ceil_div(y.sizes()[3], 2); }

WinogradImage image(const Tensor& t) { return {t.data<float>(), t.sizes()[2], t.sizes()[3], t.sizes()[1]}; }

// All of the tiles, with no room yet.
WinogradTiles all_tiles(const Tensor& x, const Tensor& y, const Dims& padding, const Tensor& zeros) {
    return {image(x), image(y), {padding[0], padding[1]}, ceil_div(y.sizes()[2], 2), ceil_div(y.sizes()[3], 2),
            0, y.sizes()[0] * image_tiles(y), zeros.data<float>(), nullptr, nullptr, 0, 0, 0};
}

// Room of a thread for so many tiles, and the tiles of one block after the other.
class Room {
public:
    Room(const WinogradTiles& all, int64_t together)
        : window_(all.x.channels + kSpace), windows_(together * window_ + kSpace),
          products_(together * kColumns + kSpace),
          memory_(Tensor::empty({kPlaces * (windows_ + products_)}, DType::Float32)) {}

    void take(WinogradTiles& tiles, int64_t block, int64_t blocks) const {
        const int64_t all = tiles.count, units = ceil_div(all, kTilesOfProduct);
        const auto begin = [&](int64_t i) { return std::min(units * i / blocks * kTilesOfProduct, all); };
        tiles.first = begin(block);
        tiles.count = begin(block + 1) - tiles.first;
        tiles.windows = memory_.data<float>();
        tiles.products = tiles.windows + kPlaces * windows_;
        tiles.window = window_;
        tiles.windows_place = windows_;
        tiles.products_place = products_;
    }

private:
    const int64_t window_, windows_, products_;
    const Tensor memory_;
};

void run(const Loop& loop, void* task) {
    char* data[] = {static_cast<char*>(task)};
    loop(data, nullptr, 0, nullptr);
}

// Calls body(panel, first, count, plain) for blocks of inputs of some panels, with room for (kInputs, 9, kColumns)
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

// A block of weights in any layout to (inputs, 9, kColumns).
void gather(const float* from, const Dims& strides, int64_t outputs, int64_t inputs, float* plain) {
    if (strides[1] == 9 && strides[2] == 3 && strides[3] == 1 && outputs == kColumns) {
        static const Loop turn = loop_of("channels_last", DType::Float32);
        PlanarPixels rows{bytes(from), bytes(plain), inputs * 9, outputs, strides[0]};
        return run(turn, &rows);
    }
    for (int64_t c = 0; c < inputs; ++c)
        for (int64_t o = 0; o < outputs; ++o)
            for (int i = 0; i < 9; ++i)
                plain[(c * 9 + i) * kColumns + o] =
                    from[o * strides[0] + c * strides[1] + i / 3 * strides[2] + i % 3 * strides[3]];
}

// Room for weights as the kernels read them.
Tensor room_for(const Dims& weight, int64_t parts) {
    return Tensor::empty({parts, panels(weight[0]), kPlaces, weight[1], kColumns}, DType::Float32);
}

// Weights (outputs, inputs, 3, 3) in any layout.
void transform(const Tensor& weight, Panels panels, const Tensor& to) {
    const int64_t outputs = weight.sizes()[0], inputs = weight.sizes()[1], step = inputs * kColumns;
    const Dims& strides = weight.strides();
    const Loop loop = loop_of("winograd.weight", weight.dtype());
    for_weights(panels, inputs, [&](int64_t panel, int64_t first, int64_t count, float* plain) {
        const int64_t known = std::min(kColumns, outputs - panel * kColumns);
        if (known < kColumns) std::fill_n(plain, kInputs * 9 * kColumns, 0.0f);
        gather(weight.data<float>() + panel * kColumns * strides[0] + first * strides[1], strides, known, count, plain);
        float* const at = to.data<float>() + panel * kPlaces * step + first * kColumns;
        for (int64_t c = 0; c < count; ++c) {
            WinogradWeight task{plain + c * 9 * kColumns, at + c * kColumns, step};
            run(loop, &task);
        }
    });
}

// The same weight seen from the other side: reversed in space, outputs and inputs exchanged.
Tensor reversed(const Tensor& weight) {
    const Dims &sizes = weight.sizes(), &strides = weight.strides();
    return weight.alias({sizes[1], sizes[0], 3, 3}, {strides[1], strides[0], -strides[2], -strides[3]},
                        weight->offset + 2 * (strides[2] + strides[3]));
}

// Threads share out panels rather than tiles where the transformed weights, which then stay with one thread, are more
// than the windows, which all of them transform.
bool prefers_panels(const WinogradTiles& all, int64_t tiles_for_output) {
    return all.y.channels > kColumns && all.count < tiles_for_output * all.y.channels;
}

bool forward(const Dims& padding, const Tensor& given, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    const Tensor x = channels_last(given), w = room_for(weight.sizes(), 1);
    const int64_t fitting = kWindowBytes / (kPlaces * x.sizes()[1] * item_size(x.dtype()));
    const int64_t together = std::max(fitting / kTilesOfProduct * kTilesOfProduct, kFewestTogether);
    const Tensor zeros = Tensor::zeros({x.sizes()[1]}, x.dtype());
    const WinogradTiles all = all_tiles(x, y, padding, zeros);
    const Loop loop = loop_of("winograd", x.dtype());
    std::atomic<bool> finite = true;
    const auto run_blocks = [&](int64_t begin, int64_t end, int64_t blocks, Panels panels) {
        const Room room(all, together);
        for (int64_t block = begin; block < end && finite; ++block) {
            WinogradForward task{all, panels.first, panels.last, w.data<float>(),
                                 bias.defined() ? bias.data<float>() : nullptr, true};
            room.take(task.tiles, block, blocks);
            run(loop, &task);
            if (!task.finite) finite = false;
        }
    };
    const int64_t outputs = panels(y.sizes()[1]), blocks = ceil_div(all.count, together);
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

// The gradient of the weight from the sums of the parts; whether all of it is finite.
bool add_parts(const Tensor& sums, Panels panels, const Tensor& dweight) {
    const int64_t outputs = dweight.sizes()[0], inputs = dweight.sizes()[1];
    const int64_t parts = sums.sizes()[0], size = sums.numel() / parts, step = inputs * kColumns;
    const Loop loop = loop_of("winograd.weight_gradient", dweight.dtype());
    std::atomic<bool> finite = true;
    for_weights(panels, inputs, [&](int64_t panel, int64_t first, int64_t count, float* plain) {
        for (int64_t c = 0; c < count; ++c) {
            float* const sum = sums.data<float>() + panel * kPlaces * step + (first + c) * kColumns;
            for (int64_t part = 1; part < parts; ++part)
                for (int i = 0; i < kPlaces; ++i)
                    for (int64_t o = 0; o < kColumns; ++o) sum[i * step + o] += sum[part * size + i * step + o];
            WinogradWeight task{plain + c * 9 * kColumns, sum, step};
            run(loop, &task);
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

bool is_winograd(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& y) {
    if (x.dtype() != DType::Float32 || c.groups != 1 || c.spatial() != 2) return false;
    for (int i = 0; i < 2; ++i)
        if (weight.sizes()[i + 2] != 3 || c.stride[i] != 1 || c.dilation[i] != 1 || c.padding[i] > 2) return false;
    // A panel that is mostly empty costs as much as a full one.
    const auto suits = [](int64_t channels) { return channels % kColumns == 0 || channels >= 3 * kColumns; };
    const int64_t inputs = weight.sizes()[1], outputs = weight.sizes()[0];
    return inputs >= kFewestInputs && outputs >= kFewestOutputs && suits(outputs) &&
           x.sizes()[0] * image_tiles(y) >= kFewestTiles;
}

bool winograd(const Convolution& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& y) {
    return forward(c.padding, x, weight, bias, y);
}

bool winograd_input(const Convolution& c, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
    return forward({2 - c.padding[0], 2 - c.padding[1]}, dy, reversed(weight), Tensor(), dx);
}

bool winograd_weight(const Convolution& c, const Tensor& given, const Tensor& given_dy, const Tensor& dweight) {
    const Tensor x = channels_last(given), dy = channels_last(given_dy);
    const Tensor zeros = Tensor::zeros({x.sizes()[1]}, x.dtype());
    const WinogradTiles all = all_tiles(x, dy, c.padding, zeros);
    const int64_t outputs = panels(dy.sizes()[1]), blocks = ceil_div(all.count, kTogether);
    const bool panelwise = prefers_panels(all, kTilesForOutput);
    const int64_t parts = panelwise ? 1 : std::clamp<int64_t>(blocks / kFewestBlocksOfPart, 1, kParts);
    const Tensor sums = room_for(dweight.sizes(), parts);
    const Loop loop = loop_of("winograd.gradient", x.dtype());
    const auto run_part = [&](int64_t part, Panels panels, const Room& room) {
        const int64_t first = blocks * part / parts, last = blocks * (part + 1) / parts;
        for (int64_t block = first; block < last; ++block) {
            WinogradGradient task{all, panels.first, panels.last, sums.data<float>() + part * (sums.numel() / parts),
                                  block > first};
            room.take(task.tiles, block, blocks);
            run(loop, &task);
        }
    };
    std::atomic<bool> finite = true;
    parallel_for(panelwise ? outputs : parts, 1, [&](int64_t begin, int64_t end) {
        const Room room(all, kTogether);
        if (panelwise) {
            run_part(0, {begin, end}, room);
            if (!add_parts(sums, {begin, end}, dweight)) finite = false;
        } else {
            for (int64_t part = begin; part < end; ++part) run_part(part, {0, outputs}, room);
        }
    });
    return panelwise ? finite.load() : add_parts(sums, {0, outputs}, dweight);
}

}  // namespace bestiary::cpu
