// Matrix products of raw memory: any layout, any number type.
#pragma once

#include "core/dtype.h"

namespace bestiary::cpu {

// c[m, n] = a[m, k] * b[k, n] (+ bias[n]) (+ c), all of one dtype. Strides in elements; the columns of c lie side by
// side.
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

// The fastest way that this processor has. Threads share large products, unless this is in a parallel loop already.
void product(const Product& p);

// Our own blocked kernels, for floating types, and a plain loop for integers, which wrap.
void gemm(const Product& p);
void integer_product(const Product& p);
// How many threads a product is worth, of those there are.
int64_t threads_for(const Product& p);

}  // namespace bestiary::cpu
