// A vector whose first N elements lie inside it, so that short ones take no memory of their own.
#pragma once

#include <memory>
#include <new>
#include <utility>

namespace bestiary {

template <class T, int N>
class SmallVector {
public:
    SmallVector() = default;
    SmallVector(const SmallVector&) = delete;
    SmallVector& operator=(const SmallVector&) = delete;
    ~SmallVector() {
        std::destroy_n(data_, size_);
        if (data_ != inline_data()) std::allocator<T>().deallocate(data_, capacity_);
    }

    template <class... A>
    T& emplace_back(A&&... args) {
        if (size_ == capacity_) grow();
        return *new (data_ + size_++) T(std::forward<A>(args)...);
    }
    int size() const { return size_; }
    T& operator[](int i) { return data_[i]; }
    const T& operator[](int i) const { return data_[i]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }

private:
    T* inline_data() { return reinterpret_cast<T*>(room_); }
    void grow() {
        T* wider = std::allocator<T>().allocate(2 * capacity_);
        std::uninitialized_move_n(data_, size_, wider);
        std::destroy_n(data_, size_);
        if (data_ != inline_data()) std::allocator<T>().deallocate(data_, capacity_);
        data_ = wider;
        capacity_ *= 2;
    }

    alignas(T) unsigned char room_[N * sizeof(T)];
    T* data_ = inline_data();
    int size_ = 0;
    int capacity_ = N;
};

}  // namespace bestiary
