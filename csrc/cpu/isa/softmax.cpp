// Softmax, log-softmax, their gradients, and the log-sum-exp of rows.
//
// Note [Softmax loops]
// A tensor is seen as (outer, size, inner) around the dimension of the softmax. Loops "<op>.rows" take n rows of
// strides[0] elements that lie side by side (inner is 1); loops "<op>.columns" take n neighbouring columns of
// strides[0] elements that are strides[1] apart. data[0] is the result, data[1..] the operands, all of one layout.
#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// Columns done at a time: their sums stay in the first-level cache.
constexpr int64_t kColumns = 64;

template <class T>
struct Operands {
    T* out;
    const T *a, *b;

    Operands(char* const* data, int64_t offset)
        : out(reinterpret_cast<T*>(data[0]) + offset), a(reinterpret_cast<const T*>(data[1]) + offset),
          b(reinterpret_cast<const T*>(data[2]) + offset) {}
};

// The sum of exp(x - most).
template <class T>
T sum_exp(const T* x, int64_t n, T most) {
    Vec<T> sum{};
    for_vec<T>(n, [&](int64_t i, auto lanes) { sum += only<T>(exp_vec<T>(load_vec(x + i, lanes) - most), lanes); });
    return sum_lanes<T>(sum);
}

template <class T>
struct Softmax {
    static void row(const Operands<T>& x, int64_t n) {
        const T most = max_vec(x.a, n);
        Vec<T> sum{};
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            const Vec<T> e = exp_vec<T>(load_vec(x.a + i, lanes) - most);
            store_vec(x.out + i, e, lanes);
            sum += only<T>(e, lanes);
        });
        const T scale = T(1) / sum_lanes<T>(sum);
        for_vec<T>(n,
                   [&](int64_t i, auto lanes) { store_vec<T>(x.out + i, load_vec(x.out + i, lanes) * scale, lanes); });
    }
};

template <class T>
struct LogSoftmax {
    static void row(const Operands<T>& x, int64_t n) {
        const T most = max_vec(x.a, n);
        const T log_sum = std::log(sum_exp(x.a, n, most));
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            store_vec<T>(x.out + i, (load_vec(x.a + i, lanes) - most) - log_sum, lanes);
        });
    }
};

// a is the gradient, b the result of the forward pass.
template <class T>
struct SoftmaxBackward {
    static void row(const Operands<T>& x, int64_t n) {
        const T dot = sum_vec<T>(n, [&](int64_t i, auto lanes) {
            return load_vec(x.a + i, lanes) * load_vec(x.b + i, lanes);
        });
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            store_vec<T>(x.out + i, (load_vec(x.a + i, lanes) - dot) * load_vec(x.b + i, lanes), lanes);
        });
    }
};

template <class T>
struct LogSoftmaxBackward {
    static void row(const Operands<T>& x, int64_t n) {
        const T sum = sum_vec<T>(n, [&](int64_t i, auto lanes) { return load_vec(x.a + i, lanes); });
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            store_vec<T>(x.out + i, load_vec(x.a + i, lanes) - exp_vec<T>(load_vec(x.b + i, lanes)) * sum, lanes);
        });
    }
};

template <template <class> class F, class T>
void rows(char* const* data, const int64_t* strides, int64_t n, const double*) {
    for (int64_t r = 0; r < n; ++r) F<T>::row(Operands<T>(data, r * strides[0]), strides[0]);
}

// Neighbouring columns, at most kColumns of them.
template <class T>
class Columns {
public:
    Columns(char* const* data, const int64_t* strides, int64_t first, int64_t count)
        : x_(data, first), size_(strides[0]), step_(strides[1]), count_(count) {}

    void softmax() {
        find_largest();
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> e = exp_vec<T>(load_vec(x_.a + at, lanes) - load_vec(largest_ + c, lanes));
            store_vec(x_.out + at, e, lanes);
            add(sum_ + c, e, lanes);
        });
        each([&](int64_t at, int64_t c, auto lanes) {
            store_vec<T>(x_.out + at, load_vec(x_.out + at, lanes) / load_vec(sum_ + c, lanes, T(1)), lanes);
        });
    }
    void log_softmax() {
        find_largest();
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) {
            add(sum_ + c, exp_vec<T>(load_vec(x_.a + at, lanes) - load_vec(largest_ + c, lanes)), lanes);
        });
        for (int64_t c = 0; c < count_; ++c) sum_[c] = std::log(sum_[c]);
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> x = load_vec(x_.a + at, lanes) - load_vec(largest_ + c, lanes);
            store_vec<T>(x_.out + at, x - load_vec(sum_ + c, lanes), lanes);
        });
    }
    void softmax_backward() {
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) {
            add<T>(sum_ + c, load_vec(x_.a + at, lanes) * load_vec(x_.b + at, lanes), lanes);
        });
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> centred = load_vec(x_.a + at, lanes) - load_vec(sum_ + c, lanes);
            store_vec<T>(x_.out + at, centred * load_vec(x_.b + at, lanes), lanes);
        });
    }
    void log_softmax_backward() {
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) { add(sum_ + c, load_vec(x_.a + at, lanes), lanes); });
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> shared = exp_vec<T>(load_vec(x_.b + at, lanes)) * load_vec(sum_ + c, lanes);
            store_vec<T>(x_.out + at, load_vec(x_.a + at, lanes) - shared, lanes);
        });
    }

