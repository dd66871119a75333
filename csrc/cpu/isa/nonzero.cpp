// Counting and listing what is true.
#include <algorithm>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

typedef uint8_t Bytes __attribute__((vector_size(kVecBytes)));

// data = {the count, an int64; bytes}. Lanes of one byte count up to 255 vectors.
void count_true(char* const* data, const int64_t*, int64_t n, const double*) {
    const uint8_t* p = reinterpret_cast<const uint8_t*>(data[1]);
    int64_t total = 0;
    while (n >= kVecBytes) {
        Bytes lanes{};
        const int64_t vectors = std::min<int64_t>(n / kVecBytes, 255);
        for (int64_t i = 0; i < vectors; ++i, p += kVecBytes) {
            Bytes v;
            std::memcpy(&v, p, sizeof v);
            lanes -= v != Bytes{};
        }
        n -= vectors * kVecBytes;
        for (int i = 0; i < kVecBytes; ++i) total += lanes[i];
    }
    for (int64_t i = 0; i < n; ++i) total += p[i] != 0;
    *reinterpret_cast<int64_t*>(data[0]) = total;
}

// data = {places, int64s; bytes}: the places of the first n bytes that are true, the first byte's being params[0].
// Each place is written where the next is expected, so that nothing depends on a guess which bytes are true.
void list_true(char* const* data, const int64_t*, int64_t n, const double* params) {
    int64_t* out = reinterpret_cast<int64_t*>(data[0]);
    const uint8_t* p = reinterpret_cast<const uint8_t*>(data[1]);
    const int64_t first = static_cast<int64_t>(params[0]);
    for (int64_t i = 0, found = 0; found < n; ++i) {
        out[found] = first + i;
        found += p[i] != 0;
    }
}

LOOPS {
    register_loop("nonzero.count", DType::Bool, IsaLevel::ISA, count_true);
    register_loop("nonzero.list", DType::Bool, IsaLevel::ISA, list_true);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
