// Counting and listing bytes that are true.
#include "cpu/isa/nonzero.h"

#include <algorithm>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

typedef uint8_t Bytes __attribute__((vector_size(kVecBytes)));

// Lanes of one byte count up to 255 vectors.
int64_t count_true(const uint8_t* p, int64_t n) {
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
    return total;
}

// Each position is written where the next is expected, so that no branch depends on the bytes.
void list_true(int64_t* out, const uint8_t* p, int64_t n, int64_t first) {
    for (int64_t i = 0, found = 0; found < n; ++i) {
        out[found] = first + i;
        found += p[i] != 0;
    }
}

LOOPS { provide(NonzeroKernels{count_true, list_true}); }

}  // namespace
}  // namespace bestiary::cpu::ISA
