// Many tensors in one call, for clipping gradients.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("_foreach_square_sum(Tensor[] tensors) -> Tensor")
    .doc("The sum of the squares of all elements of all tensors, in double.")
    .shape([](Meta& m, Tensors tensors) {
        for (const Tensor& t : tensors)
            check(is_floating(t.dtype()), "tensors: expected floating-point dtypes, got ", t.dtype());
        m.add({}, DType::Float64);
    });

Tensor total_norm(Tensors tensors, double ord) {
    if (tensors.empty()) return Call<"zeros">()(Dims());
    const DType dtype = tensors[0].dtype();
    if (ord == 2.0) return cast(Call<"sqrt">()(Call<"_foreach_square_sum">()(tensors)), dtype);
    std::vector<Tensor> norms;
    for (const Tensor& t : tensors) norms.push_back(Call<"linalg_vector_norm">()(t, ord));
    return Call<"linalg_vector_norm">()(Call<"stack">()(norms), ord);
}

OP("_foreach_norm(Tensor[] tensors, float ord=2.0) -> Tensor")
    .doc(R"(The norm of all tensors as if they were one vector, outside the graph.

>>> engine._C._foreach_norm([engine.tensor([3.0]), engine.tensor([4.0])])
tensor(5.))")
    .compose([](Tensors tensors, double ord) {
        const GradMode off(false);
        return total_norm(tensors, ord);
    });

OP("_foreach_mul_(Tensor[](w) tensors, Operand scale) -> Tensor[]")
    .doc(R"(Multiplies every tensor by ``scale`` in place.

>>> x = engine.ones(2)
>>> engine._C._foreach_mul_([x], 3.0)[0]
tensor([3., 3.]))")
    .compose([](Tensors tensors, const Value& scale) {
        std::vector<Tensor> scaled;
        for (const Tensor& t : tensors) scaled.push_back(Call<"mul_">()(t, scale));
        return scaled;
    });

}  // namespace
}  // namespace bestiary::ops
