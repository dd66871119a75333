// Reductions of losses.
#pragma once

#include "ops/names.h"

namespace bestiary::ops {

inline constexpr Call<"sum"> sum_all;
inline constexpr Call<"mean"> mean_all;

inline void check_reduction(std::string_view reduction) {
    check_as(ErrorKind::Value, reduction == "mean" || reduction == "sum" || reduction == "none",
             "reduction: expected 'none', 'mean' or 'sum', got '", reduction, "'");
}

inline Tensor reduce_loss(const Tensor& loss, std::string_view reduction) {
    check_reduction(reduction);
    if (reduction == "none") return loss;
    return reduction == "mean" ? mean_all(loss) : sum_all(loss);
}

}  // namespace bestiary::ops
