#include "cpu/elementwise.h"

#include "cpu/loop_table.h"
#include "cpu/parallel.h"
#include "cpu/streaming.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// Elements converted at a time when an operand's type is not the loop's: they stay in the first-level cache.
constexpr int64_t kBlock = 512;

// Vectors begin at multiples of so many elements of a row. The C library's functions have other last digits in vectors
// than one by one, and where a row is cut must not show.
constexpr int64_t kCut = 64;

struct Conversion {
    Loop loop = nullptr;  // null: the operand is used as it is
    int64_t item = 0;     // bytes of the converted element
};

// One call: the loop, the operands, and how each must be converted.
struct Plan {
    Loop loop;
    Strided at;
    std::array<Conversion, kMaxOperands> conversions;
    bool converts = false;
    bool streams = false;  // writes its result past the caches
    std::array<double, 8> params{};
    alignas(8) char scalars[kMaxOperands][8];

    bool flat;  // all operands have the layout of the result, without gaps: one long row

    Plan(const Tensor& out, bool is_flat) : at(is_flat ? Dims{out.numel()} : out.sizes()), flat(is_flat) {}
};

const LoopSet& loops_of(const Op& op) {
    const void*& known = op.loops[static_cast<int>(DeviceType::CPU)];
    if (!known) known = find_loops(op.full_name());
    check_as(ErrorKind::NotImplemented, known, "no CPU loop");
    return *static_cast<const LoopSet*>(known);
}

void add_tensor(Plan& plan, const Tensor& t, DType wanted, bool is_result) {
    if (t.dtype() != wanted) {
        plan.conversions[plan.at.operands] = {is_result ? cast_loop(wanted, t.dtype()) : cast_loop(t.dtype(), wanted),
                                              item_size(wanted)};
        plan.converts = true;
    }
    if (plan.flat) plan.at.add_row(t.raw(), item_size(t.dtype()));
    else plan.at.add(t);
}

bool is_flat(const KernelCall& call) {
    const TensorImpl& out = *call.outs[0].impl();
    if (!out.contiguous && !is_dense(out.sizes, out.strides)) return false;
    for (const Value& v : call.args) {
        if (!v.is_tensor()) continue;
        const bool alike = v.t->sizes == out.sizes &&
                           (v.t->strides == out.strides || (v.t->contiguous && out.contiguous));
        if (!alike) return false;
    }
    return true;
}

// `rounded` is the type that the number takes on first.
void add_number(Plan& plan, const Value& v, DType wanted, DType rounded) {
    char* const scalar = plan.scalars[plan.at.operands];
    visit(wanted, [&]<class T>() {
        T value = v.tag == Tag::Float ? convert<T>(v.f) : convert<T>(v.integer());
        if (is_floating(rounded) && item_size(rounded) < 4)
            value = visit_stored(rounded, [&]<class R>() { return convert<T>(convert<R>(value)); });
        std::memcpy(scalar, &value, sizeof value);
    });
    plan.at.add_scalar(scalar);
}

Plan make_plan(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    Plan plan(out, is_flat(call));
    const LoopSet& loops = loops_of(call.op);
    // 16-bit floats calculate in float, unless the op has a loop of its own for them.
    const DType type = loops.get(call.compute) ? call.compute : compute_type(call.compute);
    plan.loop = loops.get(type);
    check_as(ErrorKind::NotImplemented, plan.loop, "not implemented for ", call.compute);
    const Promote promotion = call.op.promotion;
    add_tensor(plan, out, promotion == Promote::Bool ? DType::Bool : type, true);
    // A comparison with 0.1 asks whether an element is the nearest to it in the tensor's own type.
    const DType rounded = promotion == Promote::Bool ? call.compute : type;
    int next_param = 0;
    for (int i = 0; i < call.args.size(); ++i) {
        const Kind kind = call.op.schema.params[i].kind;
        const Value& v = call.args[i];
        const bool condition = promotion == Promote::Select && i == 0;
        if (v.is_tensor()) add_tensor(plan, call.args.tensor(i), condition ? DType::Bool : type, false);
        else if (kind == Kind::Operand || kind == Kind::Number) add_number(plan, v, type, rounded);
        else if (v.is_number()) plan.params[next_param++] = v.number();
    }
    return plan;
}

// Has a large result, if it is no operand as well, written past the caches, block by block.
void stream_result(Plan& plan) {
    const int64_t item = plan.at.inner_stride(0);
    if (!plan.flat || plan.conversions[0].loop || plan.at.inner() * item < kBeyondCache) return;
    for (int k = 1; k < plan.at.operands; ++k)
        if (plan.at.data[k] == plan.at.data[0]) return;
    plan.conversions[0] = {streaming_copy(), item};
    plan.converts = plan.streams = true;
}

// Rounds down to an element at which a row may be cut.
int64_t cut(const Strided& at, int64_t element) { return element - element % at.inner() % kCut; }

// Runs the loop over n elements, converting block by block.
void run_converted(const Plan& plan, char* const* data, const int64_t* strides, int64_t n) {
    alignas(64) char buffers[kMaxOperands][kBlock * 8];
    const int operands = plan.at.operands;
    for (int64_t begin = 0; begin < n; begin += kBlock) {
        const int64_t count = std::min(kBlock, n - begin);
        char* at[kMaxOperands];
        int64_t steps[kMaxOperands];
        for (int k = 0; k < operands; ++k) {
            const Conversion& c = plan.conversions[k];
            at[k] = c.loop ? buffers[k] : data[k] + begin * strides[k];
            steps[k] = c.loop ? c.item : strides[k];
            if (k == 0 || !c.loop) continue;
            char* const pair[] = {buffers[k], data[k] + begin * strides[k]};
            const int64_t pair_steps[] = {c.item, strides[k]};
            c.loop(pair, pair_steps, count, nullptr);
        }
        plan.loop(at, steps, count, plan.params.data());
        if (const Conversion& c = plan.conversions[0]; c.loop) {
            char* const pair[] = {data[0] + begin * strides[0], buffers[0]};
            const int64_t pair_steps[] = {strides[0], c.item};
            c.loop(pair, pair_steps, count, nullptr);
        }
    }
}

}  // namespace

void elementwise(const KernelCall& call) {
    Plan plan = make_plan(call);
    const int64_t n = call.outs[0].numel();
    if (n == 0) return;
    if (!plan.flat) plan.at.coalesce();
    stream_result(plan);
    parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
        const auto run = [&](char* const* data, const int64_t* strides, int64_t count) {
            if (plan.converts) run_converted(plan, data, strides, count);
            else plan.loop(data, strides, count, plan.params.data());
        };
        for_rows(plan.at, cut(plan.at, begin), cut(plan.at, end), run);
        if (plan.streams) finish_streaming();
    });
}

}  // namespace bestiary::cpu
