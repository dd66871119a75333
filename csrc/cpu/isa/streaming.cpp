// Copying past the caches.
#include "cpu/isa/streaming.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

#if defined(__x86_64__)
[[gnu::always_inline]] inline void stream_vector(char* to, const char* from) {
#if defined(__AVX512F__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to), _mm512_loadu_si512(from));
#elif defined(__AVX2__)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#else
    _mm_stream_si128(reinterpret_cast<__m128i*>(to), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#endif
}

// Writes vectors where the result is aligned.
void copy(char* const* data, const int64_t* strides, int64_t n, const double*) {
    char* to = data[0];
    const char* from = data[1];
    n *= strides[0];
    const int64_t head = -reinterpret_cast<intptr_t>(to) & (kVecBytes - 1);
    if (head >= n) return void(std::memcpy(to, from, static_cast<size_t>(n)));
    std::memcpy(to, from, static_cast<size_t>(head));
    int64_t i = head;
    for (; i + kVecBytes <= n; i += kVecBytes) stream_vector(to + i, from + i);
    std::memcpy(to + i, from + i, static_cast<size_t>(n - i));
}
#else
void copy(char* const* data, const int64_t* strides, int64_t n, const double*) {
    std::memcpy(data[0], data[1], static_cast<size_t>(n * strides[0]));
}
#endif

LOOPS { provide(StreamingKernels{copy}); }

}  // namespace
}  // namespace bestiary::cpu::ISA
