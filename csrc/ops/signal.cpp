// Windows that fade a signal out towards both ends.
#include <cmath>

#include "ops/factory.h"

namespace bestiary::ops {
namespace {

struct WindowOptions {
    int64_t length;
    bool periodic;
    DType dtype;
    Device device;

    WindowOptions(int64_t window_length, bool is_periodic, std::optional<DType> type, std::optional<Device> where)
        : length(window_length),
          periodic(is_periodic),
          dtype(type.value_or(default_dtype)),
          device(device_or_default(where)) {
        check(length >= 0, "window_length: expected 0 or more, got ", length);
        check_as(ErrorKind::Type, is_floating(dtype), "dtype: expected a floating dtype, got ", dtype);
    }
    double period() const { return static_cast<double>(periodic ? length : length - 1); }
    // 0 to length - 1.
    Tensor index() const { return Call<"_arange">()(0, 1, length, DType::Float64, device); }
};

// The sum over k of weights[k] * cos(2 pi k i / period) for i of [0, length).
Tensor cosine_sum(const WindowOptions& options, std::initializer_list<double> weights) {
    if (options.length == 1) return filled({1}, 1, options.dtype, options.device);
    const Tensor index = options.index();
    Tensor window = filled({options.length}, 0, DType::Float64, options.device);
    int k = 0;
    for (double weight : weights) window = window + Call<"cos">()(index * (2 * M_PI * k++ / options.period())) * weight;
    return cast(window, options.dtype);
}

OP("hann_window(int window_length, bool periodic=True, *, dtype? dtype=None, device? device=None, bool "
   "requires_grad=False) -> Tensor")
    .doc(R"(Hann's window: ``(1 - cos(2 pi i / n)) / 2``, with n the length, or one less if not ``periodic``.

>>> engine.hann_window(4)
tensor([0.0000, 0.5000, 1.0000, 0.5000]))")
    .compose([](int64_t window_length, bool periodic, std::optional<DType> dtype, std::optional<Device> device,
                bool requires_grad) {
        return with_requires_grad(cosine_sum({window_length, periodic, dtype, device}, {0.5, -0.5}), requires_grad);
    });

OP("hamming_window(int window_length, bool periodic=True, float alpha=0.54, float beta=0.46, *, dtype? dtype=None, "
   "device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Hamming's window: ``alpha - beta * cos(2 pi i / n)``, with n the length, or one less if not ``periodic``.

>>> engine.hamming_window(4)
tensor([0.0800, 0.5400, 1.0000, 0.5400]))")
    .compose([](int64_t window_length, bool periodic, double alpha, double beta, std::optional<DType> dtype,
                std::optional<Device> device, bool requires_grad) {
        return with_requires_grad(cosine_sum({window_length, periodic, dtype, device}, {alpha, -beta}), requires_grad);
    });

OP("blackman_window(int window_length, bool periodic=True, *, dtype? dtype=None, device? device=None, bool "
   "requires_grad=False) -> Tensor")
    .doc(R"(Blackman's window: ``0.42 - 0.5 cos(2 pi i / n) + 0.08 cos(4 pi i / n)``, with n the length, or one less if not ``periodic``.

>>> engine.blackman_window(3, periodic=False)[1]
tensor(1.))")
    .compose([](int64_t window_length, bool periodic, std::optional<DType> dtype, std::optional<Device> device,
                bool requires_grad) {
        return with_requires_grad(cosine_sum({window_length, periodic, dtype, device}, {0.42, -0.5, 0.08}),
                                  requires_grad);
    });

OP("bartlett_window(int window_length, bool periodic=True, *, dtype? dtype=None, device? device=None, bool "
   "requires_grad=False) -> Tensor")
    .doc(R"(Bartlett's window, a triangle, with n the length, or one less if not ``periodic``.

>>> engine.bartlett_window(4)
tensor([0.0000, 0.5000, 1.0000, 0.5000]))")
    .compose([](int64_t window_length, bool periodic, std::optional<DType> dtype, std::optional<Device> device,
                bool requires_grad) {
        const WindowOptions options(window_length, periodic, dtype, device);
        if (window_length == 1) return with_requires_grad(filled({1}, 1, options.dtype, options.device), requires_grad);
        const double half = options.period() / 2;
        const Tensor window = 1.0 - Call<"abs">()(options.index() - half) / half;
        return with_requires_grad(cast(window, options.dtype), requires_grad);
    });

}  // namespace
}  // namespace bestiary::ops
