// The Python callables of ops and of bound functions. That of an op serves as engine.add and as Tensor.add.
#include "python/function.h"

#include <structmember.h>

namespace bestiary::python {
namespace {

// Callee is Op or BoundFunction.
template <class Callee>
struct PyFunction {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    std::vector<Callee*> overloads;
    PyObject* name;
    PyObject* qualified_name;
};

template <class Callee>
std::vector<Callee*>& overloads_of(PyObject* self) {
    return reinterpret_cast<PyFunction<Callee>*>(self)->overloads;
}

PyObject* call_op(PyObject* self, PyObject* const* args, size_t flags, PyObject* names) {
    return call_overloads(overloads_of<Op>(self), args, static_cast<size_t>(PyVectorcall_NARGS(flags)), names);
}

PyObject* call_bound(PyObject* self, PyObject* const* args, size_t flags, PyObject* names) {
    const std::vector<BoundFunction*>& overloads = overloads_of<BoundFunction>(self);
    const size_t given = static_cast<size_t>(PyVectorcall_NARGS(flags));
    const size_t own = overloads[0]->constructs;  // the class, which Python passes to constructors
    return call_overloads(overloads, args + own, given - own, names);
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

template <class Callee>
PyObject* repr(PyObject* self) {
    const char* const format = std::is_same_v<Callee, Op> ? "<op %U>" : "<function %U>";
    return PyUnicode_FromFormat(format, reinterpret_cast<PyFunction<Callee>*>(self)->qualified_name);
}

template <class Callee>
PyObject* get_doc(PyObject* self, void*) {
    std::string text;
    for (const Callee* callee : overloads_of<Callee>(self))
        text += "``" + callee->schema.text + "``\n\n" + callee->doc_text + "\n\n";
    return PyUnicode_FromString(text.c_str());
}

template <class Callee>
PyObject* get_schemas(PyObject* self, void*) {
    PyObject* list = PyTuple_New(static_cast<Py_ssize_t>(overloads_of<Callee>(self).size()));
    Py_ssize_t i = 0;
    for (const Callee* callee : overloads_of<Callee>(self))
        PyTuple_SET_ITEM(list, i++,
                         py::cast(&callee->schema, py::return_value_policy::reference).release().ptr());
    return list;
}

PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("engine"); }

// Pickled by name.
template <class Callee>
PyObject* reduce(PyObject* self, PyObject*) {
    return Py_NewRef(reinterpret_cast<PyFunction<Callee>*>(self)->qualified_name);
}

template <class Callee>
PyTypeObject* function_type(const char* name) {
    using Object = PyFunction<Callee>;
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(Object, vectorcall), READONLY, nullptr},
        {"__name__", T_OBJECT, offsetof(Object, name), READONLY, nullptr},
        {"__qualname__", T_OBJECT, offsetof(Object, qualified_name), READONLY, nullptr},
        {}};
    static PyGetSetDef getters[] = {
        {"__doc__", get_doc<Callee>, nullptr, nullptr, nullptr},
        {"__module__", get_module, nullptr, nullptr, nullptr},
        {"schemas", get_schemas<Callee>, nullptr, "The declarations, one per overload.", nullptr},
        {}};
    static PyMethodDef methods[] = {{"__reduce__", reduce<Callee>, METH_NOARGS, nullptr}, {}};
    return make_callable_type(name, sizeof(Object), repr<Callee>, members, getters, methods);
}

template <class Callee>
py::object make_function(PyTypeObject* type, vectorcallfunc call, const std::string& name,
                         const std::string& qualified_name, std::vector<Callee*> overloads) {
    auto* const function = PyObject_New(PyFunction<Callee>, type);
    function->vectorcall = call;
    new (&function->overloads) std::vector<Callee*>(std::move(overloads));
    function->name = PyUnicode_InternFromString(name.c_str());
    function->qualified_name = PyUnicode_InternFromString(qualified_name.c_str());
    return steal(reinterpret_cast<PyObject*>(function));
}

bool is_method(const std::vector<Op*>& overloads) {
    const std::vector<Param>& params = overloads[0]->schema.params;
    return !params.empty() && params[0].name == "self" &&
           (params[0].kind == Kind::Tensor || params[0].kind == Kind::Operand);
}

// Instances come ready from `constructor`, so that there is nothing to initialise.
void set_constructor(py::handle type, const py::object& constructor) {
    type.attr("__new__") = constructor;
    type.attr("__init__") = py::handle(reinterpret_cast<PyObject*>(&PyBaseObject_Type)).attr("__init__");
}

}  // namespace

std::string BoundFunction::public_name() const {
    const std::string caller = schema.name[0] == '_' ? called_function() : "";
    return caller.empty() ? title : caller;
}

PyTypeObject* make_callable_type(const char* name, size_t size, reprfunc repr, PyMemberDef* members,
                                 PyGetSetDef* getters, PyMethodDef* methods) {
    PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                           {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                           {Py_tp_repr, reinterpret_cast<void*>(repr)},
                           {Py_tp_members, members},
                           {Py_tp_getset, getters},
                           {Py_tp_methods, methods},
                           {}};
    PyType_Spec spec = {name, static_cast<int>(size), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                            Py_TPFLAGS_DISALLOW_INSTANTIATION,
                        slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

void add_function(py::handle scope, const char* text, Signature params, std::function<PyObject*(Args)> run,
                  const char* doc) {
    static PyTypeObject* type = function_type<BoundFunction>("engine.BoundFunction");
    std::vector<const ObjectType*> objects;
    for (const ParamType& param : params)
        if (param.object) objects.push_back(param.object);
    Schema schema = Schema::parse(text, objects);
    check_signature(schema, "the function", params, true);
    const std::string name = schema.name;
    const std::string owner = PyType_Check(scope.ptr()) ? py::str(scope.attr("__name__")).cast<std::string>() : "";
    const bool constructs = name == owner;
    const std::string qualified_name = constructs || owner.empty() ? name : owner + "." + name;
    const std::string title = qualified_name.substr(name[0] == '_' && owner.empty());
    auto* const function = new BoundFunction{std::move(schema), doc, title, constructs, std::move(run)};
    const char* const key = constructs ? "__new__" : name.c_str();
    if (scope.attr("__dict__").contains(key))  // another overload
        return overloads_of<BoundFunction>(scope.attr(key).ptr()).push_back(function);
    const py::object made = make_function<BoundFunction>(type, call_bound, name, qualified_name, {function});
    if (constructs) set_constructor(scope, made);
    else scope.attr(key) = made;
}

void bind_ops(py::module_& m) {
    PyTypeObject* const type = function_type<Op>("engine.OpFunction");
    const py::handle tensor(reinterpret_cast<PyObject*>(tensor_type));
    py::list names, methods;
    for (const auto& [name, overloads] : OpTable::get().by_name()) {
        const py::object function = make_function<Op>(type, call_op, name, name, overloads);
        m.attr(name.c_str()) = function;
        names.append(name);
        if (!is_method(overloads)) continue;
        tensor.attr(name.c_str()) = function;
        methods.append(name);
    }
    m.attr("op_names") = names;
    m.attr("method_names") = methods;
}

}  // namespace bestiary::python
