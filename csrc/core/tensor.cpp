#include "core/tensor.h"

#include <numeric>
#include <vector>

#include "core/device_memory.h"
#include "core/error.h"
#include "core/overflow.h"
#include "core/state.h"

namespace bestiary {

void NodeBase::dispose(NodeBase* node) {
    // Deleting a node releases the nodes before it: they queue here instead of recursing.
    thread_local std::vector<NodeBase*> doomed;
    thread_local bool draining = false;
    doomed.push_back(node);
    if (draining) return;
    draining = true;
    while (!doomed.empty()) {
        NodeBase* next = doomed.back();
        doomed.pop_back();
        delete next;
    }
    draining = false;
}

Dims contiguous_strides(const Dims& sizes) {
    Dims strides(sizes.size());
    int64_t step = 1;
    for (int i = sizes.size() - 1; i >= 0; --i) {
        strides[i] = step;
        step *= std::max<int64_t>(sizes[i], 1);
    }
    return strides;
}

bool is_contiguous(const Dims& sizes, const Dims& strides) {
    int64_t step = 1;
    for (int i = sizes.size() - 1; i >= 0; --i) {
        if (sizes[i] == 0) return true;
        if (sizes[i] == 1) continue;
        if (strides[i] != step) return false;
        step *= sizes[i];
    }
    return true;
}

bool is_dense(const Dims& sizes, const Dims& strides) {
    Dims order(sizes.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return std::pair(strides[a], sizes[a]) < std::pair(strides[b], sizes[b]);
    });
    int64_t step = 1;
    for (int64_t d : order) {
        if (sizes[d] == 0) return true;
        if (sizes[d] == 1) continue;
        if (strides[d] != step) return false;
        step *= sizes[d];
    }
    return true;
}

constexpr int kMaxDims = 64;  // reductions name dimensions by the bits of a word

static void check_dims(const Dims& sizes) {
    check_as(ErrorKind::Value, sizes.size() <= kMaxDims, "size: expected at most ", kMaxDims, " dimensions, got ",
             sizes.size());
}

// The number of elements of a view, which may exceed its memory.
static int64_t elements_of(const Dims& sizes) {
    check_dims(sizes);
    int64_t n = 1;
    bool fits = true;
    for (int64_t d : sizes) fits = !__builtin_mul_overflow(n, d, &n) && fits;
    check_as(ErrorKind::Value, fits || std::ranges::count(sizes, 0) > 0, "size: ", sizes,
             " overflows a 64-bit count of elements");
    return fits ? n : 0;
}

TensorImpl::TensorImpl(Ptr<Storage> s, Dims sz, Dims st, int64_t off, DType t)
    : storage(std::move(s)), offset(off), numel(elements_of(sz)), sizes(std::move(sz)),
      strides(std::move(st)), dtype(t), contiguous(bestiary::is_contiguous(sizes, strides)) {}

static size_t bytes_for(const Dims& sizes, DType dtype) {
    check_dims(sizes);
    int64_t bytes = item_size(dtype);
    for (int64_t d : sizes) {
        check_as(ErrorKind::Value, d >= 0, "size: expected non-negative sizes, got ", sizes);
        check(!__builtin_mul_overflow(bytes, d, &bytes), "size: ", sizes, " overflows a 64-bit count of bytes");
    }
    return static_cast<size_t>(bytes);
}

// Memory belongs to inference mode if it is made in it.
static Tensor fresh(TensorImpl* impl) {
    impl->inference = thread_state.inference_mode;
    return Tensor(impl);
}

Tensor Tensor::empty(const Dims& sizes, DType dtype, Device device) {
    const size_t bytes = bytes_for(sizes, dtype);
    const int64_t numel = static_cast<int64_t>(bytes) / item_size(dtype);
    return fresh(new TensorImpl(Storage::allocate(bytes, device), sizes, numel, dtype));
}

