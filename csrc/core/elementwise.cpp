// Broadcasting and type promotion.
#include "core/elementwise.h"

#include "core/default_dtype.h"

namespace bestiary {
namespace {

// Note [Type promotion]
// As in PyTorch: among operands of one category the widest type wins; tensors with dimensions outrank 0-d
// tensors, and those outrank Python numbers, unless the lower rank is of a higher category. A number of a
// higher category brings the default type of that category.
struct Promotion {
    std::optional<DType> dims, zero_dims;
    std::optional<Category> number;

    static void merge(std::optional<DType>& into, DType t) { into = into ? promote(*into, t) : t; }

    void see(const Value& v) {
        if (v.is_tensor()) merge(v.t->sizes.empty() ? zero_dims : dims, v.t->dtype);
        else if (v.is_number()) number = std::max(number.value_or(Category::Bool), v.number_category());
    }
    DType result() const {
        const DType defaults[] = {DType::Bool, DType::Int64, default_dtype};
        std::optional<DType> t = dims;
        if (!t || (zero_dims && category(*zero_dims) > category(*t))) t = zero_dims ? zero_dims : t;
        if (number && (!t || *number > category(*t))) t = defaults[static_cast<int>(*number)];
        return t.value_or(default_dtype);
    }
};

bool is_operand(const Param& p) {
    return p.kind == Kind::Tensor || p.kind == Kind::Operand || p.kind == Kind::Number;
}

// Elementwise results keep the layout of their first full-shaped operand, so that channels-last stays so.
void keep_layout(Args args, Meta::Out& out) {
    for (const Value& v : args) {
        if (!v.is_tensor() || !(v.t->sizes == out.sizes)) continue;
        return out.follow(reinterpret_cast<const Tensor&>(v.t));
    }
}

}  // namespace

DType promoted(const Op& op, Args args) {
    Promotion promotion;
    for (int i = op.promotion == Promote::Select; i < args.size(); ++i)
        if (is_operand(op.schema.params[i])) promotion.see(args[i]);
    return promotion.result();
}

void elementwise_meta(const Op& op, Args args, Meta& meta) {
    Dims sizes;
    bool first = true;
    for (const Value& v : args) {
        if (!v.is_tensor()) continue;
        sizes = first ? v.t->sizes : broadcast(sizes, v.t->sizes);
        first = false;
    }
    DType type = op.promotion == Promote::Same ? args[0].t->dtype : promoted(op, args);
    if (op.promotion == Promote::Float && !is_floating(type)) type = default_dtype;
    meta.compute = type;
    meta.add(std::move(sizes), op.promotion == Promote::Bool ? DType::Bool : type);
    keep_layout(args, meta.outs[0]);
}

}  // namespace bestiary
