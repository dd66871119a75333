#include "core/signature.h"

namespace bestiary {

static bool stands_for(const ParamType& type, const Param& param) {
    if (type.any) return true;
    const bool accepted = type.none == ParamType::None::Accepted;
    return type.kind == param.kind && type.object == param.object &&
           (type.none == ParamType::None::Either || accepted == param.optional);
}

void check_signature(const Schema& schema, const char* what, Signature types, bool all) {
    const std::vector<Param>& params = schema.params;
    check_as(ErrorKind::Value, types.size() <= params.size() && (!all || types.size() == params.size()),
             schema.full_name(), ": ", what, " has ", types.size(), " parameters, the schema ", params.size());
    for (size_t i = 0; i < types.size(); ++i)
        check_as(ErrorKind::Value, stands_for(types[i], params[i]), schema.full_name(), ": ", what, " takes '",
                 params[i].name, "' as ", type_name(types[i].kind, types[i].object),
                 types[i].none == ParamType::None::Accepted ? "?" : "", ", the schema says ", params[i].type());
}

}  // namespace bestiary
