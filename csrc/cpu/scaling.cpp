#include "cpu/scaling.h"

#include <cmath>

#include "core/backend.h"
#include "core/dispatch.h"
#include "cpu/contiguous.h"

namespace bestiary::cpu {

Tensor scales_of(const Tensor& self, DimMask mask) {
    const Tensor high = packed_as(reduce(reductions().max, self, mask), DType::Float64),
                 low = packed_as(reduce(reductions().min, self, mask), DType::Float64);
    each_value(high, [&](double x, int64_t i) {
        const double most = std::max(std::abs(x), std::abs(low.data<double>()[i]));
        return most > 0 && std::isfinite(most) ? std::ldexp(1.0, std::ilogb(most)) : 1.0;
    });
    return high;
}

Tensor with_kept_dims(const Tensor& per_result, const Tensor& self, DimMask mask) {
    const Dims kept = reduced_sizes(self.sizes(), mask, true);
    return packed_as(per_result.alias(kept, contiguous_strides(kept), 0), self.dtype());
}

Tensor combined(const Op& op, const Tensor& a, const Tensor& b) {
    const Value args[] = {a, b};
    Results results;
    results.push(Tensor::empty(a.sizes(), a.dtype()));
    backends[static_cast<int>(DeviceType::CPU)]->elementwise({op, Args(args, 2), results, a.dtype()});
    return results[0];
}

Tensor scaled(const Tensor& self, const Tensor& scales, DimMask mask) {
    return combined(Call<"div">::op(), self, with_kept_dims(scales, self, mask));
}

}  // namespace bestiary::cpu
