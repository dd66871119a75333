// Windows that fade a signal out towards both ends.
#include <cmath>

#include "ops/factory.h"

namespace bestiary::ops {
namespace {

// The sum over k of weights[k] * cos(2 pi k i / n) for i of [0, length); a symmetric window has n = length - 1.
Tensor cosine_sum(Args a, std::initializer_list<double> weights) {
    const int64_t length = a.integer(0);
    check(length >= 0, "window_length: expected 0 or more, got ", length);
    const Device device = device_or_default(a[a.size() - 2]);
    const DType dtype = dtype_or(a[a.size() - 3], default_dtype);
    check_as(ErrorKind::Type, is_floating(dtype), "dtype: expected a floating dtype, got ", dtype);
    if (length == 1) return filled({1}, 1, dtype, device);
    const auto period = static_cast<double>(a.flag(1) ? length : length - 1);
    const Tensor place = Call<"_arange">()(0, 1, length, DType::Float64, device);
    Tensor window = filled({length}, 0, DType::Float64, device);
    int k = 0;
    for (double weight : weights) window = window + Call<"cos">()(place * (2 * M_PI * k++ / period)) * weight;
    return cast(window, dtype);
}

OP("hann_window(int window_length, bool periodic=True, *, dtype? dtype=None, device? device=None, bool "
   "requires_grad=False) -> Tensor")
    .doc(R"(Hann's window: ``(1 - cos(2 pi i / n)) / 2``, with n the length, or one less if not ``periodic``.

>>> engine.hann_window(4)
tensor([0.0000, 0.5000, 1.0000, 0.5000]))")
    .compose([](Args a, Results& r) { r.push(made(cosine_sum(a, {0.5, -0.5}), a.flag(4))); });

OP("hamming_window(int window_length, bool periodic=True, float alpha=0.54, float beta=0.46, *, dtype? dtype=None, "
   "device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(Hamming's window: ``alpha - beta * cos(2 pi i / n)``, with n the length, or one less if not ``periodic``.

>>> engine.hamming_window(4)
tensor([0.0800, 0.5400, 1.0000, 0.5400]))")
    .compose([](Args a, Results& r) { r.push(made(cosine_sum(a, {a.number(2), -a.number(3)}), a.flag(6))); });

OP("blackman_window(int window_length, bool periodic=True, *, dtype? dtype=None, device? device=None, bool "
   "requires_grad=False) -> Tensor")
    .doc(R"(Blackman's window: ``0.42 - 0.5 cos(2 pi i / n) + 0.08 cos(4 pi i / n)``, with n the length, or one less if not ``periodic``.

>>> engine.blackman_window(3, periodic=False)[1]
tensor(1.))")
    .compose([](Args a, Results& r) { r.push(made(cosine_sum(a, {0.42, -0.5, 0.08}), a.flag(4))); });

OP("bartlett_window(int window_length, bool periodic=True, *, dtype? dtype=None, device? device=None, bool "
   "requires_grad=False) -> Tensor")
    .doc(R"(Bartlett's window, a triangle, with n the length, or one less if not ``periodic``.

>>> engine.bartlett_window(4)
tensor([0.0000, 0.5000, 1.0000, 0.5000]))")
    .compose([](Args a, Results& r) {
        const int64_t length = a.integer(0);
        check(length >= 0, "window_length: expected 0 or more, got ", length);
        const Device device = device_or_default(a[3]);
        const DType dtype = dtype_or(a[2], default_dtype);
        check_as(ErrorKind::Type, is_floating(dtype), "dtype: expected a floating dtype, got ", dtype);
        if (length == 1) return r.push(made(filled({1}, 1, dtype, device), a.flag(4)));
        const double half = static_cast<double>(a.flag(1) ? length : length - 1) / 2;
        const Tensor place = Call<"_arange">()(0, 1, length, DType::Float64, device);
        const Tensor window = 1.0 - Call<"abs">()(place - half) / half;
        r.push(made(cast(window, dtype), a.flag(4)));
    });

}  // namespace
}  // namespace bestiary::ops
