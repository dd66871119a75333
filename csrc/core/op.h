// The op table: everything that can be done to tensors is declared here, once.
//
// A row is written in csrc/ops/<family>.cpp:
//
//     Op& mul = op("mul(Tensor self, Operand other) -> Tensor")
//         .doc("Multiplies element by element. ...")
//         .elementwise(Promote::Common)
//         .grad("self", "other", [](const Backward& b) { return b.g * b["other"]; })
//         .grad("other", "self", [](const Backward& b) { return b.g * b["self"]; });
//
// and has either a kernel per device (csrc/cpu/<family>.cpp: KERNEL(CPU, "mul", fn)), or a composition of other
// ops, or a view function. From the row come the eager call, the graph, the Python function and method, the
// in-place form, the stubs and the reference.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/signature.h"

namespace bestiary {

// The most results that an op can have.
constexpr int kMaxResults = 3;

// Shapes and dtypes of the results, known before anything is computed.
struct Meta {
    struct Out {
        Dims sizes;
        DType dtype;
        Dims strides;  // empty: contiguous
        bool engine_layout = false;  // whether programs see the row-major tensor instead: Note [Engine layout]

        // The layout of `t`, which has this shape: where it leaves no gaps, and as visible as it is there.
        void follow(const Tensor& t);
    };
    Out outs[kMaxResults];
    int count = 0;
    DType compute = DType::Float32;  // the type that elementwise kernels calculate in

    void add(Dims sizes, DType dtype) { outs[count++] = {std::move(sizes), dtype, {}, false}; }
    // A result of the shape, dtype and layout of `t`.
    void add_like(const Tensor& t) {
        add(t.sizes(), t.dtype());
        outs[count - 1].follow(t);
    }
};

struct Op;

using Stream = void*;  // a device's queue of work

// The input of a kernel: arguments, and results already allocated by the shape rule.
struct KernelCall {
    const Op& op;
    Args args;
    Results& outs;
    DType compute;
    Stream stream = nullptr;
};

// The input of a gradient.
struct Backward {
    const Op& op;
    const Value* args;         // tensors that were not declared as used are None
    const Results& results;    // likewise
    const Tensor* grads;       // of the results; undefined where no gradient came
    const Dims* const* shapes;  // of the tensor arguments
    const bool* needs_grad;    // per argument
    Tensor* given;               // per argument
    std::vector<Tensor>* lists;  // per argument: of Tensor[] ones
    const Tensor& g;           // grads[0]

    // An argument or a result by name; "result" is the first one.
    Value operator[](std::string_view name) const;
    Tensor tensor(std::string_view name) const;
    int64_t integer(std::string_view name) const { return (*this)[name].integer(); }
    double number(std::string_view name) const { return (*this)[name].number(); }
    bool flag(std::string_view name) const { return (*this)[name].b; }
    Dims ints(std::string_view name) const { return Dims((*this)[name].int_list()); }
    const Dims& shape(std::string_view name) const;
    bool needs(std::string_view name) const;
    // For gradients computed together: hands over the one of `name`.
    void give(std::string_view name, Tensor grad) const;
    // Gradients of a Tensor[] argument.
    void give_list(std::string_view name, std::vector<Tensor> grads) const;
};

using MetaFn = void (*)(const Op&, Args, Meta&);
void elementwise_meta(const Op& op, Args args, Meta& meta);  // see core/elementwise.h
using KernelFn = void (*)(const KernelCall&);
using ComposeFn = void (*)(Args, Results&);
using GradFn = Tensor (*)(const Backward&);
using JointGradFn = void (*)(const Backward&);

// The rule by which operands' types decide the type of an elementwise result.
enum class Promote : uint8_t {
    Common,  // add, mul: the promoted type
    Float,   // exp, true division: integers become the default float
    Bool,    // comparison: compared in the promoted type, the result is bool
    Same,    // the type of self
    Select,  // where: a bool condition comes first and takes no part
};

// The values that a gradient reads and a node saves: bits 0..28 are arguments, bits 31, 30 and 29 the results.
using UseMask = uint32_t;
constexpr UseMask uses_result(int k) { return UseMask{1} << (31 - k); }
constexpr UseMask kUsesResults = uses_result(0) | uses_result(1) | uses_result(2);

struct Op {
    enum class Form : uint8_t { Kernel, Compose, View, InPlace };
    struct Gradient {
        int param;
        UseMask uses;
        GradFn fn;
    };

    Schema schema;
    std::string doc_text;
    Form form = Form::Kernel;
    MetaFn meta = nullptr;  // null for a kernel: it allocates its own results, whose shape depends on values
    KernelFn kernels[kDeviceTypes] = {};
    ComposeFn composed = nullptr;  // also of a fused kernel: its definition in terms of other ops
    Promote promotion = Promote::Common;
    bool is_elementwise = false;
    bool starts_from_self = false;  // the result begins as a copy of self: fill, scatter, index_put
    bool writes_self = false;       // changes its first argument and returns it: in-place forms
    bool writes_one_value = false;  // everywhere, so that elements may share memory: fill_
    bool leaves_uninitialised = false;  // needs no kernel: its results are memory as it comes
    bool crosses_devices = false;   // takes a tensor of another device: copy_
    uint32_t writes = 0;            // bit i: parameter i is a tensor, or a list of them, that a kernel writes
    int generator = -1;             // the parameter that random numbers are drawn from
    const Op* functional = nullptr;  // of an in-place form
    mutable const void* loops[kDeviceTypes] = {};  // a device's own table of elementwise loops, found once
    std::vector<Gradient> gradients;
    JointGradFn joint = nullptr;
    UseMask joint_uses = 0;

