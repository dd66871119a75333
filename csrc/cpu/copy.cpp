// Copying between layouts and types, and filling.
#include "cpu/copy.h"

#include <cmath>
#include <cstring>

#include "core/op.h"
#include "cpu/loops.h"
#include "cpu/parallel.h"
#include "cpu/streaming.h"
#include "cpu/strided.h"
#include "cpu/transpose.h"

namespace bestiary::cpu {

void copy_into(const Tensor& to, const Tensor& from) {
    if (to.numel() == 0 || (to.raw() == from.raw() && to.dtype() == from.dtype() && to.strides() == from.strides()))
        return;
    Strided at(to.sizes());
    at.add(to);
    at.add(from);
    at.coalesce();
    const bool whole = from.dtype() == to.dtype();
    const int64_t item = item_size(to.dtype());
    if (whole && copy_transposed(at, item)) return;
    const bool stream = to.numel() * item >= kBeyondCache;
    const Loop loop = cast_loop(from.dtype(), to.dtype());
    parallel_for(to.numel(), kGrain, [&](int64_t begin, int64_t end) {
        for_rows(at, begin, end, [&](char* const* data, const int64_t* strides, int64_t n) {
            const bool packed = whole && strides[0] == item && strides[1] == item;
            if (packed && stream) streaming_copy()(data, strides, n, nullptr);
            else if (packed) std::memcpy(data[0], data[1], static_cast<size_t>(n * item));
            else loop(data, strides, n, nullptr);
        });
        if (stream) finish_streaming();
    });
}

namespace {

// Calculations wrap, but a number that is to be stored must fit; in unsigned types so may its negative, as -1 for 255.
void check_fits(const Value& value, DType dtype) {
    if (category(dtype) != Category::Int || (dtype == DType::Int64 && value.tag == Tag::Int)) return;
    const double number = std::trunc(value.number()), limit = std::ldexp(1.0, info(dtype).digits);
    check(number < limit && number >= -limit, "value: ", value, " does not fit in ", dtype);
}

void copy(const KernelCall& call, const Tensor& /*self*/, const Tensor& src) { copy_into(call.outs[0], src); }

void convert(const KernelCall& call, const Tensor& self) { copy_into(call.outs[0], self); }

void fill(const KernelCall& call, const Tensor& self, const Value& value) {
    if (value.is_tensor()) return copy_into(call.outs[0], Tensor(value.t));
    check_fits(value, self.dtype());
    copy_into(call.outs[0], value.tag == Tag::Float ? Tensor::scalar(value.f, self.dtype())
                                                    : Tensor::scalar(value.integer(), self.dtype()));
}

void zero(const KernelCall& call) {
    const Tensor& to = call.outs[0];
    if (to.is_contiguous()) std::memset(to.raw(), 0, static_cast<size_t>(to.numel() * item_size(to.dtype())));
    else copy_into(to, Tensor::scalar(int64_t{0}, to.dtype()));
}

KERNEL(CPU, "copy_", copy);
KERNEL(CPU, "_convert", convert);
KERNEL(CPU, "_pack", convert);
KERNEL(CPU, "fill_", fill);
KERNEL(CPU, "zero_", zero);
KERNEL(CPU, "_zeros", zero);

}  // namespace
}  // namespace bestiary::cpu
