#include "cpu/gemm_dispatch.h"

#include "cpu/gemm.h"
#include "cpu/onednn.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// Below so many multiply-adds oneDNN's own overhead shows. For one or two rows both read memory at its full speed.
constexpr int64_t kOneDnnWork = int64_t{1} << 17;
constexpr int64_t kOneDnnRows = 3;

}  // namespace

void gemm(const GemmArgs& p) {
    if (p.m == 0 || p.n == 0) return;
    if (!is_floating(p.dtype)) return integer_gemm(p);
    const bool large = p.m >= kOneDnnRows && p.n >= kOneDnnRows && p.m * p.n * p.k >= kOneDnnWork;
    if (large && p.dtype != DType::Float64 && onednn::matmul(p, static_cast<int>(threads_for(p)))) return;
    blocked_gemm(p);
}

}  // namespace bestiary::cpu
