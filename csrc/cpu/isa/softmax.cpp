// Softmax, log-softmax and their gradients.
#include "cpu/isa/softmax.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// The row of a's lines that begins at element `at`.
template <class T>
struct Row {
    T* out;
    const T* x;
    const T* grad;
    int64_t n;

    Row(const SoftmaxLines<T>& a, int64_t at)
        : out(a.out + at), x(a.x + at), grad(a.grad ? a.grad + at : nullptr), n(a.n) {}

    void softmax() const {
        const T most = max_vec(x, n);
        Vec<T> sum{};
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            const Vec<T> e = exp_vec<T>(load_vec(x + i, lanes) - most);
            store_vec(out + i, e, lanes);
            sum += only<T>(e, lanes);
        });
        const T scale = T(1) / sum_lanes<T>(sum);
        for_vec<T>(n, [&](int64_t i, auto lanes) { store_vec<T>(out + i, load_vec(out + i, lanes) * scale, lanes); });
    }
    void log_softmax() const {
        const T most = max_vec(x, n);
        const T log_sum = std::log(sum_exp_vec(x, n, most));
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            store_vec<T>(out + i, (load_vec(x + i, lanes) - most) - log_sum, lanes);
        });
    }
    void softmax_backward() const {
        const T dot = sum_vec<T>(n, [&](int64_t i, auto lanes) {
            return load_vec(grad + i, lanes) * load_vec(x + i, lanes);
        });
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            store_vec<T>(out + i, (load_vec(grad + i, lanes) - dot) * load_vec(x + i, lanes), lanes);
        });
    }
    void log_softmax_backward() const {
        const T sum = sum_vec<T>(n, [&](int64_t i, auto lanes) { return load_vec(grad + i, lanes); });
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            store_vec<T>(out + i, load_vec(grad + i, lanes) - exp_vec<T>(load_vec(x + i, lanes)) * sum, lanes);
        });
    }
};

// At most kSoftmaxColumns adjacent columns, all at once.
template <class T>
class Columns {
public:
    explicit Columns(const SoftmaxLines<T>& a) : a_(a) {}

    void softmax() {
        find_largest();
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> e = exp_vec<T>(load_vec(a_.x + at, lanes) - load_vec(largest_ + c, lanes));
            store_vec(a_.out + at, e, lanes);
            add(sum_ + c, e, lanes);
        });
        each([&](int64_t at, int64_t c, auto lanes) {
            store_vec<T>(a_.out + at, load_vec(a_.out + at, lanes) / load_vec(sum_ + c, lanes, T(1)), lanes);
        });
    }
    void log_softmax() {
        find_largest();
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) {
            add(sum_ + c, exp_vec<T>(load_vec(a_.x + at, lanes) - load_vec(largest_ + c, lanes)), lanes);
        });
        for (int64_t c = 0; c < a_.lines; ++c) sum_[c] = std::log(sum_[c]);
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> x = load_vec(a_.x + at, lanes) - load_vec(largest_ + c, lanes);
            store_vec<T>(a_.out + at, x - load_vec(sum_ + c, lanes), lanes);
        });
    }
    void softmax_backward() {
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) {
            add<T>(sum_ + c, load_vec(a_.grad + at, lanes) * load_vec(a_.x + at, lanes), lanes);
        });
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> centred = load_vec(a_.grad + at, lanes) - load_vec(sum_ + c, lanes);
            store_vec<T>(a_.out + at, centred * load_vec(a_.x + at, lanes), lanes);
        });
    }
    void log_softmax_backward() {
        clear(sum_);
        each([&](int64_t at, int64_t c, auto lanes) { add(sum_ + c, load_vec(a_.grad + at, lanes), lanes); });
        each([&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> shared = exp_vec<T>(load_vec(a_.x + at, lanes)) * load_vec(sum_ + c, lanes);
            store_vec<T>(a_.out + at, load_vec(a_.grad + at, lanes) - shared, lanes);
        });
    }

private:
    // body(offset of the element, its column, lanes) for all elements, row by row.
    template <class Body>
    void each(const Body& body) {
        for (int64_t row = 0; row < a_.n; ++row)
            for_vec<T>(a_.lines, [&](int64_t c, auto lanes) { body(row * a_.step + c, c, lanes); });
    }
    template <class U, class Lanes>
    static void add(U* to, const Vec<U>& v, Lanes lanes) {
        store_vec<U>(to, load_vec(to, lanes) + v, lanes);
    }
    void clear(T* values) { std::memset(values, 0, sizeof(T) * kSoftmaxColumns); }
    void find_largest() {
        std::memcpy(largest_, a_.x, sizeof(T) * static_cast<size_t>(a_.lines));
        each([&](int64_t at, int64_t c, auto lanes) {
            store_vec<T>(largest_ + c, vec_max<T>(load_vec(a_.x + at, lanes), load_vec(largest_ + c, lanes)), lanes);
        });
    }

    SoftmaxLines<T> a_;
    T largest_[kSoftmaxColumns], sum_[kSoftmaxColumns];
};

template <class T, auto OfRow, auto OfColumns>
void run(const SoftmaxLines<T>& a) {
    if (a.step != 1) return (Columns<T>(a).*OfColumns)();
    for (int64_t r = 0; r < a.lines; ++r) (Row<T>(a, r * a.n).*OfRow)();
}

template <class T>
void provide_for() {
    provide(SoftmaxKernels<T>{run<T, &Row<T>::softmax, &Columns<T>::softmax>,
                              run<T, &Row<T>::log_softmax, &Columns<T>::log_softmax>,
                              run<T, &Row<T>::softmax_backward, &Columns<T>::softmax_backward>,
                              run<T, &Row<T>::log_softmax_backward, &Columns<T>::log_softmax_backward>});
}

LOOPS {
    provide_for<float>();
    provide_for<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
