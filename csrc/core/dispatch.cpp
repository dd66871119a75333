#include "core/dispatch.h"

#include <bit>
#include <new>
#include <optional>
#include <stdexcept>

#include "core/backend.h"
#include "core/interpreter.h"
#include "core/layout.h"
#include "core/memory_overlap.h"

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

// The device of an op: that of its tensors or of its device argument. 0-d tensors of the host go anywhere.
class Placement {
public:
    Placement(const Op& op, Args args) : op_(op) {
        if (op.crosses_devices) {
            device = args[0].t->storage->device();
            moves = !(args[1].t->storage->device() == device);
            return;
        }
        for (const Value& v : args)
            if (v.tag == Tag::Device) device = v.device;
        for_each_tensor(args, [this](int param, const Tensor& t) { see(param, t.impl()); });
    }

    Device device;
    bool moves = false;  // some arguments must be copied to the device first

private:
    void see(int param, const TensorImpl* t) {
        const Device other = t->storage->device();
        if (!first_) {
            device = other;
        } else if (!(other == device)) [[unlikely]] {
            moves = true;
            if (is_host_scalar(param, t)) return;
            const std::string& first = op_.schema.params[param_].name;
            check(is_host_scalar(param_, first_), "expected all tensors on one device, got '", first,
                  "' on ", device, " and '", op_.schema.params[param].name, "' on ", other);
            device = other;
        }
        first_ = t;
        param_ = param;
    }
    bool is_host_scalar(int param, const TensorImpl* t) const {
        return t->sizes.empty() && t->storage->device().type == DeviceType::CPU &&
               op_.schema.params[param].kind != Kind::Tensors;
    }

    const Op& op_;
    const TensorImpl* first_ = nullptr;  // the one that decided
    int param_ = 0;
};

bool is_meta(Device device) { return device.type == DeviceType::Meta; }

KernelFn find_kernel(const Op& op, Device device) {
    const int type = static_cast<int>(device.type);
    const KernelFn kernel = op.kernels[type];
    return !kernel && op.is_elementwise && backends[type] ? backends[type]->elementwise : kernel;
}

using ArgArray = std::array<Value, kMaxParams>;

// The arguments as a kernel takes them: on its device, with a generator to draw from.
class KernelArgs {
public:
    KernelArgs(const Op& op, Args given, const Placement& placed) : args_(given) {
        const bool draws = op.generator >= 0 && given[op.generator].none();
        if (!draws && !placed.moves) [[likely]] return;
        std::copy(given.begin(), given.end(), values_.emplace().begin());
        args_ = Args(values_->data(), given.size());
        if (draws) (*values_)[op.generator] = &backend(placed.device).default_generator(placed.device);
        for (int i = 0; i < given.size(); ++i) {
            Value& v = (*values_)[i];
            if (v.is_tensor() && !(v.t->storage->device() == placed.device))
                v = moved_.emplace_back(copied_to(Tensor(v.t), placed.device));
        }
    }
    operator Args() const { return args_; }

private:
    Args args_;
    std::optional<ArgArray> values_;
    std::vector<Tensor> moved_;
};

