// Positions of the elements that are not zero.
#include <vector>

#include "cpu/contiguous.h"
#include "cpu/isa/nonzero.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements counted, and later listed, by one task

// Writes the coordinates of ascending positions in a row-major tensor. Most are in the row of the one before.
void write_coordinates(int64_t* out, const int64_t* positions, int64_t n, const Dims& sizes) {
    const int last = sizes.size() - 1;
    const int64_t row = sizes[last];
    int64_t start = -row;
    for (int64_t i = 0; i < n; ++i, out += sizes.size()) {
        if (positions[i] < start + row) {
            std::copy_n(out - sizes.size(), last, out);
        } else {
            int64_t left = positions[i] / row;
            start = left * row;
            for (int d = last - 1; d >= 0; left /= sizes[d--]) out[d] = left % sizes[d];
        }
        out[last] = positions[i] - start;
    }
}

// The number of true elements before each chunk, and at the end of all.
std::vector<int64_t> counts_before(const uint8_t* truth, int64_t n) {
    const int64_t chunks = ceil_div(n, kChunk);
    std::vector<int64_t> counts(static_cast<size_t>(chunks + 1));
    parallel_for(chunks, ceil_div(4 * kGrain, kChunk), [&](int64_t begin, int64_t end) {
        const auto count = kernels<NonzeroKernels>().count;
        for (int64_t c = begin; c < end; ++c)
            counts[static_cast<size_t>(c + 1)] = count(truth + c * kChunk, std::min(kChunk, n - c * kChunk));
    });
    for (size_t c = 1; c < counts.size(); ++c) counts[c] += counts[c - 1];
    return counts;
}

void nonzero(const KernelCall& call, const Tensor& self) {
    const Tensor whole = packed_as(self, DType::Bool);
    const uint8_t* const truth = reinterpret_cast<const uint8_t*>(whole.raw());
    const std::vector<int64_t> counts = counts_before(truth, whole.numel());
    const int dims = self.dim();
    const Tensor positions = Tensor::empty({counts.back(), dims}, DType::Int64);
    call.outs.push(positions);
    if (dims == 0) return;
    parallel_for(static_cast<int64_t>(counts.size()) - 1, ceil_div(kGrain, kChunk), [&](int64_t begin, int64_t end) {
        const auto list = kernels<NonzeroKernels>().list;
        std::vector<int64_t> flat(static_cast<size_t>(dims > 1 ? std::min(kChunk, counts.back()) : 0));
        for (int64_t c = begin; c < end; ++c) {
            const int64_t before = counts[static_cast<size_t>(c)], count = counts[static_cast<size_t>(c + 1)] - before;
            int64_t* out = positions.data<int64_t>() + before * dims;
            list(dims > 1 ? flat.data() : out, truth + c * kChunk, count, c * kChunk);
            if (dims > 1) write_coordinates(out, flat.data(), count, self.sizes());
        }
    });
}

KERNEL(CPU, "nonzero", nonzero);

}  // namespace
}  // namespace bestiary::cpu