    const std::string& name() const { return schema.name; }
    std::string full_name() const { return schema.full_name(); }
    // In messages: _clamp is clamp to who called it.
    std::string public_name() const { return schema.name.substr(schema.name[0] == '_'); }
    bool differentiable() const { return !gradients.empty() || joint; }
    // Runs as a whole: by a kernel, or as a view. Other ops decompose.
    bool is_leaf() const;

    // The words of a declaration. Functions have the schema's parameters (Note [Typed declarations]), after `Meta& m`
    // in a shape rule, and return a Tensor, a std::vector<Tensor> or Results. What many ops share takes them boxed. The
    // shape rule of an elementwise op refines what promotion and broadcasting gave.
    Op& doc(std::string text);
    template <class F>
    Op& shape(F rule);
    Op& elementwise(Promote rule);
    template <class F>
    Op& compose(F fn);
    template <class F>
    Op& view(F fn);
    Op& in_place_too();     // declares name_ as well
    Op& in_place_only();    // the declared name already ends in _ and the kernel writes self
    Op& from_self();
    Op& one_value();        // writes the same everywhere
    Op& uninitialised();    // the results are left as they are allocated
    Op& across_devices();
    Op& grad(const char* param, const char* uses, GradFn fn);
    Op& grads(const char* uses, JointGradFn fn);
    UseMask mask(const char* uses) const;

private:
    Op& with_shape(MetaFn rule, Signature params);
    Op& with_composition(ComposeFn fn, Signature params);
};

// Declares an op; its place in the table never moves.
Op& op(std::string_view schema);

class OpTable {
public:
    static OpTable& get();
    Op& add(Schema schema);
    // "max.dim"; an error if there is none.
    const Op& at(std::string_view full_name) const;
    Op* find(std::string_view full_name) const;
    // All overloads of a Python name, in order of declaration.
    const std::map<std::string, std::vector<Op*>, std::less<>>& by_name() const { return by_name_; }
    void add_kernel(std::string_view full_name, DeviceType device, KernelFn kernel, Signature params);
    // C++ calls the op with so many arguments.
    void add_call(std::string_view full_name, size_t given);

    // Declarations run while the library loads, where an error could only end the process: the first that is wrong is
    // kept for check_declarations to raise. Returns a row outside the table that takes the rest of the declaration.
    Op& refuse(std::string why);
    void check_declarations();
    // Has `fn` called by check_declarations, when every row is there: for a device that derives its kernels.
    void when_complete(void (*fn)()) { when_complete_.push_back(fn); }

private:
    std::vector<std::unique_ptr<Op>> ops_;
    std::map<std::string, Op*, std::less<>> by_full_name_;
    std::map<std::string, std::vector<Op*>, std::less<>> by_name_;
    std::map<std::pair<std::string, DeviceType>, KernelFn> waiting_;  // kernels that came before their row
    std::vector<std::pair<std::string, Signature>> kernel_params_;
    std::vector<std::pair<std::string, size_t>> calls_;
    std::vector<void (*)()> when_complete_;
    std::string refused_;

    void check_call(const std::string& full_name, size_t given) const;
};

struct KernelRegistration {
    KernelRegistration(DeviceType device, std::string_view full_name, KernelFn kernel, Signature params) {
        OpTable::get().add_kernel(full_name, device, kernel, params);
    }
};

template <auto Fn>
KernelRegistration register_kernel(DeviceType device, std::string_view full_name) {
    using Kernel = ParametersOf<decltype(Fn), const KernelCall&>;
    return {device, full_name, [](const KernelCall& call) { Kernel::call(Fn, call.args, call); }, Kernel::signature};
}

inline void push_results(Results& to, Tensor t) { to.push(std::move(t)); }
inline void push_results(Results& to, std::vector<Tensor> tensors) { to.assign(std::move(tensors)); }
inline void push_results(Results& to, Results results) { to = std::move(results); }

template <class F>
Op& Op::shape(F rule) {
    if constexpr (std::is_convertible_v<F, MetaFn>) {
        return with_shape(rule, {});
    } else {
        static_assert(std::is_empty_v<F>, "a typed shape rule is a lambda, not a pointer to a function");
        using Rule = ParametersOf<F, Meta&>;
        return with_shape(
            [](const Op& op, Args a, Meta& m) {
                if (op.is_elementwise) elementwise_meta(op, a, m);
                Rule::call(F{}, a, m);
            },
            Rule::signature);
    }
}

template <class F>
Op& Op::compose(F fn) {
    if constexpr (std::is_convertible_v<F, ComposeFn>) {
        return with_composition(fn, {});
    } else {
        static_assert(std::is_empty_v<F>, "a typed composition is a lambda, not a pointer to a function");
        using Composition = ParametersOf<F>;
        return with_composition([](Args a, Results& r) { push_results(r, Composition::call(F{}, a)); },
                                Composition::signature);
    }
}

template <class F>
Op& Op::view(F fn) {
    form = Form::View;
    return compose(fn);
}

#define BESTIARY_JOIN_(a, b) a##b
#define BESTIARY_JOIN(a, b) BESTIARY_JOIN_(a, b)
// KERNEL(CPU, "mul", mul_kernel): a function or a lambda that takes the KernelCall and then the op's parameters.
#define KERNEL(device, name, ...)                                                \
    static const ::bestiary::KernelRegistration BESTIARY_JOIN(kernel_, __COUNTER__) = \
        ::bestiary::register_kernel<(__VA_ARGS__)>(::bestiary::DeviceType::device, name)
// OP("mul(...) -> Tensor").doc(...): a row at namespace scope.
#define OP(schema) [[maybe_unused]] static ::bestiary::Op& BESTIARY_JOIN(op_, __COUNTER__) = ::bestiary::op(schema)

}  // namespace bestiary
