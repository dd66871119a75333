// Matrix products in kernels of our own: for any layout and floating type, on any processor.
#pragma once

#include "core/dtype.h"

namespace bestiary::cpu {

// c[m, n] = a[m, k] * b[k, n] (+ bias[n]) (+ c), all of one dtype. Strides in elements; the columns of c lie side by side.
struct Product {
    DType dtype;
    int64_t m, n, k;
    const char* a;
    int64_t a_row, a_col;
    const char* b;
    int64_t b_row, b_col;
    char* c;
    int64_t c_row;
    const char* bias = nullptr;
    bool accumulate = false;
};

// For floating types; threads share large ones unless the caller is in a parallel loop already.
void gemm(const Product& p);
// The portable loop for integers, which wrap.
void integer_product(const Product& p);

}  // namespace bestiary::cpu
