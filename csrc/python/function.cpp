// The Python callable of an op name: one object serves as engine.add and as Tensor.add.
#include <Python.h>
#include <structmember.h>

#include "python/wrap.h"

namespace bestiary::python {
namespace {

struct PyFunction {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    const std::vector<Op*>* overloads;
    PyObject* name;
};

const std::vector<Op*>& overloads_of(PyObject* self) { return *reinterpret_cast<PyFunction*>(self)->overloads; }

PyObject* call(PyObject* self, PyObject* const* args, size_t flags, PyObject* names) {
    return call_overloads(overloads_of(self), args, static_cast<size_t>(PyVectorcall_NARGS(flags)), names);
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

PyObject* repr(PyObject* self) {
    return PyUnicode_FromFormat("<op %U>", reinterpret_cast<PyFunction*>(self)->name);
}

PyObject* get_doc(PyObject* self, void*) {
    std::string text;
    for (const Op* op : overloads_of(self)) text += "``" + op->schema.text + "``\n\n" + op->doc_text + "\n\n";
    return PyUnicode_FromString(text.c_str());
}

PyObject* get_schemas(PyObject* self, void*) {
    PyObject* list = PyTuple_New(static_cast<Py_ssize_t>(overloads_of(self).size()));
    Py_ssize_t i = 0;
    for (const Op* op : overloads_of(self))
        PyTuple_SET_ITEM(list, i++, py::cast(&op->schema, py::return_value_policy::reference).release().ptr());
    return list;
}

PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("engine"); }

PyObject* reduce(PyObject* self, PyObject*) { return Py_NewRef(reinterpret_cast<PyFunction*>(self)->name); }

PyTypeObject* make_type() {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(PyFunction, vectorcall), READONLY, nullptr},
        {"__name__", T_OBJECT, offsetof(PyFunction, name), READONLY, nullptr},
        {"__qualname__", T_OBJECT, offsetof(PyFunction, name), READONLY, nullptr},
        {}};
    static PyGetSetDef getters[] = {
        {"__doc__", get_doc, nullptr, nullptr, nullptr},
        {"__module__", get_module, nullptr, nullptr, nullptr},
        {"schemas", get_schemas, nullptr, "The declarations in the op table, one per overload.", nullptr},
        {}};
    static PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};
    static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                  {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                                  {Py_tp_repr, reinterpret_cast<void*>(repr)},
                                  {Py_tp_members, members},
                                  {Py_tp_getset, getters},
                                  {Py_tp_methods, methods},
                                  {}};
    static PyType_Spec spec = {"engine.OpFunction", sizeof(PyFunction), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                                   Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

bool is_method(const std::vector<Op*>& overloads) {
    const std::vector<Param>& params = overloads[0]->schema.params;
    return !params.empty() && params[0].name == "self" &&
           (params[0].kind == Kind::Tensor || params[0].kind == Kind::Operand);
}

}  // namespace

PyObject* make_function(const std::string& name, const std::vector<Op*>& overloads) {
    static PyTypeObject* type = make_type();
    PyFunction* function = PyObject_New(PyFunction, type);
    function->vectorcall = call;
    function->overloads = &overloads;
    function->name = PyUnicode_InternFromString(name.c_str());
    return reinterpret_cast<PyObject*>(function);
}

void bind_ops(py::module_& m) {
    const py::handle type(reinterpret_cast<PyObject*>(tensor_type));
    py::list names, methods;
    for (const auto& [name, overloads] : OpTable::get().by_name()) {
        const py::object function = steal(make_function(name, overloads));
        m.attr(name.c_str()) = function;
        names.append(name);
        if (!is_method(overloads)) continue;
        type.attr(name.c_str()) = function;
        methods.append(name);
    }
    m.attr("op_names") = names;
    m.attr("method_names") = methods;
}

}  // namespace bestiary::python
