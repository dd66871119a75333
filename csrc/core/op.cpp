#include "core/op.h"

#include <algorithm>

#include "core/elementwise.h"

namespace bestiary {

void Meta::Out::follow(const Tensor& t) {
    if (t.is_contiguous() || !is_dense(t.sizes(), t.strides())) return;
    strides = t.strides();
    engine_layout = t->engine_layout;
}

bool Op::is_leaf() const {
    if (form == Form::InPlace && functional != this) return functional->meta && functional->form != Form::Compose;
    return form != Form::Compose;
}

Op& Op::doc(std::string text) {
    doc_text = std::move(text);
    return *this;
}

Op& Op::with_shape(MetaFn rule, Signature params) try {
    meta = rule;
    check_signature(schema, "the shape rule", params, false);
    return *this;
} catch (const Error& error) {
    return OpTable::get().refuse(error.what());
}

Op& Op::elementwise(Promote rule) {
    is_elementwise = true;
    promotion = rule;
    meta = elementwise_meta;
    const bool writable = rule != Promote::Select && schema.name[0] != '_';
    return writable ? in_place_too() : *this;
}

Op& Op::with_composition(ComposeFn fn, Signature params) try {
    // A fused kernel keeps its shape rule and has its definition beside it.
    if (!meta && form == Form::Kernel) form = Form::Compose;
    composed = fn;
    if (params.data()) check_signature(schema, "the composition", params, true);
    return *this;
} catch (const Error& error) {
    return OpTable::get().refuse(error.what());
}

static Op& declare(Schema schema) {
    try {
        return OpTable::get().add(std::move(schema));
    } catch (const Error& error) {
        return OpTable::get().refuse(error.what());
    }
}

Op& Op::in_place_too() {
    Schema in_place = Schema::parse(schema.text);
    in_place.name += "_";
    in_place.params[0].kind = Kind::Tensor;  // a number can't be written
    in_place.params[0].writes = true;
    in_place.text.insert(in_place.text.find_first_of(".("), "_");
    Op& written = declare(std::move(in_place));
    written.form = Form::InPlace;
    written.writes_self = true;
    written.functional = this;
    written.doc_text = "In-place form of " + full_name() + ".";
    return *this;
}

Op& Op::in_place_only() {
    form = Form::InPlace;
    writes_self = true;
    functional = this;
    return from_self();
}

Op& Op::one_value() {
    writes_one_value = true;
    return *this;
}

Op& Op::uninitialised() {
    leaves_uninitialised = true;
    return *this;
}

Op& Op::across_devices() {
    crosses_devices = true;
    return *this;
}

Op& Op::from_self() {
    starts_from_self = true;
    if (!meta) meta = [](const Op&, Args a, Meta& m) { m.add(a.tensor(0).sizes(), a.tensor(0).dtype()); };
    return *this;
}

static int result_index(const Schema& schema, std::string_view name) {
    const auto found = std::find(schema.results.begin(), schema.results.end(), name);
    return found == schema.results.end() ? -1 : static_cast<int>(found - schema.results.begin());
}

// "result" is all of them, unless one of several has that name.
static UseMask use_of(const Schema& schema, std::string_view word) {
    if (const int index = schema.index_of(word); index >= 0) return UseMask{1} << index;
    if (const int index = result_index(schema, word); index >= 0 && schema.results.size() > 1)
        return uses_result(index);
    return word == "result" ? kUsesResults : 0;
}

UseMask Op::mask(const char* uses) const {
    UseMask bits = 0;
    const std::string_view text(uses);
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find(' ', begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        const UseMask use = use_of(schema, word);
        check_as(ErrorKind::Value, use != 0, full_name(), ": gradient uses unknown '", word, "'");
        bits |= use;
        begin = end + 1;
    }
    return bits;
}

Op& Op::grad(const char* param, const char* uses, GradFn fn) try {
    const int index = schema.index_of(param);
    check_as(ErrorKind::Value, index >= 0, full_name(), ": gradient of unknown '", param, "'");
    gradients.push_back({index, mask(uses), fn});
    return *this;
} catch (const Error& error) {
    return OpTable::get().refuse(error.what());
}

Op& Op::grads(const char* uses, JointGradFn fn) try {
    joint = fn;
    joint_uses = mask(uses);
    return *this;
} catch (const Error& error) {
    return OpTable::get().refuse(error.what());
}

Op& op(std::string_view schema) try {
    return declare(Schema::parse(schema));
} catch (const Error& error) {
    return OpTable::get().refuse(error.what());
}

OpTable& OpTable::get() {
    static OpTable* table = new OpTable;  // never destroyed: tensors freed at exit still name their ops
    return *table;
}

// Translates the effects in a schema for dispatch.
static void find_effects(Op& op) {
    const std::vector<Param>& params = op.schema.params;
    for (size_t i = 0; i < params.size(); ++i) {
        if (!params[i].writes) continue;
        if (params[i].kind == Kind::Generator) op.generator = static_cast<int>(i);
        else op.writes |= uint32_t{1} << i;
    }
}

Op& OpTable::add(Schema schema) {
    auto owned = std::make_unique<Op>();
    owned->schema = std::move(schema);
    Op& added = *owned;
    const std::string full = added.full_name();
    check_as(ErrorKind::Value, !by_full_name_.contains(full), "op '", full, "' is declared twice");
    check_as(ErrorKind::Value, added.schema.results.size() <= kMaxResults, "op '", full, "': more than ", kMaxResults,
             " results");
    find_effects(added);
    by_full_name_[full] = &added;
    by_name_[added.schema.name].push_back(&added);
    ops_.push_back(std::move(owned));
    for (int d = 0; d < kDeviceTypes; ++d)
        if (auto found = waiting_.extract({full, static_cast<DeviceType>(d)})) added.kernels[d] = found.mapped();
    return added;
}

Op& OpTable::refuse(std::string why) {
    if (refused_.empty()) refused_ = std::move(why);
    Op& outside = *ops_.emplace_back(std::make_unique<Op>());
    outside.schema = Schema::parse("refused(Tensor self) -> Tensor");
    return outside;
}

void OpTable::check_declarations() {
    if (!refused_.empty()) fail(ErrorKind::Value, std::exchange(refused_, {}));
    for (const auto& [full_name, params] : std::exchange(kernel_params_, {}))
        if (const Op* op = find(full_name)) check_signature(op->schema, "a kernel", params, false);
    if (!waiting_.empty()) fail(ErrorKind::Value, "a kernel without an op: '", waiting_.begin()->first.first, "'");
    for (const auto& [full_name, given] : std::exchange(calls_, {})) check_call(full_name, given);
    for (void (*fn)() : std::exchange(when_complete_, {})) fn();
}

void OpTable::check_call(const std::string& full_name, size_t given) const {
    const std::vector<Param>& params = at(full_name).schema.params;
    check_as(ErrorKind::Value, given <= params.size(), full_name, ": called from C++ with ", given,
             " arguments, expected at most ", params.size());
    for (size_t i = given; i < params.size(); ++i)
        check_as(ErrorKind::Value, params[i].has_default, full_name, ": called from C++ without argument '",
                 params[i].name, "'");
}

Op* OpTable::find(std::string_view full_name) const {
    const auto found = by_full_name_.find(full_name);
    return found == by_full_name_.end() ? nullptr : found->second;
}

const Op& OpTable::at(std::string_view full_name) const {
    const Op* found = find(full_name);
    check_as(ErrorKind::Value, found, "there is no op '", full_name, "'");
    return *found;
}

void OpTable::add_kernel(std::string_view full_name, DeviceType device, KernelFn kernel, Signature params) {
    kernel_params_.emplace_back(full_name, params);
    if (Op* known = find(full_name)) known->kernels[static_cast<int>(device)] = kernel;
    else waiting_[{std::string(full_name), device}] = kernel;
}

void OpTable::add_call(std::string_view full_name, size_t given) { calls_.emplace_back(full_name, given); }

static int index_in(const Op& op, std::string_view name) {
    const int index = op.schema.index_of(name);
    check_as(ErrorKind::Value, index >= 0, op.full_name(), ": no argument '", name, "'");
    return index;
}

Value Backward::operator[](std::string_view name) const {
    if (const int index = op.schema.index_of(name); index >= 0) return args[index];  // first, as in use_of
    if (const int index = result_index(op.schema, name); index >= 0) return results[index];
    return name == "result" ? Value(results[0]) : args[index_in(op, name)];
}

Tensor Backward::tensor(std::string_view name) const {
    const Value v = (*this)[name];
    return v.is_tensor() ? Tensor(v.t) : Tensor();
}

const Dims& Backward::shape(std::string_view name) const { return *shapes[index_in(op, name)]; }

bool Backward::needs(std::string_view name) const { return needs_grad[index_in(op, name)]; }

void Backward::give(std::string_view name, Tensor grad) const { given[index_in(op, name)] = std::move(grad); }

void Backward::give_list(std::string_view name, std::vector<Tensor> grads) const {
    lists[index_in(op, name)] = std::move(grads);
}

}  // namespace bestiary
