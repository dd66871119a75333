// The memory layout of the DLPack exchange (version 0.8 of the standard, https://dmlc.github.io/dlpack).
#pragma once

#include <cstdint>

namespace bestiary::python {

struct DLDevice {
    int32_t device_type;  // 1: CPU
    int32_t device_id;
};

struct DLDataType {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
};

struct DLTensor {
    void* data;
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
    int64_t* shape;
    int64_t* strides;  // in elements; null: row-major
    uint64_t byte_offset;
};

struct DLManagedTensor {
    DLTensor dl_tensor;
    void* manager_ctx;
    void (*deleter)(DLManagedTensor*);
};

}  // namespace bestiary::python
