// Moves between channels and space.
#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor")
    .doc(R"(Moves channels into space: (..., C r r, H, W) to (..., C, H r, W r) (Shi et al., "Real-time single image and
video super-resolution using an efficient sub-pixel CNN", 2016).

>>> engine.ones(1, 4, 2, 2).pixel_shuffle(2).shape
Size([1, 1, 4, 4]))")
    .compose([](const Tensor& self, int64_t upscale_factor) {
        const int64_t f = upscale_factor;
        const int lead = self.dim() - 3;
        check(f > 0, "upscale_factor: expected 1 or more, got ", f);
        const int64_t area = checked_mul(f, f, "upscale_factor");
        check(lead >= 0 && self.sizes()[lead] % area == 0,
              "self: expected (..., channels, height, width) with channels divisible by ", area, ", got shape ",
              self.sizes());
        const int64_t c = self.sizes()[lead] / area, h = self.sizes()[lead + 1], w = self.sizes()[lead + 2];
        Dims apart(self.sizes().data(), lead), order(lead), joined = apart;
        for (int d = 0; d < lead; ++d) order[d] = d;
        for (int64_t n : {c, f, f, h, w}) apart.push_back(n);
        for (int d : {0, 3, 1, 4, 2}) order.push_back(lead + d);
        for (int64_t n : {c, h * f, w * f}) joined.push_back(n);
        return reshape(permute(reshape(self, apart), order), joined);
    });

OP("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor")
    .doc(R"(The inverse of ``pixel_shuffle``: (..., C, H r, W r) to (..., C r r, H, W).

>>> engine.ones(1, 1, 4, 4).pixel_unshuffle(2).shape
Size([1, 4, 2, 2]))")
    .compose([](const Tensor& self, int64_t downscale_factor) {
        const int64_t f = downscale_factor;
        const int lead = self.dim() - 3;
        check(f > 0, "downscale_factor: expected 1 or more, got ", f);
        check(lead >= 0 && self.sizes()[lead + 1] % f == 0 && self.sizes()[lead + 2] % f == 0,
              "self: expected (..., channels, height, width) with sides divisible by ", f, ", got shape ",
              self.sizes());
        const int64_t c = self.sizes()[lead], h = self.sizes()[lead + 1] / f, w = self.sizes()[lead + 2] / f;
        Dims apart(self.sizes().data(), lead), order(lead), joined = apart;
        for (int d = 0; d < lead; ++d) order[d] = d;
        for (int64_t n : {c, h, f, w, f}) apart.push_back(n);
        for (int d : {0, 2, 4, 1, 3}) order.push_back(lead + d);
        for (int64_t n : {checked_mul(c, checked_mul(f, f, "downscale_factor"), "downscale_factor"), h, w})
            joined.push_back(n);
        return reshape(permute(reshape(self, apart), order), joined);
    });

}  // namespace
}  // namespace bestiary::ops
