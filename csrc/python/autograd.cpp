// The graph from Python: backward passes, modes, hooks, nodes, custom functions.
#include <pybind11/stl.h>

#include "autograd/anomaly.h"
#include "autograd/engine.h"
#include "autograd/record.h"
#include "core/layout.h"
#include "python/function.h"

namespace bestiary::python {
namespace {

// A node as Python sees it.
struct NodeHandle {
    Ptr<Node> node;
};

// A node whose gradient is written in Python: of engine.autograd.Function, whose context knows the rest.
class PythonNode final : public Node {
public:
    PythonNode(std::string name, py::object context, Tensors inputs)
        : name_(std::move(name)), context_(std::move(context)),
          fills_missing_(context_.attr("_materialize").cast<bool>()) {
        for (const Tensor& t : inputs) edges_.push_back(t.defined() ? gradient_edge(t) : Edge());
    }
    ~PythonNode() override {
        const py::gil_scoped_acquire gil;
        context_ = py::object();
    }
    std::string name() const override { return name_; }
    std::span<const Edge> edges() const override { return edges_; }
    bool fills_missing() const override { return fills_missing_; }
    void release_saved() override { context_.attr("_release")(); }

    void backward(Results& grads, GradSink& sink) override {
        py::tuple arguments(grads.size() + 1);
        arguments[0] = py::cast(NodeHandle{Ptr<Node>(this)});
        for (int i = 0; i < grads.size(); ++i) arguments[i + 1] = py::cast(grads[i]);
        const py::object answer = context_.attr("_backward")(*arguments);
        const py::tuple given = py::isinstance<py::tuple>(answer) ? py::tuple(answer) : py::make_tuple(answer);
        check_count(given);
        for (size_t i = 0; i < edges_.size(); ++i)
            if (edges_[i].node && !given[i].is_none()) give(i, given[i], sink);
    }

private:
    // More are accepted if they are None: of arguments left to their defaults.
    void check_count(const py::tuple& given) const {
        bool fits = given.size() >= edges_.size();
        for (size_t i = edges_.size(); i < given.size(); ++i) fits = fits && given[i].is_none();
        check(fits, name_, ".backward: expected ", edges_.size(), " gradients, one per input, got ", given.size());
    }
    void give(size_t i, const py::object& given, GradSink& sink) const {
        check_as(ErrorKind::Type, is_tensor(given.ptr()), name_, ".backward: gradient ", i,
                 ": expected Tensor or None, got ", Py_TYPE(given.ptr())->tp_name);
        const ResultInfo& wanted = edges_[i].node->result(static_cast<int>(edges_[i].index));
        Tensor grad = unwrap(given.ptr());
        check(broadcast(wanted.sizes, grad.sizes()) == grad.sizes(), name_, ".backward: gradient ", i, " has shape ",
              grad.sizes(), ", the input has ", wanted.sizes);
        if (!(grad.sizes() == wanted.sizes)) grad = Call<"sum_to_size">()(grad, wanted.sizes);
        if (grad.dtype() != wanted.dtype) grad = Call<"to.dtype">()(grad, wanted.dtype);
        sink.give(edges_[i], std::move(grad));
    }

