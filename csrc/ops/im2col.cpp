// Windows of an image as columns of a matrix, and back.
#include "ops/names.h"
#include "ops/window_args.h"

namespace bestiary::ops {
namespace {

UnfoldWindows checked_windows(Ints image, Ints kernel_size, Ints dilation, Ints padding, Ints stride) {
    const Dims kernel = per_dim("kernel_size", kernel_size, 2, 1), dilated = per_dim("dilation", dilation, 2, 1),
               padded = per_dim("padding", padding, 2, 0), strided = per_dim("stride", stride, 2, 1);
    const UnfoldWindows windows(image, kernel, dilated, padded, strided);
    for (const UnfoldWindows::Axis& a : {windows.vertical, windows.horizontal})
        check(a.size + 2 * a.padding >= a.dilation * (a.kernel - 1) + 1, "kernel_size: ", kernel, " with dilation ",
              dilated, " is larger than an image of ", Dims(image), " with padding ", padded);
    return windows;
}

OP("im2col(Tensor self, int[] kernel_size, int[] dilation=1, int[] padding=0, int[] stride=1) -> Tensor")
    .doc(R"(The sliding windows of self (N, C, H, W) as columns (N, C * KH * KW, windows).

>>> engine.im2col(engine.arange(6).reshape(1, 1, 2, 3), 2)
tensor([[[0, 1],
         [1, 2],
         [3, 4],
         [4, 5]]]))")
    .shape([](Meta& m, const Tensor& self, Ints kernel_size, Ints dilation, Ints padding, Ints stride) {
        check(self.dim() == 4, "self: expected shape (N, C, H, W), got ", self.sizes());
        const UnfoldWindows windows = checked_windows(Ints(self.sizes()).subspan(2), kernel_size, dilation, padding,
                                                      stride);
        m.add({self.sizes()[0], self.sizes()[1] * windows.kernel_elements(), windows.count()}, self.dtype());
    })
    .grad("self", "", [](const Backward& b) {
        const Dims size(b.shape("self").data() + 2, 2);
        return Call<"col2im">()(b.g, size, b["kernel_size"], b["dilation"], b["padding"], b["stride"]);
    });

OP("col2im(Tensor self, int[] output_size, int[] kernel_size, int[] dilation=1, int[] padding=0, int[] stride=1) -> "
   "Tensor")
    .doc(R"(Sums columns (N, C * KH * KW, windows) into the image (N, C, H, W) of their windows; the transpose of ``im2col``.

>>> engine.col2im(engine.ones(1, 4, 2), (2, 3), 2)
tensor([[[[1., 2., 1.],
          [1., 2., 1.]]]]))")
    .shape([](Meta& m, const Tensor& self, Ints output_size, Ints kernel_size, Ints dilation, Ints padding,
              Ints stride) {
        const Dims size = per_dim("output_size", output_size, 2, 1);
        const UnfoldWindows windows = checked_windows(size, kernel_size, dilation, padding, stride);
        const int64_t elements = windows.kernel_elements();
        check(self.dim() == 3 && self.sizes()[1] % elements == 0 && self.sizes()[2] == windows.count(),
              "self: expected shape (N, C * ", elements, ", ", windows.count(), "), got ", self.sizes());
        check_as(ErrorKind::Type, is_floating(self.dtype()), "self: expected a floating dtype, got ", self.dtype());
        m.add({self.sizes()[0], self.sizes()[1] / elements, size[0], size[1]}, self.dtype());
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"im2col">()(b.g, b["kernel_size"], b["dilation"], b["padding"], b["stride"]);
    });

}  // namespace
}  // namespace bestiary::ops
