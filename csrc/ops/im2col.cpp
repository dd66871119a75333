// Windows of an image as columns of a matrix, and back.
#include "ops/names.h"
#include "ops/window_args.h"

namespace bestiary::ops {
namespace {

struct Grid {
    Dims kernel, dilation, padding, stride;
    int64_t rows, columns;  // of windows

    // `at` is the place of kernel_size among the arguments.
    Grid(Args a, int at, int64_t height, int64_t width)
        : kernel(per_dim("kernel_size", a.ints(at), 2, 1)), dilation(per_dim("dilation", a.ints(at + 1), 2, 1)),
          padding(per_dim("padding", a.ints(at + 2), 2, 0)), stride(per_dim("stride", a.ints(at + 3), 2, 1)) {
        const int64_t sizes[] = {height, width};
        for (int i = 0; i < 2; ++i)
            check(sizes[i] + 2 * padding[i] >= dilation[i] * (kernel[i] - 1) + 1, "kernel_size: ", kernel,
                  " with dilation ", dilation, " is larger than an image of ", Dims{height, width}, " with padding ",
                  padding);
        rows = windows_in(height, kernel[0], stride[0], padding[0], dilation[0]);
        columns = windows_in(width, kernel[1], stride[1], padding[1], dilation[1]);
    }
};

OP("im2col(Tensor self, int[] kernel_size, int[] dilation=1, int[] padding=0, int[] stride=1) -> Tensor")
    .doc(R"(The sliding windows of self (N, C, H, W) as columns (N, C * KH * KW, windows).

>>> engine.im2col(engine.arange(6).reshape(1, 1, 2, 3), 2)
tensor([[[0, 1],
         [1, 2],
         [3, 4],
         [4, 5]]]))")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& x = a.tensor(0);
        check(x.dim() == 4, "self: expected shape (N, C, H, W), got ", x.sizes());
        const Grid grid(a, 1, x.sizes()[2], x.sizes()[3]);
        m.add({x.sizes()[0], x.sizes()[1] * grid.kernel.product(), grid.rows * grid.columns}, x.dtype());
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
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& x = a.tensor(0);
        const Dims size = per_dim("output_size", a.ints(1), 2, 1);
        const Grid grid(a, 2, size[0], size[1]);
        const int64_t places = grid.kernel.product();
        check(x.dim() == 3 && x.sizes()[1] % places == 0 && x.sizes()[2] == grid.rows * grid.columns,
              "self: expected shape (N, C * ", places, ", ", grid.rows * grid.columns, "), got ", x.sizes());
        check_as(ErrorKind::Type, is_floating(x.dtype()), "self: expected a floating dtype, got ", x.dtype());
        m.add({x.sizes()[0], x.sizes()[1] / places, size[0], size[1]}, x.dtype());
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"im2col">()(b.g, b["kernel_size"], b["dilation"], b["padding"], b["stride"]);
    });

}  // namespace
}  // namespace bestiary::ops