    std::string name_;
    py::object context_;
    bool fills_missing_;
    std::vector<Edge> edges_;
};

// A tensor saved by a Python node, as the node's result: differentiable again.
Tensor as_result(const Tensor& saved, NodeHandle& handle, int64_t index) {
    Tensor t = detach(saved);
    t->grad_fn = Ptr<NodeBase>(handle.node.get());
    t->output_index = static_cast<uint32_t>(index);
    t->requires_grad = true;
    return t;
}

// Makes `outputs`, computed outside the graph, the results of a Python node.
void link_function(std::string_view name, py::object context, std::optional<Tensors> inputs, Tensors outputs) {
    for (const Tensor& t : *inputs)
        if (t.defined()) refresh_view(t);  // before the node is made: what it consumes must be older
    Ptr<Node> node(new PythonNode(std::string(name), std::move(context), *inputs));
    for (const Tensor& t : outputs) {
        t->output_index = node->add_result(t);
        t->grad_fn = Ptr<NodeBase>(node.get());
        t->requires_grad = true;
    }
}

py::object node_handle(const Edge& edge) {
    return edge.node ? py::cast(NodeHandle{edge.node}) : py::none();
}

GradHook python_hook(py::object hook) {
    return [hook = std::move(hook)](const Tensor& grad) {
        const py::object answer = hook(grad);
        return answer.is_none() ? Tensor() : answer.cast<Tensor>();
    };
}

py::object or_none(const Tensor& t) { return t.defined() ? py::cast(t) : py::none(); }

template <class List>
py::tuple as_tuple(const List& grads, size_t count) {
    py::tuple tuple(count);
    for (size_t i = 0; i < count; ++i) tuple[i] = or_none(grads[static_cast<int>(i)]);
    return tuple;
}

// Puts what a node's hook returned, if it did, in the place of its gradients.
template <class List>
void replace_gradients(const py::object& answer, List& grads, size_t count) {
    if (answer.is_none()) return;
    const py::tuple given = py::isinstance<Tensor>(answer) || is_tensor(answer.ptr()) ? py::make_tuple(answer)
                                                                                      : py::tuple(answer);
    check(given.size() == count, "hook: expected ", count, " gradients, got ", given.size());
    for (size_t i = 0; i < count; ++i)
        grads[static_cast<int>(i)] = given[i].is_none() ? Tensor() : given[i].template cast<Tensor>();
}

BeforeHook before_hook(py::object hook) {
    return [hook = std::move(hook)](Results& grads) {
        const auto count = static_cast<size_t>(grads.size());
        replace_gradients(hook(as_tuple(grads, count)), grads, count);
    };
}

AfterHook after_hook(py::object hook) {
    return [hook = std::move(hook)](std::vector<Tensor>& inputs, const Results& results) {
        const size_t count = inputs.size();
        const py::tuple given = as_tuple(results, static_cast<size_t>(results.size()));
        replace_gradients(hook(as_tuple(inputs, count), given), inputs, count);
    };
}

// A tensor packed by a function of Python's, and the function that unpacks it.
class PythonPacked final : public PackedTensor {
public:
    PythonPacked(py::object packed, py::object unpack) : packed_(std::move(packed)), unpack_(std::move(unpack)) {}
    ~PythonPacked() override {
        const py::gil_scoped_acquire gil;
        packed_ = unpack_ = py::object();
    }
    Tensor unpack() const override {
        const py::gil_scoped_acquire gil;
        const py::object answer = unpack_(packed_);
        check_as(ErrorKind::Type, is_tensor(answer.ptr()), "saved_tensors_hooks: unpack_hook: expected Tensor, got ",
                 Py_TYPE(answer.ptr())->tp_name);
        return unwrap(answer.ptr());
    }

private:
    py::object packed_, unpack_;
};

py::dict metadata_of(Node& node) {
    std::shared_ptr<void>& held = node.extras().metadata;
    if (!held) {
        const auto let_go = [](void* dict) {
            const py::gil_scoped_acquire gil;
            Py_DECREF(static_cast<PyObject*>(dict));
        };
        held = std::shared_ptr<void>(py::dict().release().ptr(), let_go);
    }
    return py::reinterpret_borrow<py::dict>(static_cast<PyObject*>(held.get()));
}

std::shared_ptr<const PackedTensor> pack_with_python(const Tensor& t) {
    const py::gil_scoped_acquire gil;
    const py::tuple hooks = engine_function("autograd.graph", "_current_hooks")();
    return std::make_shared<PythonPacked>(hooks[0](t), hooks[1]);
}

// The innermost line of Python outside this package, for anomaly mode.
std::string python_trace() {
    return engine_function("autograd.anomaly", "current_line")().cast<std::string>();
}

// A function that returns a mode, and one that sets it and returns the former.
template <bool ThreadState::*Flag>
void bind_mode(py::module_& m, const char* getter, const char* setter) {
    def(m, getter, [] { return thread_state.*Flag; });
    def(m, setter, [](bool on) { return std::exchange(thread_state.*Flag, on); }, "Returns the former mode.");
}

void bind_passes(py::module_& m) {
    def(m, "_backward(Tensor[] tensors, Tensor[]? gradient, Tensor[] inputs, bool retain_graph, bool create_graph) -> "
           "None",
        [](Tensors roots, std::optional<Tensors> grads, Tensors inputs, bool retain_graph, bool create_graph) {
            run_backward(roots, grads.value_or(Tensors()), inputs, {retain_graph, create_graph, true});
        });
    def(m, "_grad(Tensor[] outputs, Tensor[]? grad_outputs, Tensor[] inputs, bool retain_graph, bool create_graph, "
           "bool allow_unused) -> list[Tensor | None]",
        [](Tensors roots, std::optional<Tensors> grads, Tensors inputs, bool retain_graph, bool create_graph,
           bool allow_unused) {
            return gradients(roots, grads.value_or(Tensors()), inputs, {retain_graph, create_graph, allow_unused});
        });
}

uint64_t add_accumulate_hook(const Tensor& t, py::function hook) {
    static uint64_t last_id = 0;
    leaf_node(t).after_accumulate.emplace_back(++last_id, [hook = std::move(hook)] { hook(); });
    return last_id;
}

void bind_hooks(py::module_& m) {
    def(m, "_register_hook(Tensor self, function hook) -> int",
        [](const Tensor& t, py::function hook) { return add_hook(t, python_hook(std::move(hook))); });
    def(m, "_remove_hook(Tensor self, int id) -> None", [](const Tensor& t, int64_t id) {
        if (t->grad_fn) remove_hook(*node_of(t), static_cast<uint64_t>(id));
    });
    def(m, "_add_accumulate_hook(Tensor self, function hook) -> int", add_accumulate_hook);
    def(m, "_remove_accumulate_hook(Tensor self, int id) -> None", [](const Tensor& t, int64_t id) {
        std::erase_if(leaf_node(t).after_accumulate,
                      [id](const auto& entry) { return entry.first == static_cast<uint64_t>(id); });
    });
    def(m, "_set_saving_hooks(bool on) -> None", [](bool on) { pack_saved = on ? pack_with_python : nullptr; });
}

// Puts other memory behind a leaf tensor.
void set_data(const Tensor& t, const Tensor& data) {
    to_row_major(data);
    t->engine_layout = false;
    t->storage = data->storage;
    t->offset = data->offset;
    t->numel = data->numel;
    t->sizes = data.sizes();
    t->strides = data.strides();
    t->dtype = data.dtype();
    t->contiguous = data->contiguous;
    leaf_node(t).first_result = {t.sizes(), t.dtype(), t.device()};
}

// An object of a subclass of Tensor.
py::object as_subclass(py::handle type, Tensor t) {
    auto* const subclass = reinterpret_cast<PyTypeObject*>(type.ptr());
    check_as(ErrorKind::Type, PyType_IsSubtype(subclass, tensor_type), "cls: expected a subclass of Tensor, got ",
             py::repr(type).cast<std::string>());
    return steal(wrap_as(subclass, std::move(t)));
}

void bind_tensors_of_the_graph(py::module_& m) {
    def(m, "_retain_grad(Tensor self) -> None", &retain_grad);
    def(m, "_detach_(Tensor self) -> None", &detach_in_place);
    def(m, "_set_data(Tensor self, Tensor data) -> None", set_data);
    def(m, "_make_subclass(type cls, Tensor data, bool requires_grad) -> Tensor",
        [](py::type type, const Tensor& data, bool requires_grad) {
            to_row_major(data);
            Tensor t = detach(data);
            set_requires_grad(t, requires_grad);
            return as_subclass(type, std::move(t));
        }, "A new tensor over the same memory whose class is ``cls``, a subclass of Tensor.");
    def(m, "_as_subclass(Tensor self, type cls) -> Tensor",
        [](const Tensor& self, py::type type) { return as_subclass(type, Call<"alias">()(self)); },
        "A view of the tensor, known to the graph, whose class is ``cls``.");
    def(m, "_output_index(Tensor self) -> int",
        [](const Tensor& t) { return is_leaf(t) ? 0 : gradient_edge(t).index; });
    def(m, "_gradient_edge(Tensor self) -> tuple[Node, int]", [](const Tensor& t) {
        const Edge edge = gradient_edge(t);
        return py::make_tuple(node_handle(edge), edge.index);
    });
    def(m, "_grad_fn(Tensor self) -> Node | None", [](const Tensor& t) {
        const Edge edge = gradient_edge(t);
        return edge.node && !edge.node->is_leaf ? node_handle(edge) : py::none();
    });
}

py::tuple next_functions(const NodeHandle& h) {
    py::list next;
    for (const Edge& edge : h.node->edges()) next.append(py::make_tuple(node_handle(edge), edge.index));
    return py::tuple(next);
}

}  // namespace

template <>
inline constexpr const char* kClassName<NodeHandle> = "Node";

namespace {

void bind_node(py::module_& m) {
    auto type = bind_class<NodeHandle>(m, "A step of the graph.");
    def(type, "name(Node self) -> str", [](NodeHandle& h) { return h.node->name(); }, "The op that ran.");
    def(type, "_register_hook(Node self, function fn) -> int",
        [](NodeHandle& h, py::function hook) { return add_after_hook(*h.node, after_hook(std::move(hook))); });
    def(type, "_register_prehook(Node self, function fn) -> int",
        [](NodeHandle& h, py::function hook) { return add_before_hook(*h.node, before_hook(std::move(hook))); });
    def(type, "_remove_hook(Node self, int id) -> None",
        [](NodeHandle& h, int64_t id) { remove_hook(*h.node, static_cast<uint64_t>(id)); });
    def(m, "_link_function(str name, object context, Tensor[]? inputs, Tensor[] outputs) -> None", link_function,
        "Makes ``outputs`` the results of a node whose gradient is written in Python.");
    def(m, "_as_result(Tensor saved, Node node, int index) -> Tensor", as_result);
    type.def_property_readonly("next_functions", next_functions,
                               "The nodes that this one hands gradients to, each with the index of its result.")
        .def_property_readonly("metadata", [](const NodeHandle& h) { return metadata_of(*h.node); },
                               "A dict for notes, which lives as long as the step does.")
        .def("__eq__", [](const NodeHandle& a, const NodeHandle& b) { return a.node == b.node; }, py::is_operator())
        .def("__hash__", [](const NodeHandle& h) { return reinterpret_cast<size_t>(h.node.get()); })
        .def("__repr__", [](const NodeHandle& h) { return "<Node " + h.node->name() + ">"; });
}

}  // namespace

void bind_autograd(py::module_& m) {
    current_trace = python_trace;
    bind_mode<&ThreadState::grad_mode>(m, "is_grad_enabled() -> bool", "_set_grad_enabled(bool mode) -> bool");
    bind_mode<&ThreadState::inference_mode>(m, "is_inference_mode_enabled() -> bool",
                                            "_set_inference_mode(bool mode) -> bool");
    def(m, "is_anomaly_enabled() -> bool", [] { return thread_state.anomaly_mode; });
    def(m, "_set_anomaly_enabled(bool mode) -> bool", &set_anomaly_mode, "Returns the former mode.");
    bind_passes(m);
    bind_hooks(m);
    bind_tensors_of_the_graph(m);
    bind_node(m);
}

}  // namespace bestiary::python
