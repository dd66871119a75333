#include "cpu/gemm.h"

#include "core/allocator.h"
#include "cpu/loops.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// A piece of a product that is worth a thread: multiply-adds where arithmetic counts, elements of b where memory does.
constexpr int64_t kPieceWork = int64_t{1} << 21;
constexpr int64_t kPieceElements = int64_t{1} << 17;

// Memory of a thread that products pack blocks into.
struct Scratch {
    char* data = static_cast<char*>(allocate(kGemmScratch));
    ~Scratch() { deallocate(data, kGemmScratch); }
};

char* scratch() {
    thread_local Scratch mine;
    return mine.data;
}

void run(const GemmArgs& p) { kernels<GemmKernels>().run[static_cast<int>(p.dtype)](p, scratch()); }

// 16-bit results are summed in float and rounded once.
void run_rounded(GemmArgs p) {
    const size_t bytes = static_cast<size_t>(p.m * p.n) * sizeof(float);
    char* const result = p.c;
    const int64_t row = p.c_row;
    char* const sums = static_cast<char*>(allocate(bytes));
    p.c = sums;
    p.c_row = p.n;
    p.accumulate = false;
    run(p);
    for (int64_t i = 0; i < p.m; ++i) {
        char* pair[] = {result + i * row * item_size(p.dtype), sums + i * p.n * sizeof(float)};
        const int64_t steps[] = {item_size(p.dtype), sizeof(float)};
        cast_loop(DType::Float32, p.dtype)(pair, steps, p.n, nullptr);
    }
    deallocate(sums, bytes);
}

// Rows [i, i + m) and columns [j, j + n) of the result.
void run_piece(const GemmArgs& p, int64_t i, int64_t m, int64_t j, int64_t n) {
    const int64_t item = item_size(p.dtype);
    GemmArgs piece = p;
    piece.m = m;
    piece.n = n;
    piece.a += i * p.a_row * item;
    piece.b += j * p.b_col * item;
    piece.c += (i * p.c_row + j) * item;
    if (p.bias) piece.bias += j * item;
    if (is_half(p.dtype)) run_rounded(piece);
    else run(piece);
}

// Pieces along m that make them as square as can be: each packs its own blocks of a and b.
int64_t split_rows(const GemmArgs& p, int64_t pieces) {
    int64_t best = 1;
    double least = 0;
    for (int64_t rows = 1; rows <= pieces; ++rows) {
        if (pieces % rows) continue;
        const double packed = static_cast<double>(p.m) / rows + static_cast<double>(p.n) * rows / pieces;
        if (rows > 1 && packed >= least) continue;
        best = rows;
        least = packed;
    }
    return best;
}

// The begin of part `i` of `parts`, at a multiple of `unit`.
int64_t part(int64_t n, int64_t i, int64_t parts, int64_t unit) {
    return std::min(n, ceil_div(n, unit) * i / parts * unit);
}

}  // namespace

int64_t threads_for(const GemmArgs& p) {
    const int64_t pieces = std::max(p.m * p.n * p.k / kPieceWork, p.n * p.k / kPieceElements);
    return std::clamp<int64_t>(pieces, 1, omp_in_parallel() ? 1 : omp_get_max_threads());
}

void blocked_gemm(const GemmArgs& p) {
    if (p.m == 0 || p.n == 0) return;
    const int64_t pieces = threads_for(p);
    if (pieces == 1) return run_piece(p, 0, p.m, 0, p.n);
    constexpr int64_t kUnit = 48;  // rows and columns: whole tiles on every instruction set, or nearly
    const int64_t rows = split_rows(p, pieces), columns = pieces / rows;
    parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
        for (int64_t at = begin; at < end; ++at) {
            const int64_t i = part(p.m, at / columns, rows, kUnit), i_end = part(p.m, at / columns + 1, rows, kUnit);
            const int64_t j = part(p.n, at % columns, columns, 64), j_end = part(p.n, at % columns + 1, columns, 64);
            if (i < i_end && j < j_end) run_piece(p, i, i_end - i, j, j_end - j);
        }
    });
}

void integer_gemm(const GemmArgs& p) {
    visit(p.dtype, [&]<class T>() {
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
            const T* a = reinterpret_cast<const T*>(p.a);
            const T* b = reinterpret_cast<const T*>(p.b);
            const T* bias = reinterpret_cast<const T*>(p.bias);
            T* c = reinterpret_cast<T*>(p.c);
            parallel_for(p.m, std::max<int64_t>(1, kGrain / std::max<int64_t>(p.n * p.k, 1)),
                         [&](int64_t begin, int64_t end) {
                             for (int64_t i = begin; i < end; ++i)
                                 for (int64_t j = 0; j < p.n; ++j) {
                                     uint64_t sum = bias ? static_cast<uint64_t>(bias[j]) : 0;
                                     for (int64_t q = 0; q < p.k; ++q)
                                         sum += static_cast<uint64_t>(a[i * p.a_row + q * p.a_col]) *
                                                static_cast<uint64_t>(b[q * p.b_row + j * p.b_col]);
                                     c[i * p.c_row + j] = static_cast<T>(sum);
                                 }
                         });
        } else {
            fail(ErrorKind::Type, "not implemented for ", p.dtype);
        }
    });
}

}  // namespace bestiary::cpu
