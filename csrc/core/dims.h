// Shapes and strides: a short array of int64, inline up to six dimensions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <ostream>
#include <span>

namespace bestiary {

class Dims {
public:
    static constexpr int kInline = 6;

    Dims() = default;
    explicit Dims(int n, int64_t fill = 0) { std::fill_n(grow(n), n, fill); }
    Dims(std::initializer_list<int64_t> v) : Dims(v.begin(), static_cast<int>(v.size())) {}
    Dims(std::span<const int64_t> v) : Dims(v.data(), static_cast<int>(v.size())) {}
    Dims(const int64_t* v, int n) { copy(v, n); }
    Dims(const Dims& other) { copy(other.data(), other.size_); }
    Dims(Dims&& other) noexcept { steal(other); }
    Dims& operator=(const Dims& other) {
        if (this != &other) {
            clear();
            copy(other.data(), other.size_);
        }
        return *this;
    }
    Dims& operator=(Dims&& other) noexcept {
        if (this != &other) {
            clear();
            steal(other);
        }
        return *this;
    }
    ~Dims() { clear(); }

    int size() const { return size_; }
    bool empty() const { return size_ == 0; }
    int64_t* data() { return on_heap() ? heap_ : inline_; }
    const int64_t* data() const { return on_heap() ? heap_ : inline_; }
    int64_t& operator[](int i) { return data()[i]; }
    int64_t operator[](int i) const { return data()[i]; }
    int64_t* begin() { return data(); }
    int64_t* end() { return data() + size_; }
    const int64_t* begin() const { return data(); }
    const int64_t* end() const { return data() + size_; }
    int64_t back() const { return data()[size_ - 1]; }
    operator std::span<const int64_t>() const { return {data(), static_cast<size_t>(size_)}; }

    void insert(int at, int64_t value) {
        Dims wider(size_ + 1);
        std::copy_n(data(), at, wider.data());
        wider[at] = value;
        std::copy(data() + at, data() + size_, wider.data() + at + 1);
        *this = std::move(wider);
    }
    void erase(int at) { *this = without(at); }
    void push_back(int64_t value) { insert(size_, value); }
    Dims without(int at) const {
        Dims narrower(size_ - 1);
        std::copy_n(data(), at, narrower.data());
        std::copy(data() + at + 1, data() + size_, narrower.data() + at);
        return narrower;
    }

    bool operator==(const Dims& other) const {
        return size_ == other.size_ && std::memcmp(data(), other.data(), sizeof(int64_t) * size_) == 0;
    }
    int64_t product() const {
        int64_t n = 1;
        for (int64_t d : *this) n *= d;
        return n;
    }

private:
    bool on_heap() const { return size_ > kInline; }
    int64_t* grow(int n) {
        size_ = n;
        if (on_heap()) heap_ = new int64_t[n];
        return data();
    }
    void copy(const int64_t* v, int n) { std::copy_n(v, n, grow(n)); }
    void clear() {
        if (on_heap()) delete[] heap_;
        size_ = 0;
    }
    void steal(Dims& other) {
        size_ = other.size_;
        if (on_heap()) heap_ = other.heap_;
        else std::copy_n(other.inline_, size_, inline_);
        other.size_ = 0;
    }

    int size_ = 0;
    union {
        int64_t inline_[kInline];
        int64_t* heap_;
    };
};

// Printed as Python prints a tuple: (2, 3), (2,), ().
inline std::ostream& operator<<(std::ostream& out, const Dims& dims) {
    out << '(';
    for (int i = 0; i < dims.size(); ++i) out << (i ? ", " : "") << dims[i];
    return out << (dims.size() == 1 ? ",)" : ")");
}

}  // namespace bestiary
