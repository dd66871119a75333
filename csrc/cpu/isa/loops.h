// Registers the loops and kernels of an instruction set, for example LOOPS { provide(ScanKernels<float>{sum_row}); }.
#pragma once

#include <cmath>
#include <cstring>

#include "cpu/loops.h"
#include "functors/functor.h"

namespace bestiary::cpu::ISA {

using functors::All;
using functors::Floats;
using functors::Types;

template <class T>
inline T load(const char* p) {
    return *reinterpret_cast<const T*>(p);
}

// The function's address goes to a section of its own, which cpu/loops.cpp walks if the processor supports this
// instruction set. No static constructor runs.
#define BESTIARY_TEXT_(x) #x
#define BESTIARY_TEXT(x) BESTIARY_TEXT_(x)
#define LOOPS                                                                                     \
    void register_loops();                                                                        \
    [[gnu::used, gnu::section("loops_" BESTIARY_TEXT(ISA))]] void (*const entry)() = register_loops; \
    void register_loops()

// Makes the kernels of a family known for this instruction set: see Note [Kernel tables].
template <class Table>
void provide(const Table& table) {
    register_table(typeid(Table).name(), IsaLevel::ISA, &table, sizeof(Table));
}

}  // namespace bestiary::cpu::ISA
