// Sharing memory with NumPy and, through DLPack, with everybody else. Nothing is copied.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "autograd/record.h"
#include "core/layout.h"
#include "python/dlpack.h"
#include "python/function.h"

namespace bestiary::python {
namespace {

// Keeps a Python object alive as long as a storage uses its memory.
std::function<void()> keep_alive(py::object owner) {
    PyObject* raw = owner.release().ptr();
    return [raw] {
        const PyGILState_STATE state = PyGILState_Ensure();
        Py_DECREF(raw);
        PyGILState_Release(state);
    };
}

// From the lowest address of a strided block, as negative strides put the first element last.
Tensor over_memory(char* first, Dims sizes, Dims strides, DType dtype, std::function<void()> release, bool writable) {
    int64_t low = 0, high = 0;
    for (int d = 0; d < sizes.size(); ++d) {
        const int64_t reach = (sizes[d] - 1) * strides[d];
        (reach < 0 ? low : high) += sizes[d] > 0 ? reach : 0;
    }
    const int64_t item = item_size(dtype);
    const size_t bytes = sizes.product() == 0 ? 0 : static_cast<size_t>((high - low + 1) * item);
    auto storage = Storage::borrow(first + low * item, bytes, std::move(release), writable);
    return Tensor(new TensorImpl(std::move(storage), std::move(sizes), std::move(strides), -low, dtype));
}

// Memory that was lent to somebody outside, until this is gone.
class Lent {
public:
    explicit Lent(const Tensor& t) : storage_(t->storage) { storage_->lend(); }
    ~Lent() { storage_->take_back(); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

private:
    Ptr<Storage> storage_;
};

void check_on_host(const Tensor& t) {
    check_as(ErrorKind::Type, t.device().type == DeviceType::CPU, "expected a tensor on the host, got one on ",
             t.device(), "; use .cpu()");
}

std::string numpy_name(DType t) { return dtype_name(t); }

py::object to_numpy(const Tensor& t) {
    const bool known = t.dtype() != DType::BFloat16 && !(is_floating(t.dtype()) && item_size(t.dtype()) == 1);
    check_as(ErrorKind::Type, known, "NumPy has no ", t.dtype(), "; use .float()");
    check(!requires_grad(Args(std::array{Value(t)}.data(), 1)),
          "a tensor that requires a gradient can't be shared; use .detach()");
    check_on_host(t);
    to_row_major(t);
    std::vector<py::ssize_t> shape, strides;
    for (int d = 0; d < t.dim(); ++d) {
        shape.push_back(t.sizes()[d]);
        strides.push_back(t.strides()[d] * item_size(t.dtype()));
    }
    const py::capsule owner(new Lent(t), [](void* lent) { delete static_cast<Lent*>(lent); });
    py::array array(py::dtype(numpy_name(t.dtype())), shape, strides, t.raw(), owner);
    if (!t->storage->writable()) array.attr("flags").attr("writeable") = false;
    return array;
}

constexpr uint8_t kInt = 0, kUInt = 1, kFloat = 2, kBFloat = 4, kBool = 6;

DLDataType dl_type(DType t) {
    const auto bits = static_cast<uint8_t>(item_size(t) * 8);
    if (t == DType::Bool) return {kBool, bits, 1};
    if (category(t) == Category::Int && !info(t).is_signed) return {kUInt, bits, 1};
    if (t == DType::BFloat16) return {kBFloat, bits, 1};
    return {is_floating(t) ? kFloat : kInt, bits, 1};
}

DType from_dl_type(DLDataType d) {
    for (int i = 0; i < kDTypes; ++i) {
        const DLDataType known = dl_type(static_cast<DType>(i));
        if (known.code == d.code && known.bits == d.bits && d.lanes == 1) return static_cast<DType>(i);
    }
    fail(ErrorKind::Type, "no tensor dtype for code ", int{d.code}, " with ", int{d.bits}, " bits and ",
         d.lanes, " lanes");
}

// The object that a DLPack consumer owns until it calls the deleter.
struct Exported {
    DLManagedTensor managed;
    Lent lent;
    Dims sizes, strides;
};

py::capsule to_dlpack(const Tensor& t) {
    if (requires_grad(Args(std::array{Value(t)}.data(), 1)))
        throw py::buffer_error("__dlpack__: a tensor that requires a gradient can't be shared; use .detach()");
    if (!t->storage->writable())
        throw py::buffer_error("__dlpack__: DLPack can't say that memory is read-only; use .clone()");
    check_on_host(t);
    to_row_major(t);
    Exported* out = new Exported{{}, Lent(t), t.sizes(), t.strides()};
    out->managed.dl_tensor = {t.raw(), {1, 0}, t.dim(), dl_type(t.dtype()), out->sizes.data(), out->strides.data(), 0};
    out->managed.manager_ctx = out;
    out->managed.deleter = [](DLManagedTensor* m) {
        const PyGILState_STATE state = PyGILState_Ensure();
        delete static_cast<Exported*>(m->manager_ctx);
        PyGILState_Release(state);
    };
    return py::capsule(&out->managed, "dltensor", [](PyObject* capsule) {
        if (!PyCapsule_IsValid(capsule, "dltensor")) return;  // consumed: the consumer deletes
        auto* m = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
        m->deleter(m);
    });
}

Tensor from_dlpack(py::object source) {
    const py::object capsule = py::hasattr(source, "__dlpack__") ? source.attr("__dlpack__")() : source;
    check_as(ErrorKind::Type, PyCapsule_IsValid(capsule.ptr(), "dltensor"),
             "expected an object with __dlpack__ or an unused capsule");
    auto* managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
    const DLTensor& d = managed->dl_tensor;
    check(d.device.device_type == 1, "expected memory of the CPU, got device type ", d.device.device_type);
    const DType dtype = from_dl_type(d.dtype);
    const Dims sizes(d.shape, d.ndim);
    const Dims strides = d.strides ? Dims(d.strides, d.ndim) : contiguous_strides(sizes);
    char* first = static_cast<char*>(d.data) + d.byte_offset;
    Tensor t = over_memory(
        first, sizes, strides, dtype,
        [managed] {
            if (managed->deleter) managed->deleter(managed);
        },
        true);
    PyCapsule_SetName(capsule.ptr(), "used_dltensor");
    return t;
}

// Part of the memory behind `bytes`, seen as elements of another type.
Tensor view_storage(const Tensor& bytes, DType dtype, Ints sizes, Ints strides, int64_t offset) {
    const Dims shape{sizes}, steps{strides};
    int64_t last = offset;
    for (int d = 0; d < shape.size(); ++d) last += std::max<int64_t>(shape[d] - 1, 0) * steps[d];
    const bool inside = shape.product() == 0 ||
                        (last + 1) * item_size(dtype) <= static_cast<int64_t>(bytes->storage->bytes());
    check(offset >= 0 && inside, "shape ", shape, " with strides ", steps, " at ", offset, " leaves the ",
          bytes->storage->bytes(), " bytes of it");
    return Tensor(new TensorImpl(bytes->storage, shape, steps, offset, dtype));
}

Tensor storage_bytes(const Tensor& t) {
    check_on_host(t);
    to_row_major(t);
    const auto n = static_cast<int64_t>(t->storage->bytes());
    return Tensor(new TensorImpl(t->storage, Dims{n}, Dims{1}, 0, DType::UInt8));
}

}  // namespace

Tensor from_numpy(py::handle given) {
    py::array array = py::reinterpret_borrow<py::array>(given);
    const std::string name = py::str(array.dtype().attr("name"));
    const auto dtype = dtype_from_name(name);
    check_as(ErrorKind::Type, dtype.has_value(), "arrays of dtype ", name, " have no tensor dtype");
    check_as(ErrorKind::Type, array.dtype().attr("isnative").cast<bool>(), "expected native byte order");
    const int n = static_cast<int>(array.ndim());
    Dims sizes(n), strides(n);
    for (int d = 0; d < n; ++d) {
        sizes[d] = array.shape(d);
        strides[d] = array.strides(d) / item_size(*dtype);
        check_as(ErrorKind::Value, array.strides(d) % item_size(*dtype) == 0,
                 "strides must be whole elements; copy() the array");
    }
    char* first = static_cast<char*>(const_cast<void*>(array.data()));
    const bool writable = array.writeable();
    return over_memory(first, sizes, strides, *dtype, keep_alive(std::move(array)), writable);
}

template <>
inline constexpr const char* kClassName<py::array> = "ndarray";

void bind_interchange(py::module_& m) {
    def(m, "from_numpy(ndarray array) -> Tensor", [](py::array array) { return from_numpy(array); },
        "A tensor over the memory of a NumPy array.");
    def(m, "from_dlpack(object source) -> Tensor", from_dlpack,
        "A tensor over the memory of any object that speaks DLPack.");
    def(m, "_numpy(Tensor self) -> ndarray", to_numpy);
    def(m, "_to_dlpack(Tensor self) -> object", to_dlpack);
    def(m, "_view_storage(Tensor bytes, dtype dtype, int[] sizes, int[] strides, int offset) -> Tensor", view_storage);
    def(m, "_storage_bytes(Tensor self) -> Tensor", storage_bytes);
    def(m, "_storage_uses(Tensor self) -> int", [](const Tensor& t) { return t->storage->use_count(); });
    def(m, "_has_engine_layout(Tensor self) -> bool", [](const Tensor& t) { return t->engine_layout; });
}

}  // namespace bestiary::python