private:
    // body(offset of the element, its column, lanes) for all elements, row by row.
    template <class Body>
    void each(const Body& body) {
        for (int64_t row = 0; row < size_; ++row)
            for_vec<T>(count_, [&](int64_t c, auto lanes) { body(row * step_ + c, c, lanes); });
    }
    template <class U, class Lanes>
    static void add(U* to, const Vec<U>& v, Lanes lanes) {
        store_vec<U>(to, load_vec(to, lanes) + v, lanes);
    }
    void clear(T* values) { std::memset(values, 0, sizeof(T) * kColumns); }
    void find_largest() {
        std::memcpy(largest_, x_.a, sizeof(T) * static_cast<size_t>(count_));
        each([&](int64_t at, int64_t c, auto lanes) {
            store_vec<T>(largest_ + c, vec_max<T>(load_vec(x_.a + at, lanes), load_vec(largest_ + c, lanes)), lanes);
        });
    }

    Operands<T> x_;
    int64_t size_, step_, count_;
    T largest_[kColumns], sum_[kColumns];
};

template <class T, void (Columns<T>::*Do)()>
void columns(char* const* data, const int64_t* strides, int64_t n, const double*) {
    for (int64_t first = 0; first < n; first += kColumns) {
        Columns<T> some(data, strides, first, n - first < kColumns ? n - first : kColumns);
        (some.*Do)();
    }
}

// log(sum(exp(x))) of each row, in double: beside large x the logarithm of the sum is lost in float.
template <class T>
void logsumexp_rows(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const int64_t size = strides[0];
    for (int64_t r = 0; r < n; ++r) {
        const T* x = reinterpret_cast<const T*>(data[1]) + r * size;
        const T most = max_vec(x, size);
        reinterpret_cast<double*>(data[0])[r] = double{most} + std::log(double{sum_exp(x, size, most)});
    }
}

// data: result, x, of each row: log-sum-exp (double), scale, shift. result = exp(x - lse) * scale + shift.
template <class T>
void scaled_softmax_rows(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const int64_t size = strides[0];
    for (int64_t r = 0; r < n; ++r) {
        const Operands<T> x(data, r * size);
        const SplitDouble<T> lse(reinterpret_cast<const double*>(data[2])[r]);
        const T scale = reinterpret_cast<const T*>(data[3])[r], shift = reinterpret_cast<const T*>(data[4])[r];
        for_vec<T>(size, [&](int64_t i, auto lanes) {
            const Vec<T> centred = load_vec(x.a + i, lanes) - lse.high - lse.low;
            store_vec<T>(x.out + i, exp_vec<T>(centred) * scale + shift, lanes);
        });
    }
}

// data: result, x, weights (none: all 1); params: centre (none: 0). The sum of weight * (x - centre) over strides[0]
// elements.
template <class T>
void weighted_sum_row(char* const* data, const int64_t* strides, int64_t, const double* params) {
    const T *x = reinterpret_cast<const T*>(data[1]), *weights = reinterpret_cast<const T*>(data[2]);
    const T centre = params ? static_cast<T>(params[0]) : T(0);
    *reinterpret_cast<T*>(data[0]) = sum_vec<T>(strides[0], [&](int64_t i, auto lanes) {
        const Vec<T> centred = load_vec(x + i, lanes, centre) - centre;
        return weights ? centred * load_vec(weights + i, lanes) : centred;
    });
}

template <class T>
void add_loops() {
    const auto add = [](const char* name, Loop loop) { register_loop(name, dtype_of<T>(), IsaLevel::ISA, loop); };
    add("softmax.rows", rows<Softmax, T>);
    add("log_softmax.rows", rows<LogSoftmax, T>);
    add("_softmax_backward.rows", rows<SoftmaxBackward, T>);
    add("_log_softmax_backward.rows", rows<LogSoftmaxBackward, T>);
    add("softmax.columns", columns<T, &Columns<T>::softmax>);
    add("log_softmax.columns", columns<T, &Columns<T>::log_softmax>);
    add("_softmax_backward.columns", columns<T, &Columns<T>::softmax_backward>);
    add("_log_softmax_backward.columns", columns<T, &Columns<T>::log_softmax_backward>);
    add("logsumexp.rows", logsumexp_rows<T>);
    add("scaled_softmax.rows", scaled_softmax_rows<T>);
    add("weighted_sum.row", weighted_sum_row<T>);
}

LOOPS {
    add_loops<float>();
    add_loops<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
