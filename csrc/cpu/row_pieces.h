// Sums over rows, in pieces whose number does not depend on that of the threads: nor do the sums.
#pragma once

#include "cpu/parallel.h"

namespace bestiary::cpu {

constexpr int64_t kMostPieces = 16;

// The number of pieces, of at least `grain` elements, into which rows of `width` elements are split.
inline int64_t row_pieces(int64_t rows, int64_t width, int64_t grain) {
    return std::clamp<int64_t>(rows * width / grain, 1, kMostPieces);
}

// Calls body(piece, first row, end) for each; `grain` pieces are worth a thread.
template <class Body>
void each_piece(int64_t pieces, int64_t rows, int64_t grain, const Body& body) {
    parallel_for(pieces, grain, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) body(p, rows * p / pieces, rows * (p + 1) / pieces);
    });
}

}  // namespace bestiary::cpu
