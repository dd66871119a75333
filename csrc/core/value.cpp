#include "core/value.h"

#include "core/random.h"

namespace bestiary {

template <class T>
static const T* copy_of(const T* from, uint32_t n) {
    T* copy = new T[n + 1]();  // one more, so that a string stays terminated
    std::copy_n(from, n, copy);
    return copy;
}

OwnedValue::OwnedValue(const Value& v) : value_(v) {
    switch (v.tag) {
        case Tag::Tensor: v.t->retain(); break;
        case Tag::Generator: v.generator->retain(); break;
        case Tag::Ints: value_.ints = copy_of(v.ints, v.length); break;
        case Tag::Floats: value_.floats = copy_of(v.floats, v.length); break;
        case Tag::Str: value_.s = copy_of(v.s, v.length); break;
        case Tag::Tensors:
            value_.tensors = copy_of(v.tensors, v.length);
            for (uint32_t k = 0; k < v.length; ++k)
                if (v.tensors[k]) v.tensors[k]->retain();
            break;
        default: break;
    }
}

void OwnedValue::clear() {
    switch (value_.tag) {
        case Tag::Tensor: Ptr<TensorImpl>::adopt(value_.t).reset(); break;
        case Tag::Generator: Ptr<Generator>::adopt(value_.generator).reset(); break;
        case Tag::Ints: delete[] value_.ints; break;
        case Tag::Floats: delete[] value_.floats; break;
        case Tag::Str: delete[] value_.s; break;
        case Tag::Tensors:
            for (uint32_t k = 0; k < value_.length; ++k) Ptr<TensorImpl>::adopt(value_.tensors[k]).reset();
            delete[] value_.tensors;
            break;
        default: break;
    }
    value_ = Value();
}

std::ostream& operator<<(std::ostream& out, const Value& v) {
    switch (v.tag) {
        case Tag::None: return out << "None";
        case Tag::Bool: return out << (v.b ? "True" : "False");
        case Tag::Int: return out << v.i;
        case Tag::Float: return out << v.f;
        case Tag::Tensor: return out << "Tensor" << v.t->sizes;
        case Tag::Ints: return out << Dims(v.int_list());
        case Tag::Floats: return out << "(" << v.length << " floats)";
        case Tag::Tensors: return out << "(" << v.length << " tensors)";
        case Tag::Str: return out << "'" << v.str() << "'";
        case Tag::DType: return out << v.dtype;
        case Tag::Device: return out << v.device;
        case Tag::Generator: return out << "Generator";
        case Tag::Object: return out << "object";
    }
    return out;
}

}  // namespace bestiary
