// Matrix products on one thread.
//
// Note [Blocked product]
// As in BLIS (Van Zee and van de Geijn, 2015): blocks of b, then of a, are copied ("packed") into the order in
// which the innermost tile reads them; the tile keeps kRows x kColumns sums in registers. Packing also transposes
// and converts 16-bit floats, so that there is one tile for all layouts. Where an operand is used only a few times
// and is stored in a suitable order, it is read in place.
#include "cpu/isa/gemm.h"

#include <algorithm>

#include "cpu/isa/loops.h"
#include "cpu/isa/tile.h"

namespace bestiary::cpu::ISA {
namespace {

// Blocks of lanes x lanes values, as many as fit; returns how deep they reach. What they write past their lines must be
// written again: by blocks of the lines before, and by what comes behind them.
template <class Acc, int Width, class In>
int64_t pack_blocks(Acc* panel, const In* from, int64_t lines, int64_t depth, int64_t line) {
    constexpr int64_t lanes = kLanes<Acc>;
    int64_t p = 0;
    for (; p + lanes < depth; p += lanes) {
        Vec<Acc> block[lanes];
        for (int r = 0; r < lanes; ++r) block[r] = r < lines ? load_as<Acc>(from + r * line + p) : Vec<Acc>{};
        transpose_vecs<Acc>(block);
        for (int r = 0; r < lanes; ++r) store_all(panel + (p + r) * Width, block[r]);
    }
    return p;
}

// `count` lines of `depth` values to panels of Width lines, zeros for missing lines: panel[p * Width + i].
template <class Acc, int Width, class In>
void pack_panel(Acc* panel, const In* from, int64_t count, int64_t depth, int64_t line, int64_t step) {
    if (line == 1 && count == Width) {
        for (int64_t p = 0; p < depth; ++p)
            for (int i = 0; i < Width; ++i) panel[p * Width + i] = convert<Acc>(from[p * step + i]);
        return;
    }
    constexpr int64_t lanes = kLanes<Acc>;
    int64_t packed = 0;  // of the depth
    if (step == 1 && count == Width)
        for (int64_t i = (Width - 1) / lanes * lanes; i >= 0; i -= lanes)
            packed = pack_blocks<Acc, Width>(panel + i, from + i * line, std::min(lanes, Width - i), depth, line);
    for (int64_t p = packed; p < depth; ++p)
        for (int64_t r = 0; r < Width; ++r)
            panel[p * Width + r] = r < count ? convert<Acc>(from[r * line + p * step]) : Acc(0);
}

template <class In, class Acc>
class Gemm {
    static constexpr int kWidth = kColumns<Acc>;
    static constexpr int64_t kBlockM = kGemmABytes / (kGemmDepth * sizeof(Acc)) / kRows * kRows;
    static constexpr int64_t kBlockN = kGemmBBytes / (kGemmDepth * sizeof(Acc)) / kWidth * kWidth;
    static constexpr bool kInPlace = std::is_same_v<In, Acc>;

public:
    Gemm(const GemmArgs& args, char* scratch)
        : t_(args), a_(reinterpret_cast<const In*>(t_.a)), b_(reinterpret_cast<const In*>(t_.b)),
          c_(reinterpret_cast<Acc*>(t_.c)), packed_a_(reinterpret_cast<Acc*>(scratch)),
          packed_b_(reinterpret_cast<Acc*>(scratch + kGemmABytes)),
          reads_a_(kInPlace && t_.a_col == 1 && t_.n <= 4 * kWidth),
          reads_b_(kInPlace && t_.b_col == 1 && t_.m <= kRows) {}

    void run() {
        for (int64_t j = 0; j < t_.n; j += kBlockN)
            for (int64_t p = 0; p == 0 || p < t_.k; p += kGemmDepth)  // once for a depth of 0: the sums are then zeros
                block_of_b(j, std::min(kBlockN, t_.n - j), p, std::min(kGemmDepth, t_.k - p));
    }

private:
    void block_of_b(int64_t j, int64_t n, int64_t p, int64_t k) {
        for (int64_t q = 0; q < n; q += kWidth)
            if (!reads_b_ || n - q < kWidth)
                pack_panel<Acc, kWidth>(packed_b_ + q * k, b_ + p * t_.b_row + (j + q) * t_.b_col,
                           std::min<int64_t>(kWidth, n - q), k, t_.b_col, t_.b_row);
        for (int64_t i = 0; i < t_.m; i += kBlockM) block_of_a(i, std::min(kBlockM, t_.m - i), j, n, p, k);
    }

    void block_of_a(int64_t i, int64_t m, int64_t j, int64_t n, int64_t p, int64_t k) {
        const In* a = a_ + i * t_.a_row + p * t_.a_col;
        if (!reads_a_)
            for (int64_t r = 0; r < m; r += kRows)
                pack_panel<Acc, kRows>(packed_a_ + r * k, a + r * t_.a_row, std::min<int64_t>(kRows, m - r), k,
                                       t_.a_row, t_.a_col);
        for (int64_t q = 0; q < n; q += kWidth) {
            Acc bias[kWidth];
            const int64_t columns = std::min<int64_t>(kWidth, n - q);
            const bool in_place = reads_b_ && columns == kWidth;
            const Acc* b = packed_b_ + q * k;
            if constexpr (kInPlace) b = in_place ? b_ + p * t_.b_row + j + q : b;
            Target<Acc> to{c_ + i * t_.c_row + j + q, t_.c_row, columns, load_bias(bias, j + q, columns, p),
                           t_.accumulate || p > 0};
            for (int64_t r = 0; r < m; r += kRows, to.c += kRows * t_.c_row) {
                const int64_t rows = std::min<int64_t>(kRows, m - r);
                const int64_t b_row = in_place ? t_.b_row : kWidth;
                if (!reads_a_) run_tile<Acc, true>(rows, packed_a_ + r * k, kRows, b, b_row, k, to);
                else if constexpr (kInPlace) run_tile<Acc, false>(rows, a + r * t_.a_row, t_.a_row, b, b_row, k, to);
            }
        }
    }

