// Kernels of every functor, as a device's elementwise ops would have them: tests/test_functors.py compiles them.
#pragma once

#include "functors/functor.h"

namespace bestiary::functors {

template <class F, class Out, class... In>
__global__ void kernel(const double* params, Out* out, const In*... in) {
    if constexpr (__is_constructible(F, const double*)) *out = F(params)(*in...);
    else *out = F()(*in...);
}

template <class F, class Out, class... In>
BESTIARY_HOST void instantiate_kernel(Out (*)(In...)) {
    void (*volatile address)(const double*, Out*, const In*...) = kernel<F, Out, In...>;
    (void)address;
}
template <class T, class... F>
BESTIARY_HOST void instantiate_choices(Choices<F...>) {
    (instantiate_kernel<F>(static_cast<UnarySignature<T>*>(nullptr)), ...);
}

template <class Op, class T>
BESTIARY_HOST void instantiate_type() {
    using F = typename Op::template Functor<T>;
    if constexpr (requires { typename F::Choices; }) instantiate_choices<T>(typename F::Choices());
    if constexpr (!ChosenByParams<F>) instantiate_kernel<F>(static_cast<typename Op::template Signature<T>*>(nullptr));
}
template <class Op, class... T>
BESTIARY_HOST void instantiate_types(Types<T...>) {
    (instantiate_type<Op, T>(), ...);
}
struct Instantiate {
    template <class Op>
    BESTIARY_HOST void operator()(const char*, Op) const {
        instantiate_types<Op>(typename Op::Domain());
    }
};

}  // namespace bestiary::functors
