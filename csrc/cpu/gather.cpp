// Reading at one index per element along a dimension.
#include "cpu/gather.h"

#include "cpu/contiguous.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {

IndexAlongDim::IndexAlongDim(const Tensor& self, int64_t given_dim, const Tensor& index, const Tensor& moving)
    : at(index.sizes()) {
    const int d = wrap_dim(given_dim, self.dim());
    dim = d;
    size = self.dim() ? self.sizes()[d] : 1;
    stride = self.dim() ? self.strides()[d] * item_size(self.dtype()) : 0;
    // One index and a tensor of one dimension go together, whichever has no dimensions.
    Dims held = index.dim() == self.dim() ? self.strides() : Dims(index.dim(), 0);
    if (index.dim() > 0) held[d] = 0;
    at.add(moving.alias(index.sizes(), moving.strides(), moving->offset));
    at.add(self.alias(index.sizes(), held, self->offset));
    at.add(index);
    at.coalesce();
}

namespace {

// Reads from one line of self, whose elements are neighbours. Many indices use most of the line: where a cache holds
// it, it is fetched in order, which memory does faster than at random.
template <class T>
void gather_from_line(T* out, const T* line, const int64_t* index, int64_t n, const IndexAlongDim& along) {
    constexpr int64_t per_line = 64 / sizeof(T);  // elements of a line of the cache
    if (n * per_line >= along.size && along.size <= (int64_t{128} << 10) / int64_t{sizeof(T)})
        for (int64_t i = 0; i < along.size; i += per_line) __builtin_prefetch(line + i);
    for (int64_t i = 0; i < n; ++i) out[i] = line[checked_index(index[i], along.size, along.dim)];
}

void gather(const KernelCall& call, const Tensor& self, int64_t dim, const Tensor& index) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const IndexAlongDim along(self, dim, packed_as(index, DType::Int64), out);
    visit(out.dtype(), [&]<class T>() {
        constexpr int64_t item = sizeof(T);
        const bool lines = along.stride == item && along.at.inner_stride(0) == item &&
                           along.at.inner_stride(1) == 0 && along.at.inner_stride(2) == sizeof(int64_t);
        parallel_for(out.numel(), kGrain, [&](int64_t begin, int64_t end) {
            if (!lines)
                return for_selected<T>(along, begin, end, [](T& moving, const T& selected) { moving = selected; });
            for_rows(along.at, begin, end, [&](char* const* data, const int64_t*, int64_t n) {
                gather_from_line(reinterpret_cast<T*>(data[0]), reinterpret_cast<const T*>(data[1]),
                                 reinterpret_cast<const int64_t*>(data[2]), n, along);
            });
        });
    });
}

KERNEL(CPU, "gather", gather);

}  // namespace
}  // namespace bestiary::cpu
