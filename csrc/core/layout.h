// The layout that the engine chooses for results, and what programs see of it.
//
// Note [Engine layout]
// Where the backend prefers it, convolutions leave their results channels last, and what follows keeps that layout,
// though the program never asked for it: under PyTorch's rule such a result is row-major. So it carries the mark
// engine_layout. stride() and is_contiguous() answer for the row-major tensor that it stands for, and whatever shows
// its memory (a view, numpy(), data_ptr()) first brings it into row-major order, once, by to_row_major. No other tensor
// of the program can share the memory then, because a view would have done this before. The graph's saved aliases keep
// the former memory with its values. Marked strides are those of channels_last_strides, never row-major ones.
//
// The memory of a marked tensor must not be exchanged while a kernel reads it in another thread. Kernels that let go of
// Python's lock count themselves in `readers` of their marked arguments; to_row_major, which holds the lock, waits for
// them to finish.
#pragma once

#include "core/tensor.h"

namespace bestiary {

// Gives the tensor the row-major memory that programs expect behind it.
void to_row_major(const Tensor& t);

}  // namespace bestiary
