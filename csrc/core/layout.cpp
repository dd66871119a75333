#include "core/layout.h"

#include <sched.h>

#include "core/dispatch.h"

namespace bestiary {

void to_row_major(const Tensor& t) {
    if (!t->engine_layout) [[likely]] return;
    const Outside outside;
    const Tensor packed = Call<"_pack">()(t, contiguous_strides(t.sizes()));
    if (!t->engine_layout) return;  // another thread did it while the copy ran without the lock
    while (t->readers.load(std::memory_order_acquire) > 0) sched_yield();
    packed->storage->take_over_version(*t->storage);
    t->storage = packed->storage;
    t->strides = packed.strides();
    t->offset = 0;
    t->contiguous = true;
    t->engine_layout = false;
}

}  // namespace bestiary
