// Running an op.
#pragma once

#include <algorithm>
#include <array>

#include "core/elementwise.h"
#include "core/op.h"
#include "core/state.h"

namespace bestiary {

// Runs `op` with every argument present, in the order of its schema.
void dispatch(const Op& op, Args args, Results& results);
Tensor dispatch(const Op& op, Args args);

// core knows no graph and no Python: the layers above install what it must call.
struct Hooks {
    // A differentiable op has run on a tensor that requires a gradient.
    void (*record)(const Op& op, Args args, Results& results) = nullptr;
    // An op is about to write self, its first argument: the op's node, if the graph needs one. It has written it.
    Ptr<NodeBase> (*before_write)(const Op& op, Args args) = nullptr;
    void (*after_write)(const Ptr<NodeBase>& node, const Tensor& self) = nullptr;
    // Around kernels that are long enough to let other threads in.
    void* (*unlock)() = nullptr;
    void (*lock)(void*) = nullptr;
};
extern Hooks hooks;

bool requires_grad(Args args);

template <size_t N>
struct FixedString {
    char text[N];
    consteval FixedString(const char (&s)[N]) { std::copy_n(s, N, text); }
};

// Every way in which C++ calls ops, noted while the library loads, for check_declarations to compare with the schemas.
struct CallSite {
    CallSite(const char* name, size_t given) { OpTable::get().add_call(name, given); }
};
template <FixedString Name, size_t Given>
inline const CallSite call_site{Name.text, Given};

// Calls an op of the table from C++: Call<"mul">()(a, 2.0). Arguments left out take the schema's defaults.
template <FixedString Name>
struct Call {
    static const Op& op() {
        static const Op& found = OpTable::get().at(Name.text);
        return found;
    }
    template <class... A>
    Results all(const A&... given) const {
        static_assert(sizeof...(A) <= kMaxParams, "more arguments than any op takes");
        (void)&call_site<Name, sizeof...(A)>;
        Results results;
        run(results, {Value(given)...});
        return results;
    }
    template <class... A>
    Tensor operator()(const A&... given) const {
        return std::move(all(given...)[0]);
    }

private:
    static void run(Results& results, std::initializer_list<Value> given) {
        const std::vector<Param>& params = op().schema.params;
        if (given.size() == params.size())
            return dispatch(op(), Args(given.begin(), static_cast<int>(given.size())), results);
        std::array<Value, kMaxParams> values;
        size_t i = 0;
        for (const Value& v : given) values[i++] = v;
        for (; i < params.size(); ++i) values[i] = params[i].fallback.get();
        dispatch(op(), Args(values.data(), static_cast<int>(params.size())), results);
    }
};

}  // namespace bestiary
