#include "cpu/loops.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "cpu/loop_table.h"

// The linker's names for the ends of the sections that LOOPS fills.
#define BESTIARY_SECTION(isa)                                                              \
    extern "C" [[gnu::weak, gnu::visibility("hidden")]] void (*const __start_loops_##isa[])(); \
    extern "C" [[gnu::weak, gnu::visibility("hidden")]] void (*const __stop_loops_##isa[])();
BESTIARY_SECTION(baseline)
BESTIARY_SECTION(avx2)
BESTIARY_SECTION(avx512)

namespace bestiary::cpu {

namespace {

IsaLevel isa_of_processor() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v4")) return IsaLevel::avx512;
    if (__builtin_cpu_supports("x86-64-v3")) return IsaLevel::avx2;
#endif
    return IsaLevel::baseline;
}

// So that the kernels of other processors can be tried on this one.
IsaLevel lowered(IsaLevel level) {
    const char* const wanted = std::getenv("BESTIARY_ISA");
    if (!wanted) return level;
    const std::string_view name = wanted;
    for (const IsaLevel known : {IsaLevel::baseline, IsaLevel::avx2, IsaLevel::avx512})
        if (name == kIsaNames[static_cast<int>(known)]) return std::min(level, known);
    fail(ErrorKind::Value, "BESTIARY_ISA: expected baseline, avx2 or avx512, got '", name, "'");
}

}  // namespace

IsaLevel supported_isa() {
    static const IsaLevel level = lowered(isa_of_processor());
    return level;
}

namespace {

struct KernelTable {
    IsaLevel level;
    std::unique_ptr<std::byte[]> functions;
};

struct Tables {
    std::map<std::string, LoopSet, std::less<>> ops;
    LoopSet casts[kDTypes];
    std::map<std::string, KernelTable, std::less<>> kernels;
};

Tables& tables() {
    static Tables* instance = new Tables;
    return *instance;
}

void run(void (*const* begin)(), void (*const* end)()) {
    for (; begin != end; ++begin) (*begin)();
}

// Registers the loops of every instruction set that this processor has.
const Tables& loaded_tables() {
    static const bool loaded = [] {
        run(__start_loops_baseline, __stop_loops_baseline);
        if (supported_isa() >= IsaLevel::avx2) run(__start_loops_avx2, __stop_loops_avx2);
        if (supported_isa() >= IsaLevel::avx512) run(__start_loops_avx512, __stop_loops_avx512);
        return true;
    }();
    (void)loaded;
    return tables();
}

void keep_best(LoopSet& set, DType dtype, IsaLevel level, Loop loop) {
    const int t = static_cast<int>(dtype);
    if (level > supported_isa() || (set.loops[t] && level < set.levels[t])) return;
    set.loops[t] = loop;
    set.levels[t] = level;
}

}  // namespace

void register_loop(const char* op, DType dtype, IsaLevel level, Loop loop) {
    keep_best(tables().ops[op], dtype, level, loop);
}

void register_cast(DType from, DType to, IsaLevel level, Loop loop) {
    keep_best(tables().casts[static_cast<int>(from)], to, level, loop);
}

void register_table(const char* type, IsaLevel level, const void* table, size_t size) {
    KernelTable& best = tables().kernels[type];
    if (best.functions && level < best.level) return;
    best = {level, std::make_unique<std::byte[]>(size)};
    std::memcpy(best.functions.get(), table, size);
}

const void* find_table(const char* type) {
    const auto& known = loaded_tables().kernels;
    const auto found = known.find(type);
    check_as(ErrorKind::NotImplemented, found != known.end(), "no kernels of type ", type);
    return found->second.functions.get();
}

Loop cast_loop(DType from, DType to) {
    return loaded_tables().casts[static_cast<int>(from)].loops[static_cast<int>(to)];
}

void division_by_zero() { fail(ErrorKind::Runtime, "other: integer division by zero"); }

const LoopSet* find_loops(std::string_view op) {
    const Tables& known = loaded_tables();
    const auto found = known.ops.find(op);
    return found == known.ops.end() ? nullptr : &found->second;
}

}  // namespace bestiary::cpu