    // The bias goes in with the first block of depth.
    const Acc* load_bias(Acc* bias, int64_t j, int64_t columns, int64_t p) const {
        if (!t_.bias || p > 0) return nullptr;
        const In* from = reinterpret_cast<const In*>(t_.bias) + j;
        for (int64_t i = 0; i < kWidth; ++i) bias[i] = i < columns ? convert<Acc>(from[i]) : Acc(0);
        return bias;
    }

    const GemmArgs& t_;
    const In* a_;
    const In* b_;
    Acc* c_;
    Acc* packed_a_;
    Acc* packed_b_;
    const bool reads_a_, reads_b_;
};

// out[r] = the inner product of x with row r of b.
template <class In, class Acc, int R>
inline void inner_products(const In* x, const In* b, int64_t line, int64_t k, Acc* out) {
    constexpr int64_t lanes = kLanes<Acc>;
    Vec<Acc> sums[R] = {};
    int64_t p = 0;
    for (; p + lanes <= k; p += lanes) {
        const Vec<Acc> v = load_as<Acc>(x + p);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) sums[r] += v * load_as<Acc>(b + r * line + p);
    }
    for (int r = 0; r < R; ++r) {
        out[r] = sum_lanes<Acc>(sums[r]);
        for (int64_t q = p; q < k; ++q) out[r] += convert<Acc>(x[q]) * convert<Acc>(b[r * line + q]);
    }
}

// Few rows of a times a transposed b: b is read once, in order, at the speed of memory.
template <class In, class Acc>
void gemm_inner(const GemmArgs& t) {
    const In* a = reinterpret_cast<const In*>(t.a);
    const In* b = reinterpret_cast<const In*>(t.b);
    const In* bias = reinterpret_cast<const In*>(t.bias);
    constexpr int step = 4;
    for (int64_t j = 0; j < t.n; j += step) {
        const int64_t columns = std::min<int64_t>(step, t.n - j);
        for (int64_t i = 0; i < t.m; ++i) {
            Acc out[step];
            if (columns == step) inner_products<In, Acc, step>(a + i * t.a_row, b + j * t.b_col, t.b_col, t.k, out);
            else
                for (int64_t r = 0; r < columns; ++r)
                    inner_products<In, Acc, 1>(a + i * t.a_row, b + (j + r) * t.b_col, t.b_col, t.k, out + r);
            Acc* c = reinterpret_cast<Acc*>(t.c) + i * t.c_row + j;
            for (int64_t r = 0; r < columns; ++r) {
                const Acc sum = bias ? out[r] + convert<Acc>(bias[j + r]) : out[r];
                c[r] = t.accumulate ? c[r] + sum : sum;
            }
        }
    }
}

// One row times a b with adjacent columns: adds up whole rows of b, in the order of memory.
template <class In, class Acc>
void gemm_outer(const GemmArgs& t) {
    const In* a = reinterpret_cast<const In*>(t.a);
    const In* bias = reinterpret_cast<const In*>(t.bias);
    Acc* c = reinterpret_cast<Acc*>(t.c);
    for (int64_t j = 0; j < t.n; ++j) c[j] = (bias ? convert<Acc>(bias[j]) : Acc(0)) + (t.accumulate ? c[j] : Acc(0));
    constexpr int step = 4;
    const In* b = reinterpret_cast<const In*>(t.b);
    int64_t p = 0;
    for (; p + step <= t.k; p += step, b += step * t.b_row) {
        const In *b0 = b, *b1 = b0 + t.b_row, *b2 = b1 + t.b_row, *b3 = b2 + t.b_row;
        Acc x[step];
        for (int r = 0; r < step; ++r) x[r] = convert<Acc>(a[(p + r) * t.a_col]);
#pragma omp simd
        for (int64_t j = 0; j < t.n; ++j)
            c[j] += (x[0] * convert<Acc>(b0[j]) + x[1] * convert<Acc>(b1[j])) +
                    (x[2] * convert<Acc>(b2[j]) + x[3] * convert<Acc>(b3[j]));
    }
    for (; p < t.k; ++p, b += t.b_row) {
        const Acc x = convert<Acc>(a[p * t.a_col]);
#pragma omp simd
        for (int64_t j = 0; j < t.n; ++j) c[j] += x * convert<Acc>(b[j]);
    }
}

constexpr int64_t kFewRows = 4;

template <class In, class Acc>
void gemm(const GemmArgs& args, char* scratch) {
    if (args.m <= kFewRows && args.a_col == 1 && args.b_row == 1) return gemm_inner<In, Acc>(args);
    if (args.m == 1 && args.b_col == 1) return gemm_outer<In, Acc>(args);
    Gemm<In, Acc>(args, scratch).run();
}

LOOPS {
    GemmKernels table{};
    table.run[static_cast<int>(DType::Float32)] = gemm<float, float>;
    table.run[static_cast<int>(DType::Float64)] = gemm<double, double>;
    table.run[static_cast<int>(DType::Float16)] = gemm<Half, float>;
    table.run[static_cast<int>(DType::BFloat16)] = gemm<BFloat16, float>;
    provide(table);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
