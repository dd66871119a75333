// Normalisation of rows: layer norm and, where nothing is centred, RMS norm.
#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
const T* operand(char* const* data, int k) {
    return reinterpret_cast<const T*>(data[k]);
}
template <class T>
T* result(char* const* data, int k) {
    return reinterpret_cast<T*>(data[k]);
}

// x * scale + shift, then weight and bias, either of which may be missing.
template <class T>
void apply(T* out, const T* x, int64_t size, T mean, T scale, const T* weight, const T* bias) {
    for_vec<T>(size, [&](int64_t i, auto lanes) {
        Vec<T> y = (load_vec(x + i, lanes) - mean) * scale;
        if (weight) y *= load_vec(weight + i, lanes);
        if (bias) y += load_vec(bias + i, lanes);
        store_vec<T>(out + i, y, lanes);
    });
}

// data: result, x, mean and 1/std of each row (written), weight, bias; strides[0] elements a row, n rows;
// params: eps, whether the mean is taken off.
template <class T>
void forward_rows(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const int64_t size = strides[0];
    const T count = static_cast<T>(size);
    const bool centred = params[1] != 0;
    for (int64_t r = 0; r < n; ++r) {
        const T* x = operand<T>(data, 1) + r * size;
        const T mean = centred ? sum_vec<T>(size, [&](int64_t i, auto lanes) { return load_vec(x + i, lanes); }) / count : T(0);
        const T squares = sum_vec<T>(size, [&](int64_t i, auto lanes) {
            const Vec<T> d = load_vec(x + i, lanes, mean) - mean;
            return d * d;
        });
        const T scale = T(1) / std::sqrt(squares / count + static_cast<T>(params[0]));
        result<T>(data, 2)[r] = mean;
        result<T>(data, 3)[r] = scale;
        apply(result<T>(data, 0) + r * size, x, size, mean, scale, operand<T>(data, 4), operand<T>(data, 5));
    }
}

// The gradient of one row: scale * (h - mean(h) - y * mean(h * y)) with h = grad * weight and y = (x - mean) * scale.
template <class T>
void input_gradient(T* out, const T* grad, const T* x, const T* weight, int64_t size, T mean, T scale, bool centred) {
    const auto weighted = [&](int64_t i, auto lanes) {
        return weight ? load_vec(grad + i, lanes) * load_vec(weight + i, lanes) : load_vec(grad + i, lanes);
    };
    const T count = static_cast<T>(size);
    const T along_mean = centred ? sum_vec<T>(size, weighted) / count : T(0);
    const T along_x = scale * scale / count * sum_vec<T>(size, [&](int64_t i, auto lanes) {
        return weighted(i, lanes) * (load_vec(x + i, lanes, mean) - mean);
    });
    for_vec<T>(size, [&](int64_t i, auto lanes) {
        const Vec<T> rest = weighted(i, lanes) - along_mean - (load_vec(x + i, lanes) - mean) * along_x;
        store_vec<T>(out + i, rest * scale, lanes);
    });
}

// data: gradient of x (or none), grad, x, mean, 1/std, weight, and sums for the gradients of weight and bias (or
// none), to which the rows' are added.
template <class T>
void backward_rows(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const int64_t size = strides[0];
    T *weight_sum = result<T>(data, 6), *bias_sum = result<T>(data, 7);
    for (int64_t r = 0; r < n; ++r) {
        const T *grad = operand<T>(data, 1) + r * size, *x = operand<T>(data, 2) + r * size;
        const T mean = operand<T>(data, 3)[r], scale = operand<T>(data, 4)[r];
        if (data[0])
            input_gradient(result<T>(data, 0) + r * size, grad, x, operand<T>(data, 5), size, mean, scale, params[1] != 0);
        if (weight_sum) {
            for_vec<T>(size, [&](int64_t i, auto lanes) {
                const Vec<T> normal = (load_vec(x + i, lanes) - mean) * scale;
                store_vec<T>(weight_sum + i, load_vec(weight_sum + i, lanes) + load_vec(grad + i, lanes) * normal, lanes);
            });
        }
        if (bias_sum) {
            for_vec<T>(size, [&](int64_t i, auto lanes) {
                store_vec<T>(bias_sum + i, load_vec(bias_sum + i, lanes) + load_vec(grad + i, lanes), lanes);
            });
        }
    }
}

template <class T>
void add_loops() {
    register_loop("_layer_norm.rows", dtype_of<T>(), IsaLevel::ISA, forward_rows<T>);
    register_loop("_layer_norm_backward.rows", dtype_of<T>(), IsaLevel::ISA, backward_rows<T>);
}

LOOPS {
    add_loops<float>();
    add_loops<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
