// Reading and writing at index tensors: index, index_put, embedding.
#include "core/indexing.h"

#include <utility>

#include "cpu/contiguous.h"
#include "cpu/loop_table.h"
#include "cpu/parallel.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

enum class Move { Read, Write, Add };

// Places of a tensor picked by index tensors, and the packed tensor that is read from them or written to them.
struct Places {
    DType dtype;
    Tensor offsets;  // in bytes, one per element of the index tensors' common shape
    Strided rest;    // the dimensions left whole; operands: the indexed tensor, the packed one
    int64_t step;    // bytes in the packed tensor from one index to the next

    explicit Places(const IndexLayout& layout)
        : offsets(Tensor::empty(layout.common, DType::Int64)), rest(layout.whole) {}

    int64_t count() const { return offsets.numel(); }
};

// Adds what the indices of dimension d mean in bytes, or writes it where nothing stands yet.
void add_offsets(const Tensor& offsets, const Tensor& index, const Tensor& self, int d, bool from_end, bool add) {
    const Dims& common = offsets.sizes();
    const Tensor whole =
        packed_as(index.alias(common, broadcast_strides(index, common), index->offset), DType::Int64);
    const int64_t n = self.sizes()[d], stride = self.strides()[d] * item_size(self.dtype());
    const int64_t* at = whole.data<int64_t>();
    int64_t* out = offsets.data<int64_t>();
    parallel_for(offsets.numel(), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
            const int64_t i = from_end ? wrap_index(at[p], n, d) : checked_index(at[p], n, d);
            out[p] = i * stride + (add ? out[p] : 0);
        }
    });
}

Places places_of(const Tensor& self, std::span<const Tensor> indices, bool from_end, const Tensor& moving) {
    const IndexLayout layout = index_layout(self.sizes(), indices);
    Places places(layout);
    places.dtype = self.dtype();
    const int64_t item = item_size(self.dtype());
    bool add = false;
    for (size_t d = 0; d < indices.size(); ++d)
        if (indices[d].defined())
            add_offsets(places.offsets, indices[d], self, static_cast<int>(d), from_end, std::exchange(add, true));
    const int common = layout.common.size();
    places.step = item;
    for (int i = layout.before + common; i < moving.dim(); ++i) places.step *= moving.sizes()[i];
    for (int i = 0; i < layout.whole.size(); ++i) {
        places.rest.strides[0].push_back(self.strides()[static_cast<int>(layout.dims[i])] * item);
        places.rest.strides[1].push_back(moving.strides()[i < layout.before ? i : i + common] * item);
    }
    places.rest.data = {self.raw(), moving.raw()};
    places.rest.operands = 2;
    places.rest.coalesce();
    return places;
}

template <class T>
T sum_of(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a || b;
    else if constexpr (std::is_integral_v<T>)
        return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    else return a + b;
}

template <Move move, class T>
void move_elements(const Places& places, char* base, char* packed, int64_t begin, int64_t end) {
    const int64_t* offsets = places.offsets.data<int64_t>();
    const int64_t step = places.step;
    for (int64_t p = begin; p < end; ++p) {
        T& place = *reinterpret_cast<T*>(base + offsets[p]);
        T& moving = *reinterpret_cast<T*>(packed + p * step);
        if constexpr (move == Move::Read) moving = place;
        else if constexpr (move == Move::Write) place = moving;
        else place = sum_of(place, moving);
    }
}

template <Move move>
void move_row(Loop add, char* place, char* moving, int64_t n, int64_t item) {
    if constexpr (move == Move::Read) std::memcpy(moving, place, static_cast<size_t>(n * item));
    else if constexpr (move == Move::Write) std::memcpy(place, moving, static_cast<size_t>(n * item));
    else {
        char* const data[] = {place, place, moving};
        const int64_t strides[] = {item, item, item};
        add(data, strides, n, nullptr);
    }
}

