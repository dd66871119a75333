// Counts of elements.
#include <algorithm>
#include <cmath>
#include <span>

#include "core/overflow.h"
#include "cpu/contiguous.h"

namespace bestiary::cpu {
namespace {

void bincount(const KernelCall& call, const Tensor& given_self, const Tensor& given, int64_t minlength) {
    check_as(ErrorKind::Type, category(given_self.dtype()) == Category::Int, "self: expected integers, got ",
             given_self.dtype());
    const Tensor self = packed_as(given_self, DType::Int64);
    check(self.dim() == 1, "self: expected 1 dimension, got shape ", self.sizes());
    const std::span<const int64_t> bins(self.data<int64_t>(), static_cast<size_t>(self.numel()));
    check(minlength >= 0, "minlength: expected 0 or more, got ", minlength);
    int64_t size = minlength;
    for (int64_t bin : bins) {
        check(bin >= 0, "self: expected numbers of 0 or more, got ", bin);
        size = std::max(size, checked_add(bin, 1, "self"));
    }
    if (given.defined())
        check(given.sizes() == self.sizes(), "weights: expected self's shape ", self.sizes(), ", got ", given.sizes());
    const DType type = !given.defined()                  ? DType::Int64
                       : given.dtype() == DType::Float32 ? DType::Float32
                                                         : DType::Float64;
    const Tensor out = Tensor::zeros({size}, type);
    if (!given.defined()) {
        for (int64_t bin : bins) ++out.data<int64_t>()[bin];
    } else {
        const Tensor weights = packed_as(given, type);
        visit_float(type, [&]<class T>() {
            for (size_t i = 0; i < bins.size(); ++i) out.data<T>()[bins[i]] += weights.data<T>()[i];
        });
    }
    call.outs.push(out);
}

void histc(const KernelCall& call, const Tensor& given, int64_t bin_count, const Value& min, const Value& max) {
    const Tensor self = packed_as(given, DType::Float64),
                 counts = Tensor::zeros(call.outs[0].sizes(), DType::Float64);
    const std::span<const double> x(self.data<double>(), static_cast<size_t>(self.numel()));
    const auto bins = static_cast<double>(bin_count);
    double low = min.number(), high = max.number();
    if (low == high && !x.empty()) {
        low = *std::min_element(x.begin(), x.end());
        high = *std::max_element(x.begin(), x.end());
    }
    if (low == high) {
        low -= 1;
        high += 1;
    }
    check(std::isfinite(low) && std::isfinite(high), "min, max: expected finite numbers, got ", low, " and ", high);
    check(low < high, "max: expected more than min ", low, ", got ", high);
    for (double v : x)
        if (v >= low && v <= high)
            ++counts.data<double>()[static_cast<int64_t>(std::min((v - low) / (high - low) * bins, bins - 1))];
    copy_into(call.outs[0], counts);
}

KERNEL(CPU, "bincount", bincount);
KERNEL(CPU, "histc", histc);

}  // namespace
}  // namespace bestiary::cpu