// Marks what a kernel reads without Python's lock: see Note [Engine layout].
class Reading {
public:
    explicit Reading(Args args) : args_(args) { count(1); }
    ~Reading() { count(-1); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

private:
    void count(int by) const {
        for_each_tensor(args_, [by](int, const Tensor& t) {
            if (t->engine_layout) t->readers.fetch_add(static_cast<uint32_t>(by), std::memory_order_acq_rel);
        });
    }
    Args args_;
};

void call_kernel(const Op& op, Args given, const Placement& placed, Results& results, DType compute) {
    if (op.leaves_uninitialised || is_meta(placed.device)) return;
    const KernelFn kernel = find_kernel(op, placed.device);
    check_as(ErrorKind::NotImplemented, kernel, "no kernel for device ", placed.device);
    const KernelArgs args(op, given, placed);
    const bool on_host = placed.device.type == DeviceType::CPU;
    const Stream stream = on_host ? nullptr : backend(placed.device).stream(placed.device);
    const KernelCall call{op, args, results, compute, stream};
    thread_local constinit bool already_unlocked = false;  // by the kernel that calls this op
    if (!hooks.unlock || already_unlocked || elements(args, results) < kLongWork) return kernel(call);
    struct Unlocked {
        explicit Unlocked(Args args) : reading(std::in_place, args), token(hooks.unlock()) {}
        ~Unlocked() {
            reading.reset();  // before the lock, for which a thread that waits for readers does not let go
            hooks.lock(token);
        }
        std::optional<Reading> reading;
        void* token;
        ScopedValue<bool> flag{already_unlocked, true};
    } unlocked(args);
    kernel(call);
}

Tensor make(const Meta::Out& out, Device device) {
    const bool row_major = out.strides.empty() || (out.engine_layout && is_contiguous(out.sizes, out.strides));
    if (row_major) return Tensor::empty(out.sizes, out.dtype, device);
    Tensor t = Tensor::empty_strided(out.sizes, out.strides, out.dtype, device);
    t->engine_layout = out.engine_layout;
    return t;
}

void check_writable(const Op& op, const std::string& name, const Tensor& t) {
    check(t->storage->writable(), name, ": this tensor shows read-only memory; clone() it first");
    check(op.writes_one_value || !overlaps_itself(t.sizes(), t.strides()), name,
          ": elements of this tensor share memory (see expand, unfold, as_strided); clone() it first");
}

// Calls f(name, tensor) for everything that a kernel writes besides its results.
template <class F>
void for_written(const Op& op, Args args, const F& f) {
    for_each_tensor(args, [&](int param, const Tensor& t) {
        if (op.writes >> param & 1) f(op.schema.params[param].name, t);
    });
}

void before_effects(const Op& op, Args args) {
    const bool tracked = thread_state.grad_mode && op.differentiable();
    for_written(op, args, [tracked, &op](const std::string& name, const Tensor& t) {
        check_writable(op, name, t);
        check(!tracked || !t.requires_grad(), name,
              ": a tensor that requires a gradient can't be written here; use no_grad()");
    });
}

// An op that writes a list gives it back.
void after_effects(const Op& op, Args args, Results& results) {
    for_written(op, args, [&op](const std::string&, const Tensor& t) { t->storage->wrote(&op); });
    if (!op.schema.returns_list) return;
    for (const Tensor& t : args.tensors(std::countr_zero(op.writes))) results.push(t);
}

void allocate_results(const Op& op, Args args, const Placement& placed, Meta& meta, Results& results) {
    check_as(ErrorKind::NotImplemented, op.meta || !is_meta(placed.device),
             "the result's shape depends on values, which meta tensors do not have");
    if (!op.meta) return;
    op.meta(op, args, meta);
    for (int i = 0; i < meta.count; ++i) results.push(make(meta.outs[i], placed.device));
    if (!op.starts_from_self) return;
    const Outside outside;
    Call<"copy_">()(results[0], args.tensor(0));
}

// False where the device has no kernel, and the op's composition runs instead.
bool run_kernel(const Op& op, Args args, Results& results) {
    const Placement placed(op, args);
    if (op.composed && !is_meta(placed.device) && !find_kernel(op, placed.device)) return false;
    if (op.writes) before_effects(op, args);
    Meta meta;
    allocate_results(op, args, placed, meta, results);
    call_kernel(op, args, placed, results, meta.compute);
    if (op.writes) after_effects(op, args, results);
    return true;
}

// A view's results remember whose memory they show: see Note [Views in the graph]. A view without a gradient stands
// outside the graph.
void run_view(const Op& op, Args args, Results& results) {
    to_row_major(args.tensor(0));
    op.composed(args, results);
    if (thread_state.inference_mode || !op.differentiable()) return;
    TensorImpl* self = args[0].t;
    for (Tensor& t : results) {
        if (t.impl() == self || t->storage.get() != self->storage.get()) continue;
        t->base = self->base ? self->base : Ptr<TensorImpl>(self);
        t->view_version = self->storage->version();
    }
}

// Reading and writing the same memory through different views would depend on the order of the loop.
bool must_copy(const Value& v, const Tensor& self) {
    return v.is_tensor() && v.t != self.impl() && v.t->storage.get() == self->storage.get() && v.t->numel > 0 &&
           !(v.t->offset == self->offset && v.t->strides == self.strides() && v.t->sizes == self.sizes());
}

void check_result(const Meta::Out& out, const Tensor& self) {
    check(out.sizes == self.sizes(), "self: in place, the result's shape ", out.sizes, " must equal self's, got ",
          self.sizes());
    check(category(out.dtype) <= category(self.dtype()), "self: the result's dtype ", out.dtype, " can't be stored in ",
          self.dtype());
}

// Ops without a kernel for a known shape compute their result first. What the graph saves of self must outlive the
// copy.
void write_composed(const Op& op, Args args, const Tensor& self) {
    ArgArray values;
    std::copy(args.begin(), args.end(), values.begin());
    Tensor former;
    if (thread_state.grad_mode && requires_grad(args)) values[0] = former = Call<"clone">()(self);
    const Tensor result = dispatch(op, Args(values.data(), args.size()));
    check_result({result.sizes(), result.dtype(), {}}, self);
    Call<"copy_">()(self, result);
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
    const Outside outside;
    for (int i = 1; i < args.size(); ++i)
        if (must_copy(values[i], self)) values[i] = copies.emplace_back(Call<"clone">()(values[i]));
    results.push(self);
    const Args given(values.data(), args.size());
    call_kernel(op, given, Placement(op, given), results, meta.compute);
    self->storage->wrote(&form);
}

void run_in_place(const Op& op, Args args, Results& results) {
    const Tensor self = args.tensor(0);
    check_writable(op, "self", self);
    if (op.is_leaf()) {
        const bool tracked = hooks.before_write && !thread_state.inference_mode;
        const Ptr<NodeBase> node = tracked ? hooks.before_write(op, args) : nullptr;
        write_self(op, args, self);
        if (node) hooks.after_write(node, self);
    } else {
        write_composed(*op.functional, args, self);
    }
    results.push(self);
}

void run_definition(const Op& op, Args args, Results& results) {
    op.composed(args, results);
    check_as(ErrorKind::NotImplemented, results.size() == static_cast<int>(op.schema.results.size()),
             "the composition gives ", results.size(), " of ", op.schema.results.size(), " results");
}

void run(const Op& op, Args args, Results& results) {
    switch (op.form) {
        case Op::Form::Compose: return op.composed(args, results);
        case Op::Form::InPlace: return run_in_place(op, args, results);
        case Op::Form::View: run_view(op, args, results); break;
        case Op::Form::Kernel:
            if (!run_kernel(op, args, results)) return run_definition(op, args, results);
            break;
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

// The top of the stack when the call under way began.
static thread_local constinit Interpreter* top_of_call = nullptr;

// Offers the op to `first` and those below it; the ops that a composition then calls start from `top`.
static void dispatch_from(Interpreter* first, Interpreter* top, const Op& op, Args args, Results& results) {
    for (Interpreter* i = first; i; i = i->below) {
        const TopInterpreter at_work(i->below);
        const ScopedValue<Interpreter*> call(top_of_call, top);
        if (i->run(op, args, results)) return;
    }
    const TopInterpreter inside(op.is_leaf() ? nullptr : top);
    run(op, args, results);
}

void Interpreter::proceed(const Op& op, Args args, Results& results) {
    dispatch_from(below, top_of_call, op, args, results);
}

void push_interpreter(Interpreter* interpreter) {
    interpreter->below = thread_state.interpreter;
    thread_state.interpreter = interpreter;
}

void remove_interpreter(Interpreter* interpreter) {
    Interpreter** at = &thread_state.interpreter;
    while (*at && *at != interpreter) at = &(*at)->below;
    if (*at) *at = interpreter->below;
}

void dispatch(const Op& op, Args args, Results& results) {
    try {
        Interpreter* const top = thread_state.interpreter;
        if (top) [[unlikely]] dispatch_from(top, top, op, args, results);
        else run(op, args, results);
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