Tensor Tensor::empty_strided(const Dims& sizes, const Dims& strides, DType dtype, Device device) {
    bytes_for(sizes, dtype);
    int64_t last = 0;
    for (int i = 0; i < sizes.size(); ++i)
        if (sizes[i] > 0) last = checked_add(last, checked_mul(sizes[i] - 1, strides[i], "stride"), "stride");
    const bool none = sizes.product() == 0;
    const int64_t bytes = none ? 0 : checked_mul(checked_add(last, 1, "stride"), item_size(dtype), "stride");
    return fresh(new TensorImpl(Storage::allocate(static_cast<size_t>(bytes), device), sizes, strides, 0, dtype));
}

Tensor Tensor::zeros(const Dims& sizes, DType dtype, Device device) {
    Tensor t = empty(sizes, dtype, device);
    if (device.type == DeviceType::CPU) std::memset(t.raw(), 0, t->storage->bytes());
    else memory_of(device).zero(t.raw(), t->storage->bytes(), device);
    return t;
}

Tensor Tensor::scalar(double value, DType dtype) {
    Tensor t = empty({}, dtype);
    visit_stored(dtype, [&]<class T>() { *t.data<T>() = convert<T>(value); });
    return t;
}

Tensor Tensor::scalar(int64_t value, DType dtype) {
    Tensor t = empty({}, dtype);
    visit_stored(dtype, [&]<class T>() { *t.data<T>() = convert<T>(value); });
    return t;
}

// wrap_dim lets a 0-d tensor pass for a 1-d one, but there is nothing to read.
static int existing_dim(int64_t dim, int ndim) {
    check_as(ErrorKind::Index, ndim > 0, "dim: a 0-d tensor has no dimensions, got ", dim);
    return wrap_dim(dim, ndim);
}

int64_t Tensor::size(int64_t dim) const { return sizes()[existing_dim(dim, this->dim())]; }
int64_t Tensor::stride(int64_t dim) const { return strides()[existing_dim(dim, this->dim())]; }

template <class N>
static N only_element(const Tensor& t) {
    check(t.numel() == 1, "item: expected a tensor with one element, got shape ", t.sizes());
    return visit_stored(t.dtype(), [&]<class T>() {
        if (t.device().type == DeviceType::CPU) return convert<N>(*t.data<T>());
        T value;
        memory_of(t.device()).copy(&value, Device(), t.raw(), t.device(), sizeof(T));
        return convert<N>(value);
    });
}

double Tensor::item() const { return only_element<double>(*this); }

int64_t Tensor::item_int() const { return only_element<int64_t>(*this); }

Tensor Tensor::alias(Dims sizes, Dims strides, int64_t offset) const {
    Tensor view(new TensorImpl(impl_->storage, std::move(sizes), std::move(strides), offset, dtype()));
    view->inference = impl_->inference;
    return view;
}

Tensor Tensor::alias() const {
    Tensor same = alias(sizes(), strides(), impl_->offset);
    same->engine_layout = impl_->engine_layout;
    return same;
}

int wrap_dim(int64_t dim, int ndim, const char* name) {
    const int n = std::max(ndim, 1);
    check_as(ErrorKind::Index, -n <= dim && dim < n, name, ": expected a dimension in [", -n, ", ", n - 1, "], got ",
             dim);
    return static_cast<int>(dim < 0 ? dim + n : dim);
}

Dims broadcast(const Dims& a, const Dims& b) {
    if (a == b) return a;
    const Dims& longer = a.size() >= b.size() ? a : b;
    const Dims& shorter = a.size() >= b.size() ? b : a;
    Dims out = longer;
    const int lead = longer.size() - shorter.size();
    for (int i = 0; i < shorter.size(); ++i) {
        if (shorter[i] == 1 || shorter[i] == longer[lead + i]) continue;
        check(longer[lead + i] == 1, "shapes ", a, " and ", b, " do not broadcast");
        out[lead + i] = shorter[i];
    }
    return out;
}

Dims broadcast_strides(const Tensor& t, const Dims& sizes) {
    Dims strides(sizes.size(), 0);
    const int lead = sizes.size() - t.dim();
    for (int i = 0; i < t.dim(); ++i)
        if (t.sizes()[i] != 1) strides[lead + i] = t.strides()[i];
    return strides;
}

}  // namespace bestiary
