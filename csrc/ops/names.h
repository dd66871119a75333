// The ops that C++ calls by name, and Python's operators for tensors.
#pragma once

#include "core/dispatch.h"

namespace bestiary::ops {

#define BESTIARY_NAME(name) inline constexpr Call<#name> name
#define BESTIARY_OVERLOAD(name, full) inline constexpr Call<full> name

// Copies and views
BESTIARY_NAME(alias);
BESTIARY_NAME(clone);
BESTIARY_NAME(contiguous);
BESTIARY_NAME(copy_);
BESTIARY_NAME(detach);
BESTIARY_NAME(expand);
BESTIARY_NAME(flatten);
BESTIARY_NAME(narrow);
BESTIARY_NAME(permute);
BESTIARY_NAME(reshape);
BESTIARY_NAME(select);
BESTIARY_NAME(slice);
BESTIARY_NAME(squeeze);
BESTIARY_NAME(sum_to_size);
BESTIARY_NAME(transpose);
BESTIARY_NAME(unsqueeze);
BESTIARY_OVERLOAD(cast, "to.dtype");

// Arithmetic
BESTIARY_NAME(add);
BESTIARY_NAME(add_);
BESTIARY_NAME(sub);
BESTIARY_NAME(mul);
BESTIARY_NAME(div);
BESTIARY_NAME(neg);
BESTIARY_NAME(exp);
BESTIARY_NAME(floor_divide);
BESTIARY_NAME(log);
BESTIARY_NAME(pow);

// Comparison and choice
BESTIARY_NAME(eq);
BESTIARY_NAME(ge);
BESTIARY_NAME(gt);
BESTIARY_NAME(le);
BESTIARY_NAME(lt);
BESTIARY_NAME(where);

#undef BESTIARY_NAME
#undef BESTIARY_OVERLOAD

inline Tensor operator+(const Value& a, const Value& b) { return add(a, b); }
inline Tensor operator-(const Value& a, const Value& b) { return sub(a, b); }
inline Tensor operator*(const Value& a, const Value& b) { return mul(a, b); }
inline Tensor operator/(const Value& a, const Value& b) { return div(a, b); }
inline Tensor operator-(const Value& a) { return neg(a); }

}  // namespace bestiary::ops
