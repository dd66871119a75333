// The places of what is true.
#include <vector>

#include "cpu/contiguous.h"
#include "cpu/loop_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kChunk = 16384;  // elements counted, and later listed, by one task

struct Kernels {
    Loop count = find_loops("nonzero.count")->get(DType::Bool);
    Loop list = find_loops("nonzero.list")->get(DType::Bool);
};
const Kernels& kernels() {
    static const Kernels instance;
    return instance;
}

// Turns ascending places in a row-major tensor to coordinates. Most lie in the row of the one before.
void write_coordinates(int64_t* out, const int64_t* places, int64_t n, const Dims& sizes) {
    const int last = sizes.size() - 1;
    const int64_t row = sizes[last];
    int64_t start = -row;
    for (int64_t i = 0; i < n; ++i, out += sizes.size()) {
        if (places[i] < start + row) {
            std::copy_n(out - sizes.size(), last, out);
        } else {
            int64_t left = places[i] / row;
            start = left * row;
            for (int d = last - 1; d >= 0; left /= sizes[d--]) out[d] = left % sizes[d];
        }
        out[last] = places[i] - start;
    }
}

// Where the places of each chunk begin among all of them, and at the end how many there are.
std::vector<int64_t> first_places(char* truth, int64_t n) {
    const int64_t chunks = ceil_div(n, kChunk);
    std::vector<int64_t> starts(static_cast<size_t>(chunks + 1));
    parallel_for(chunks, ceil_div(4 * kGrain, kChunk), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
            char* const data[] = {reinterpret_cast<char*>(&starts[static_cast<size_t>(c + 1)]), truth + c * kChunk};
            kernels().count(data, nullptr, std::min(kChunk, n - c * kChunk), nullptr);
        }
    });
    for (size_t c = 1; c < starts.size(); ++c) starts[c] += starts[c - 1];
    return starts;
}

void nonzero(const KernelCall& call) {
    const Tensor& self = call.args.tensor(0);
    const Tensor whole = packed_as(self, DType::Bool);
    char* truth = whole.raw();
    const std::vector<int64_t> starts = first_places(truth, whole.numel());
    const int dims = self.dim();
    const Tensor places = Tensor::empty({starts.back(), dims}, DType::Int64);
    call.outs.push(places);
    if (dims == 0) return;
    parallel_for(static_cast<int64_t>(starts.size()) - 1, ceil_div(kGrain, kChunk), [&](int64_t begin, int64_t end) {
        std::vector<int64_t> flat(static_cast<size_t>(dims > 1 ? kChunk : 0));
        for (int64_t c = begin; c < end; ++c) {
            const int64_t before = starts[static_cast<size_t>(c)], count = starts[static_cast<size_t>(c + 1)] - before;
            int64_t* out = places.data<int64_t>() + before * dims;
            char* const data[] = {reinterpret_cast<char*>(dims > 1 ? flat.data() : out), truth + c * kChunk};
            const double first = static_cast<double>(c * kChunk);
            kernels().list(data, nullptr, count, &first);
            if (dims > 1) write_coordinates(out, flat.data(), count, self.sizes());
        }
    });
}

KERNEL(CPU, "nonzero", nonzero);

}  // namespace
}  // namespace bestiary::cpu
