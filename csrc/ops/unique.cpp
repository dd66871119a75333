// Distinct elements and rows.
#include "ops/no_derivative.h"

namespace bestiary::ops {
namespace {

OP("_unique(Tensor self) -> (Tensor values, Tensor inverse, Tensor counts)")
    .doc("The distinct elements in order, the index of each element of self among them, and the count of each.")
    .grads("", no_derivative);

OP("_unique_consecutive(Tensor self) -> (Tensor values, Tensor inverse, Tensor counts)")
    .doc("The first of each run of equal elements, the run of each element of self, and the length of each.")
    .grads("", no_derivative);

OP("_unique_rows(Tensor self, bool sorted) -> (Tensor indices, Tensor inverse, Tensor counts)")
    .doc("For each distinct row of a matrix in order, or else for each run of equal rows: the index of one and their "
         "count. Inverse gives the number of its row or run for each row of self.");

}  // namespace
}  // namespace bestiary::ops
