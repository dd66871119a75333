// Kernels that are compiled once per instruction set.
//
// Note [Kernel tables]
// The kernels of a family, apart from elementwise loops (cpu/loops.h), are a struct of typed function pointers in
// isa/<family>.h, where the arguments have names and types:
//
//     template <class T>
//     struct LayerNormKernels {
//         void (*forward)(const LayerNormRows<T>& rows);
//         void (*backward)(const LayerNormGradients<T>& rows);
//     };
//
// isa/<family>.cpp provides the struct for its instruction set, and drivers call the best that the processor has:
//
//     LOOPS { provide(LayerNormKernels<float>{forward<float>, backward<float>}); }
//     kernels<LayerNormKernels<float>>().forward(rows);
//
// A table is known by the name of its type, since each instruction set has type_info objects of its own.
//
// Rules of csrc/cpu/isa: each file there is compiled once per instruction set into the namespace ISA. It may
// include this header, cpu/loops.h, isa/*.h and functors/*.h only, so that no inline function of a wider instruction
// set leaks into the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <typeinfo>

namespace bestiary::cpu {

enum class IsaLevel : uint8_t { baseline, avx2, avx512 };
constexpr const char* kIsaNames[] = {"baseline", "avx2", "avx512"};

// The best instruction set of this processor, or a lower one that BESTIARY_ISA in the environment names.
IsaLevel supported_isa();

// Copies the table; the highest level that the processor supports is kept.
void register_table(const char* type, IsaLevel level, const void* table, size_t size);
const void* find_table(const char* type);

template <class Table>
const Table& kernels() {
    static const Table& best = *static_cast<const Table*>(find_table(typeid(Table).name()));
    return best;
}

}  // namespace bestiary::cpu
