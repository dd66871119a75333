// Elements under a mask.
#include "cpu/contiguous.h"
#include "cpu/parallel.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

void masked_fill(const KernelCall& call, const Tensor&, const Tensor& mask, const Value& value) {
    const Tensor& self = call.outs[0];
    Strided at(self.sizes());
    at.add(self);
    at.add(mask);
    at.coalesce();
    visit(self.dtype(), [&]<class T>() {
        const T filling = value.is_tensor() ? packed_as(Tensor(value.t), self.dtype()).template data<T>()[0]
                          : value.tag == Tag::Float ? convert<T>(value.f) : convert<T>(value.integer());
        parallel_for(self.numel(), kGrain, [&](int64_t begin, int64_t end) {
            for_rows(at, begin, end, [&](char* const* data, const int64_t* steps, int64_t n) {
                for (int64_t i = 0; i < n; ++i)
                    if (*reinterpret_cast<const bool*>(data[1] + i * steps[1]))
                        *reinterpret_cast<T*>(data[0] + i * steps[0]) = filling;
            });
        });
    });
}

KERNEL(CPU, "masked_fill", masked_fill);

}  // namespace
}  // namespace bestiary::cpu
