// Boxed arguments: what an op is called with, from Python, C++ or a saved program alike.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/tensor.h"

namespace bestiary {

class Generator;

enum class Tag : uint8_t {
    None, Bool, Int, Float, Tensor, Ints, Floats, Tensors, Str, DType, Device, Generator, Object,
};

// A borrowed argument: sixteen bytes, no ownership. The caller keeps what it points at alive.
struct Value {
    Tag tag = Tag::None;
    uint32_t length = 0;
    union {
        bool b;
        int64_t i;
        double f;
        TensorImpl* t;
        const int64_t* ints;
        const double* floats;
        TensorImpl* const* tensors;
        const char* s;
        DType dtype;
        Device device;
        Generator* generator;
        void* object;  // of Python
    };

    Value() : i(0) {}
    Value(std::nullopt_t) : i(0) {}
    Value(bool v) : tag(Tag::Bool), b(v) {}
    Value(int v) : tag(Tag::Int), i(v) {}
    Value(int64_t v) : tag(Tag::Int), i(v) {}
    Value(double v) : tag(Tag::Float), f(v) {}
    Value(const bestiary::Tensor& v) : tag(v.defined() ? Tag::Tensor : Tag::None), t(v.impl()) {}
    Value(TensorImpl* v) : tag(v ? Tag::Tensor : Tag::None), t(v) {}
    Value(const Dims& v) : Value(std::span<const int64_t>(v)) {}
    Value(std::span<const int64_t> v) : tag(Tag::Ints), length(static_cast<uint32_t>(v.size())), ints(v.data()) {}
    Value(std::span<const double> v) : tag(Tag::Floats), length(static_cast<uint32_t>(v.size())), floats(v.data()) {}
    // A handle is one pointer, so an array of handles is an array of impl pointers.
    Value(std::span<const bestiary::Tensor> v)
        : tag(Tag::Tensors), length(static_cast<uint32_t>(v.size())),
          tensors(reinterpret_cast<TensorImpl* const*>(v.data())) {}
    Value(const std::vector<bestiary::Tensor>& v) : Value(std::span<const bestiary::Tensor>(v)) {}
    Value(const char* v) : tag(Tag::Str), length(static_cast<uint32_t>(std::char_traits<char>::length(v))), s(v) {}
    Value(std::string_view v) : tag(Tag::Str), length(static_cast<uint32_t>(v.size())), s(v.data()) {}
    Value(DType v) : tag(Tag::DType), dtype(v) {}
    Value(Device v) : tag(Tag::Device), device(v) {}
    template <class T>
    Value(const std::optional<T>& v) : Value(v ? Value(*v) : Value()) {}
    Value(Generator& v) : Value(&v) {}
    Value(Generator* v) : tag(v ? Tag::Generator : Tag::None), generator(v) {}

    static Value of_object(void* object) {
        Value v;
        v.tag = Tag::Object;
        v.object = object;
        return v;
    }

    bool none() const { return tag == Tag::None; }
    bool is_tensor() const { return tag == Tag::Tensor; }
    bool is_number() const { return tag == Tag::Bool || tag == Tag::Int || tag == Tag::Float; }
    std::string_view str() const { return {s, length}; }
    std::span<const int64_t> int_list() const { return {ints, length}; }
    std::span<const double> float_list() const { return {floats, length}; }
    std::span<const bestiary::Tensor> tensor_list() const {
        return {reinterpret_cast<const bestiary::Tensor*>(tensors), length};
    }
    double number() const { return tag == Tag::Float ? f : tag == Tag::Int ? static_cast<double>(i) : double(b); }
    int64_t integer() const { return tag == Tag::Float ? static_cast<int64_t>(f) : tag == Tag::Int ? i : int64_t(b); }
    // The category of a Python number, by which alone it takes part in promotion.
    Category number_category() const {
        return tag == Tag::Float ? Category::Float : tag == Tag::Int ? Category::Int : Category::Bool;
    }
};
static_assert(sizeof(Value) == 16 && sizeof(Tensor) == sizeof(TensorImpl*));

// The arguments of one call, in the order of the op's schema, every one present.
class Args {
public:
    Args(const Value* values, int count) : values_(values), count_(count) {}

    int size() const { return count_; }
    const Value& operator[](int i) const { return values_[i]; }
    const Value* begin() const { return values_; }
    const Value* end() const { return values_ + count_; }

    const Tensor& tensor(int i) const { return reinterpret_cast<const Tensor&>(values_[i].t); }
    // Undefined for None.
    Tensor tensor_or_none(int i) const { return values_[i].is_tensor() ? tensor(i) : Tensor(); }
    int64_t integer(int i) const { return values_[i].integer(); }
    double number(int i) const { return values_[i].number(); }
    bool flag(int i) const { return values_[i].b; }
    std::span<const int64_t> ints(int i) const { return values_[i].int_list(); }
    std::span<const Tensor> tensors(int i) const { return values_[i].tensor_list(); }
    std::string_view str(int i) const { return values_[i].str(); }
    bool none(int i) const { return values_[i].none(); }

private:
    const Value* values_;
    int count_;
};

// Calls f(index of the argument, tensor) for every tensor that is given, alone or in a list.
template <class F>
void for_each_tensor(Args args, const F& f) {
    for (int i = 0; i < args.size(); ++i) {
        if (args[i].is_tensor()) f(i, args.tensor(i));
        if (args[i].tag != Tag::Tensors) continue;
        for (const Tensor& t : args.tensors(i))
            if (t.defined()) f(i, t);
    }
}

// The owning counterpart, for arguments that outlive the call: defaults, graph nodes, captured programs.
class OwnedValue {
public:
    OwnedValue() = default;
    explicit OwnedValue(const Value& v);
    OwnedValue(OwnedValue&& other) noexcept : value_(std::exchange(other.value_, Value())) {}
    OwnedValue& operator=(OwnedValue&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~OwnedValue() { clear(); }

    const Value& get() const { return value_; }

private:
    void clear();
    Value value_;
};

// The results of an op: nearly always one tensor.
class Results {
public:
    Results() = default;
    Results(std::initializer_list<Tensor> tensors) {
        for (const Tensor& t : tensors) push(t);
    }
    int size() const { return count_; }
    Tensor& operator[](int i) { return more_.empty() ? first_[i] : more_[i]; }
    const Tensor& operator[](int i) const { return more_.empty() ? first_[i] : more_[i]; }
    Tensor* begin() { return &(*this)[0]; }
    Tensor* end() { return begin() + count_; }
    const Tensor* begin() const { return &(*this)[0]; }
    const Tensor* end() const { return begin() + count_; }
    void push(Tensor t) {
        if (count_ == kInline) more_.assign(first_, first_ + kInline);
        if (count_ < kInline) first_[count_] = std::move(t);
        else more_.push_back(std::move(t));
        ++count_;
    }
    void assign(std::vector<Tensor> tensors) {
        count_ = 0;
        more_.clear();
        for (Tensor& t : tensors) push(std::move(t));
    }

private:
    static constexpr int kInline = 3;
    Tensor first_[kInline];
    std::vector<Tensor> more_;
    int count_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Value& v);

}  // namespace bestiary
