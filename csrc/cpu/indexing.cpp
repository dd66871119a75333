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

// Elements that index tensors select, and the packed tensor that they are copied to or from.
struct Selection {
    DType dtype;
    Tensor offsets;  // in bytes, one per element of the index tensors' common shape
    Strided rest;    // the dimensions without an index; operands: the indexed tensor, the packed one
    int64_t step;    // bytes in the packed tensor from one index to the next

    explicit Selection(const IndexLayout& layout)
        : offsets(Tensor::empty(layout.common, DType::Int64)), rest(layout.whole) {}
};

// Writes the offsets in bytes of the indices of dimension d, or adds them to those of other dimensions.
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

Selection select(const Tensor& self, Tensors indices, bool from_end, const Tensor& moving) {
    const IndexLayout layout = index_layout(self.sizes(), indices);
    Selection selection(layout);
    selection.dtype = self.dtype();
    const int64_t item = item_size(self.dtype());
    bool add = false;
    for (size_t d = 0; d < indices.size(); ++d)
        if (indices[d].defined())
            add_offsets(selection.offsets, indices[d], self, static_cast<int>(d), from_end, std::exchange(add, true));
    const int common = layout.common.size();
    selection.step = item;
    for (int i = layout.before + common; i < moving.dim(); ++i) selection.step *= moving.sizes()[i];
    for (int i = 0; i < layout.whole.size(); ++i) {
        selection.rest.strides[0].push_back(self.strides()[static_cast<int>(layout.dims[i])] * item);
        selection.rest.strides[1].push_back(moving.strides()[i < layout.before ? i : i + common] * item);
    }
    selection.rest.data = {self.raw(), moving.raw()};
    selection.rest.operands = 2;
    selection.rest.coalesce();
    return selection;
}

template <class T>
T sum_of(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a || b;
    else if constexpr (std::is_integral_v<T>)
        return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    else return a + b;
}

template <Move move, class T>
void move_elements(const Selection& selection, char* base, char* packed, int64_t begin, int64_t end) {
    const int64_t* offsets = selection.offsets.data<int64_t>();
    const int64_t step = selection.step;
    for (int64_t i = begin; i < end; ++i) {
        T& element = *reinterpret_cast<T*>(base + offsets[i]);
        T& moving = *reinterpret_cast<T*>(packed + i * step);
        if constexpr (move == Move::Read) moving = element;
        else if constexpr (move == Move::Write) element = moving;
        else element = sum_of(element, moving);
    }
}

template <Move move>
void move_row(Loop add, char* row, char* moving, int64_t n, int64_t item) {
    if constexpr (move == Move::Read) std::memcpy(moving, row, static_cast<size_t>(n * item));
    else if constexpr (move == Move::Write) std::memcpy(row, moving, static_cast<size_t>(n * item));
    else {
        char* const data[] = {row, row, moving};
        const int64_t strides[] = {item, item, item};
        add(data, strides, n, nullptr);
    }
}

Loop add_loop(DType dtype) {
    static const LoopSet& adds = *find_loops("add");
    const Loop loop = adds.get(dtype);
    check_as(ErrorKind::NotImplemented, loop, "not implemented for ", dtype);
    return loop;
}

// Indices [begin, end) for elements [from, to) of the dimensions without an index.
template <Move move>
void move_part(const Selection& selection, int64_t begin, int64_t end, int64_t from, int64_t to) {
    const int64_t item = item_size(selection.dtype);
    const bool rows =
        selection.rest.inner() > 1 && selection.rest.inner_stride(0) == item && selection.rest.inner_stride(1) == item;
    if (rows) {
        const Loop add = move == Move::Add ? add_loop(selection.dtype) : nullptr;
        const int64_t* offsets = selection.offsets.data<int64_t>();
        Strided at = selection.rest;
        for (int64_t p = begin; p < end; ++p) {
            at.data = {selection.rest.data[0] + offsets[p], selection.rest.data[1] + p * selection.step};
            for_rows(at, from, to, [&](char* const* data, const int64_t*, int64_t n) {
                move_row<move>(add, data[0], data[1], n, item);
            });
        }
        return;
    }
    visit(selection.dtype, [&]<class T>() {
        if constexpr (move == Move::Add && (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)) {
            fail(ErrorKind::Type, "16-bit floats are added up in float32");
        } else {
            for_rows(selection.rest, from, to, [&](char* const* data, const int64_t* steps, int64_t n) {
                for (int64_t i = 0; i < n; ++i)
                    move_elements<move, T>(selection, data[0] + i * steps[0], data[1] + i * steps[1], begin, end);
            });
        }
    });
}

void read(const Tensor& out, const Tensor& self, Tensors indices, bool from_end) {
    const Selection selection = select(self, indices, from_end, out);
    if (out.numel() == 0) return;
    const int64_t rest = selection.rest.sizes.product(), count = selection.offsets.numel();
    parallel_for(count, ceil_div(kGrain, rest),
                 [&](int64_t begin, int64_t end) { move_part<Move::Read>(selection, begin, end, 0, rest); });
}

// Threads share out the dimensions without an index: each index is visited in order, so equal indices add up (or
// overwrite) in the same order whatever the number of threads.
void write(const Tensor& self, Tensors indices, bool from_end, const Tensor& values, bool accumulate) {
    const Selection selection = select(self, indices, from_end, values);
    if (values.numel() == 0) return;
    const int64_t rest = selection.rest.sizes.product(), count = selection.offsets.numel();
    parallel_for(rest, ceil_div(kGrain, count), [&](int64_t from, int64_t to) {
        if (accumulate) move_part<Move::Add>(selection, 0, count, from, to);
        else move_part<Move::Write>(selection, 0, count, from, to);
    });
}

void index(const KernelCall& call, const Tensor& self, const Value& indices, bool from_end) {
    read(call.outs[0], self, indices.tensor_list(), from_end);
}

void embedding(const KernelCall& call, const Tensor& weight, const Tensor& indices) {
    read(call.outs[0], weight, Tensors(&indices, 1), false);
}

// Zeros with the gradient of each element added where the element was read.
void index_backward(const KernelCall& call, const Tensor& grad, const Value& indices) {
    const Tensor& out = call.outs[0];
    const DType type = compute_type(out.dtype());
    const Tensor sums = type == out.dtype() ? out : Tensor::empty(out.sizes(), type);
    std::memset(sums.raw(), 0, static_cast<size_t>(sums.numel() * item_size(type)));
    write(sums, indices.tensor_list(), true, packed_as(grad, type), true);
    if (sums.impl() != out.impl()) copy_into(out, sums);
}

void index_put(const KernelCall& call, const Tensor&, const Value& indices, const Tensor& given, bool accumulate,
               bool from_end) {
    const Tensor& self = call.outs[0];
    const Dims shape = index_layout(self.sizes(), indices.tensor_list()).result();
    const DType type = accumulate ? compute_type(self.dtype()) : self.dtype();
    const Tensor values = packed_as(given.alias(shape, broadcast_strides(given, shape), given->offset), type);
    if (type == self.dtype()) return write(self, indices.tensor_list(), from_end, values, accumulate);
    const Tensor wide = packed_as(self, type);
    write(wide, indices.tensor_list(), from_end, values, accumulate);
    copy_into(self, wide);
}

KERNEL(CPU, "_index", index);
KERNEL(CPU, "_index_backward", index_backward);
KERNEL(CPU, "_index_put", index_put);
KERNEL(CPU, "embedding", embedding);

}  // namespace
}  // namespace bestiary::cpu
