// The tensor: a strided view of storage, and what the graph knows of it.
#pragma once

#include "core/dims.h"
#include "core/dtype.h"
#include "core/storage.h"

namespace bestiary {

// The part of the graph that a tensor refers to: csrc/autograd derives its nodes from it.
class NodeBase : public RefCounted {
public:
    virtual ~NodeBase() = default;
    // Frees a chain of nodes of any length without recursion.
    static void dispose(NodeBase* node);
};

// Strides of a row-major layout.
Dims contiguous_strides(const Dims& sizes);
bool is_contiguous(const Dims& sizes, const Dims& strides);
// True if the elements fill a block without gaps or overlap, in any order of dimensions.
bool is_dense(const Dims& sizes, const Dims& strides);

class Tensor;

class TensorImpl final : public RefCounted {
public:
    TensorImpl(Ptr<Storage> storage, Dims sizes, Dims strides, int64_t offset, DType dtype);
    // Row-major over all of `storage`.
    TensorImpl(Ptr<Storage> storage, const Dims& sizes, int64_t numel, DType dtype)
        : storage(std::move(storage)), offset(0), numel(numel), sizes(sizes), strides(contiguous_strides(sizes)),
          dtype(dtype), contiguous(true) {}
    static void* operator new(size_t size) { return allocate(size); }
    static void operator delete(void* block, size_t size) { deallocate(block, size); }
    static void dispose(TensorImpl* impl) { delete impl; }

    char* data() const { return storage->data() + offset * item_size(dtype); }
    // The strides that programs may know of: see Note [Engine layout] in core/layout.h.
    Dims visible_strides() const { return engine_layout ? contiguous_strides(sizes) : strides; }

    Ptr<Storage> storage;
    int64_t offset;  // in elements
    int64_t numel;
    Dims sizes, strides;  // strides in elements
    DType dtype;
    bool contiguous;
    bool engine_layout = false;  // see Note [Engine layout]
    bool requires_grad = false;
    bool inference = false;    // made in inference mode: carries no view or version bookkeeping
    uint32_t output_index = 0;  // which result of grad_fn this is
    uint32_t view_version = 0;  // see Note [Views in the graph] in autograd/record.h
    Ptr<NodeBase> grad_fn;
    std::atomic<uint32_t> readers{0};  // kernels under way without Python's lock: see Note [Engine layout]
    Ptr<TensorImpl> base;     // for a view: the tensor whose memory it shows
    void* python = nullptr;   // the Python object, while there is one
};

// A handle, as cheap to copy as a pointer; may be undefined (a null handle).
class Tensor {
public:
    Tensor() = default;
    explicit Tensor(TensorImpl* impl) : impl_(impl) {}
    explicit Tensor(Ptr<TensorImpl> impl) : impl_(std::move(impl)) {}

    // Uninitialised memory.
    static Tensor empty(const Dims& sizes, DType dtype, Device device = {});
    static Tensor empty_strided(const Dims& sizes, const Dims& strides, DType dtype, Device device = {});
    static Tensor zeros(const Dims& sizes, DType dtype, Device device = {});
    // A 0-d tensor.
    static Tensor scalar(double value, DType dtype);
    static Tensor scalar(int64_t value, DType dtype);

    bool defined() const { return static_cast<bool>(impl_); }
    TensorImpl* impl() const { return impl_.get(); }
    TensorImpl* operator->() const { return impl_.get(); }
    TensorImpl* detach_handle() { return impl_.detach(); }

    int dim() const { return impl_->sizes.size(); }
    int64_t numel() const { return impl_->numel; }
    const Dims& sizes() const { return impl_->sizes; }
    const Dims& strides() const { return impl_->strides; }
    // Negative counts from the end; an IndexError outside.
    int64_t size(int64_t dim) const;
    int64_t stride(int64_t dim) const;
    DType dtype() const { return impl_->dtype; }
    Device device() const { return impl_->storage->device(); }
    bool is_contiguous() const { return impl_->contiguous; }
    bool requires_grad() const { return impl_->requires_grad; }

    char* raw() const { return impl_->data(); }
    template <class T>
    T* data() const {
        return reinterpret_cast<T*>(impl_->data());
    }
    // The one element as a number.
    double item() const;
    int64_t item_int() const;

    // Another view of the same memory, unknown to the graph.
    Tensor alias(Dims sizes, Dims strides, int64_t offset) const;
    Tensor alias() const;

private:
    Ptr<TensorImpl> impl_;
};

// dim in [-n, n) to [0, n); a 0-d tensor is treated as 1-d, as in PyTorch.
int wrap_dim(int64_t dim, int ndim, const char* name = "dim");
// The shape both broadcast to; an error naming both where they do not.
Dims broadcast(const Dims& a, const Dims& b);
// Strides of `t` seen with the larger shape `sizes`.
Dims broadcast_strides(const Tensor& t, const Dims& sizes);

}  // namespace bestiary
