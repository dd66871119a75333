// The type of floating results that nothing else decides.
#pragma once

#include <atomic>

#include "core/dtype.h"

namespace bestiary {

inline std::atomic<DType> default_dtype = DType::Float32;

}  // namespace bestiary
