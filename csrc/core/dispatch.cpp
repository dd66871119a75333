#include "core/dispatch.h"

#include <new>
#include <stdexcept>

namespace bestiary {

thread_local constinit ThreadState thread_state;
Hooks hooks;

namespace {

constexpr int64_t kLongWork = 32768;  // elements touched from which a kernel lets other Python threads run

int64_t elements(Args args, const Results& results) {
    int64_t n = 0;
    for (const Value& v : args)
        if (v.is_tensor()) n += v.t->numel;
    for (const Tensor& t : results) n += t.numel();
    return n;
}

Device device_of(const Op& op, Args args) {
    for (const Value& v : args) {
        if (v.is_tensor()) return v.t->storage->device();
        if (v.tag == Tag::Tensors && v.length > 0 && v.tensors[0]) return v.tensors[0]->storage->device();
        if (v.tag == Tag::Device) return v.device;
    }
    (void)op;
    return {};
}

void call_kernel(const Op& op, Args args, Results& results, DType compute) {
    const int device = static_cast<int>(device_of(op, args).type);
    KernelFn kernel = op.kernels[device];
    if (!kernel && op.is_elementwise) kernel = elementwise_kernels[device];
    check_as(ErrorKind::NotImplemented, kernel, "no kernel for device ", device_of(op, args));
    const KernelCall call{op, args, results, compute};
    thread_local constinit bool already_unlocked = false;  // by the kernel that calls this op
    if (!hooks.unlock || already_unlocked || elements(args, results) < kLongWork) return kernel(call);
    struct Unlocked {
        void* token = hooks.unlock();
        FlagGuard flag{already_unlocked, true};
        ~Unlocked() { hooks.lock(token); }
    } unlocked;
    kernel(call);
}

Tensor make(const Meta::Out& out, Device device) {
    return out.strides.empty() ? Tensor::empty(out.sizes, out.dtype, device)
                               : Tensor::empty_strided(out.sizes, out.strides, out.dtype, device);
}

void run_kernel(const Op& op, Args args, Results& results) {
    Meta meta;
    if (op.meta) {
        op.meta(op, args, meta);
        const Device device = device_of(op, args);
        for (int i = 0; i < meta.count; ++i) results.push(make(meta.outs[i], device));
    }
    if (op.starts_from_self) {
        const GradMode off(false);
        Call<"copy_">()(results[0], args.tensor(0));
    }
    call_kernel(op, args, results, meta.compute);
}

// A view's results remember whose memory they show: see Note [Views in the graph].
void run_view(const Op& op, Args args, Results& results) {
    op.composed(args, results);
    if (thread_state.inference_mode) return;
    TensorImpl* self = args[0].t;
    for (Tensor& t : results) {
        if (t.impl() == self || t->storage.get() != self->storage.get()) continue;
        t->base = self->base ? self->base : Ptr<TensorImpl>(self);
        t->view_version = self->storage->version();
    }
}

bool overlaps_itself(const Tensor& t) {
    if (t.numel() == 0) return false;
    for (int i = 0; i < t.dim(); ++i)
        if (t.strides()[i] == 0 && t.sizes()[i] > 1) return true;
    return false;
}

// Reading and writing the same memory through different views would depend on the order of the loop.
bool must_copy(const Value& v, const Tensor& self) {
    return v.is_tensor() && v.t != self.impl() && v.t->storage.get() == self->storage.get() &&
           !(v.t->offset == self->offset && v.t->strides == self.strides() && v.t->sizes == self.sizes());
}

void check_writable(const Tensor& self) {
    check(self->storage->writable(), "self: this tensor shows read-only memory; clone() it first");
    check(!overlaps_itself(self),
          "self: several elements of this expanded tensor share one place in memory; clone() it first");
}

void check_result(const Meta::Out& out, const Tensor& self) {
    check(out.sizes == self.sizes(), "self: in place, the result's shape ", out.sizes, " must equal self's, got ",
          self.sizes());
    check(category(out.dtype) <= category(self.dtype()), "self: the result's dtype ", out.dtype, " can't be stored in ",
          self.dtype());
}

using ArgArray = std::array<Value, 24>;

// Ops without a kernel for a known shape compute their result first. What the graph saves of self must outlive the
// copy.
void write_composed(const Op& op, Args args, const Tensor& self) {
    ArgArray values;
    std::copy(args.begin(), args.end(), values.begin());
    Tensor former;
    if (thread_state.grad_mode && requires_grad(args)) values[0] = former = Call<"clone">()(self);
    Call<"copy_">()(self, dispatch(op, Args(values.data(), args.size())));
}

void write_self(const Op& form, Args args, const Tensor& self) {
    const Op& op = *form.functional;
    Results results;
    Meta meta;
    op.meta(op, args, meta);
    check_result(meta.outs[0], self);
    ArgArray values;
    std::copy(args.begin(), args.end(), values.begin());
    std::vector<Tensor> copies;
    const GradMode off(false);
    for (int i = 1; i < args.size(); ++i)
        if (must_copy(values[i], self)) values[i] = copies.emplace_back(Call<"clone">()(values[i]));
    results.push(self);
    call_kernel(op, Args(values.data(), args.size()), results, meta.compute);
    self->storage->wrote(&form);
}

void run_in_place(const Op& op, Args args, Results& results) {
    const Tensor self = args.tensor(0);
    check_writable(self);
    const Op& functional = *op.functional;
    const bool has_kernel = functional.form == Op::Form::Kernel || functional.form == Op::Form::InPlace;
    if (has_kernel && functional.meta) {
        const bool tracked = hooks.before_write && !thread_state.inference_mode;
        const Ptr<NodeBase> node = tracked ? hooks.before_write(op, args) : nullptr;
        write_self(op, args, self);
        if (node) hooks.after_write(node, self);
    } else {
        write_composed(functional, args, self);
    }
    results.push(self);
}

void run(const Op& op, Args args, Results& results) {
    switch (op.form) {
        case Op::Form::Compose: return op.composed(args, results);
        case Op::Form::InPlace: return run_in_place(op, args, results);
        case Op::Form::View: run_view(op, args, results); break;
        case Op::Form::Kernel: run_kernel(op, args, results); break;
    }
    if (thread_state.grad_mode && op.differentiable() && requires_grad(args)) hooks.record(op, args, results);
}

}  // namespace

[[noreturn]] static void no_room_for(const Op& op) {
    Error error(ErrorKind::Runtime, "out of memory");
    error.name_op(op.public_name());
    throw error;
}

static bool requires_grad(const TensorImpl* t) { return t->requires_grad || (t->base && t->base->requires_grad); }

bool requires_grad(Args args) {
    for (const Value& v : args) {
        if (v.is_tensor() && requires_grad(v.t)) return true;
        if (v.tag == Tag::Tensors)
            for (const Tensor& t : v.tensor_list())
                if (t.defined() && requires_grad(t.impl())) return true;
    }
    return false;
}

void dispatch(const Op& op, Args args, Results& results) {
    try {
        Observer* observer = thread_state.observer;
        if (observer) [[unlikely]] observer->before(op, args);
        run(op, args, results);
        if (observer) [[unlikely]] observer->after(op, args, results);
    } catch (Error& error) {
        error.name_op(op.public_name());
        throw;
    } catch (const std::bad_alloc&) {
        no_room_for(op);
    } catch (const std::length_error&) {  // of a vector that was asked to be longer than any can be
        no_room_for(op);
    }
}

Tensor dispatch(const Op& op, Args args) {
    Results results;
    dispatch(op, args, results);
    return std::move(results[0]);
}

}  // namespace bestiary
