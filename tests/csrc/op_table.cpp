// Errors of a declaration are stored and raised on request, with the name of the op.
#include <cstdio>
#include <string>

#include "core/dispatch.h"

using namespace bestiary;

namespace {

int failures = 0;

void expect(const std::string& found, const std::string& wanted) {
    if (found.find(wanted) != std::string::npos) return;
    std::fprintf(stderr, "expected '%s' in '%s'\n", wanted.c_str(), found.c_str());
    ++failures;
}

std::string complaint() {
    try {
        OpTable::get().check_declarations();
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

Tensor no_gradient(const Backward&) { return {}; }

}  // namespace

int main() {
    expect(complaint(), "none");
    op("once(Tensor self) -> Tensor").elementwise(Promote::Common).grad("self", "self", no_gradient);
    expect(complaint(), "none");
    op("once(Tensor self) -> Tensor").doc("Again.").elementwise(Promote::Common).grad("self", "", no_gradient);
    expect(complaint(), "op 'once' is declared twice");
    expect(complaint(), "none");
    op("strange(Tensr self) -> Tensor").grad("self", "", no_gradient);
    expect(complaint(), "op schema 'strange(Tensr self) -> Tensor': unknown type");
    op("sloppy(Tensor self) -> Tensor").grad("other", "", no_gradient);
    expect(complaint(), "sloppy: gradient of unknown 'other'");
    op("vague(Tensor self) -> Tensor").grad("self", "them", no_gradient);
    expect(complaint(), "vague: gradient uses unknown 'them'");
    expect(OpTable::get().at("once_").doc_text, "In-place form of once");
    const CallSite too_many("once", 2);
    expect(complaint(), "once: called from C++ with 2 arguments, expected at most 1");
    op("pair(Tensor self, Tensor other, int n=1) -> Tensor");
    const CallSite enough("pair", 2), too_few("pair", 1);
    expect(complaint(), "pair: called from C++ without argument 'other'");
    const CallSite unknown("absent", 1);
    expect(complaint(), "there is no op 'absent'");
    op("typed(Tensor self, int n) -> Tensor").shape([](Meta&, const Tensor&, double) {});
    expect(complaint(), "typed: the shape rule takes 'n' as float, the schema says int");
    op("partial(Tensor self, int n) -> Tensor").compose([](const Tensor& self) { return self; });
    expect(complaint(), "partial: the composition has 1 parameters, the schema 2");
    op("nullable(Tensor self, int? n=None) -> Tensor");
    register_kernel<[](const KernelCall&, const Tensor&, int64_t) {}>(DeviceType::CPU, "nullable");
    expect(complaint(), "nullable: a kernel takes 'n' as int, the schema says int?");
    OpTable::get().add_kernel("missing", DeviceType::CPU, nullptr, {});
    expect(complaint(), "a kernel without an op: 'missing'");
    return failures != 0;
}