// Indices [begin, end) for elements [from, to) of the dimensions left whole.
template <Move move>
void move_part(const Places& places, int64_t begin, int64_t end, int64_t from, int64_t to) {
    const int64_t item = item_size(places.dtype);
    const bool rows =
        places.rest.inner() > 1 && places.rest.inner_stride(0) == item && places.rest.inner_stride(1) == item;
    if (rows) {
        static const LoopSet* adds = find_loops("add");
        const Loop add = adds->get(places.dtype);
        const int64_t* offsets = places.offsets.data<int64_t>();
        Strided at = places.rest;
        for (int64_t p = begin; p < end; ++p) {
            at.data = {places.rest.data[0] + offsets[p], places.rest.data[1] + p * places.step};
            for_rows(at, from, to, [&](char* const* data, const int64_t*, int64_t n) {
                move_row<move>(add, data[0], data[1], n, item);
            });
        }
        return;
    }
    visit(places.dtype, [&]<class T>() {
        if constexpr (move == Move::Add && (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)) {
            fail(ErrorKind::Type, "16-bit floats are added up in float32");
        } else {
            for_rows(places.rest, from, to, [&](char* const* data, const int64_t* steps, int64_t n) {
                for (int64_t i = 0; i < n; ++i)
                    move_elements<move, T>(places, data[0] + i * steps[0], data[1] + i * steps[1], begin, end);
            });
        }
    });
}

void read_places(const Tensor& out, const Tensor& self, std::span<const Tensor> indices, bool from_end) {
    const Places places = places_of(self, indices, from_end, out);
    if (out.numel() == 0) return;
    const int64_t rest = places.rest.sizes.product(), count = places.count();
    parallel_for(count, ceil_div(kGrain, rest),
                 [&](int64_t begin, int64_t end) { move_part<Move::Read>(places, begin, end, 0, rest); });
}

// Threads share out the dimensions left whole: each index is visited in order, so equal indices add up (or
// overwrite) in the same order whatever the number of threads.
void write_places(const Tensor& self, std::span<const Tensor> indices, bool from_end, const Tensor& values,
                  bool accumulate) {
    const Places places = places_of(self, indices, from_end, values);
    if (values.numel() == 0) return;
    const int64_t rest = places.rest.sizes.product(), count = places.count();
    parallel_for(rest, ceil_div(kGrain, count), [&](int64_t from, int64_t to) {
        if (accumulate) move_part<Move::Add>(places, 0, count, from, to);
        else move_part<Move::Write>(places, 0, count, from, to);
    });
}

// Zeros with the gradient of each place added where the place was read.
void index_backward(const KernelCall& call) {
    const Tensor &grad = call.args.tensor(0), &out = call.outs[0];
    const DType type = compute_type(out.dtype());
    const Tensor sums = type == out.dtype() ? out : Tensor::empty(out.sizes(), type);
    std::memset(sums.raw(), 0, static_cast<size_t>(sums.numel() * item_size(type)));
    write_places(sums, call.args.tensors(1), true, packed_as(grad, type), true);
    if (sums.impl() != out.impl()) copy_into(out, sums);
}

void index_put(const KernelCall& call) {
    const Tensor& self = call.outs[0];
    const Tensor given = call.args.tensor(2);
    const bool accumulate = call.args.flag(3), from_end = call.args.flag(4);
    const std::span<const Tensor> indices = call.args.tensors(1);
    const Dims shape = index_layout(self.sizes(), indices).result();
    const DType type = accumulate ? compute_type(self.dtype()) : self.dtype();
    const Tensor values = packed_as(given.alias(shape, broadcast_strides(given, shape), given->offset), type);
    if (type == self.dtype()) return write_places(self, indices, from_end, values, accumulate);
    const Tensor wide = packed_as(self, type);
    write_places(wide, indices, from_end, values, accumulate);
    copy_into(self, wide);
}

KERNEL(CPU, "_index", [](const KernelCall& c) {
    read_places(c.outs[0], c.args.tensor(0), c.args.tensors(1), c.args.flag(2));
});
KERNEL(CPU, "_index_backward", index_backward);
KERNEL(CPU, "_index_put", index_put);
KERNEL(CPU, "embedding", [](const KernelCall& c) {
    read_places(c.outs[0], c.args.tensor(0), std::span<const Tensor>(&c.args.tensor(1), 1), false);
});

}  // namespace
}  // namespace bestiary::cpu
