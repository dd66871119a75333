"""PyTorch's public names that the engine lacks, by module and answer: see ``differences``."""

from __future__ import annotations

MISSING = {
    "engine": {
        "Fourier transforms are not implemented yet": "istft stft",
        "complex numbers are not implemented yet": (
            "angle cdouble cfloat chalf complex complex128 complex32 complex64 conj_physical "
            "conj_physical_ imag polar resolve_conj resolve_neg view_as_complex view_as_real"
        ),
        "nested tensors are not implemented yet": "jagged",
        "quantised tensors are not implemented yet": (
            "dequantize empty_quantized int_repr per_channel_affine "
            "per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine "
            "per_tensor_symmetric q_per_channel_axis q_per_channel_scales "
            "q_per_channel_zero_points q_scale q_zero_point qint32 qint8 qscheme "
            "quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic quint2x4 "
            "quint4x2 quint8"
        ),
        "sparse tensors are not implemented yet": (
            "hspmm saddmm smm sparse_bsc sparse_bsc_tensor sparse_bsr sparse_bsr_tensor "
            "sparse_compressed_tensor sparse_coo sparse_coo_tensor sparse_csc sparse_csc_tensor "
            "sparse_csr sparse_csr_tensor spmm"
        ),
        "of float8 there are e4m3fn and e5m2": ("float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"),
        "use linalg.norm": "frobenius_norm nuclear_norm",
        "use scatter_reduce or index_add": "segment_reduce",
    },
    "engine.func": {
        "tracing to a graph is not implemented yet": "debug_unwrap functionalize",
    },
    "engine.Tensor": {
        "Fourier transforms are not implemented yet": "istft stft",
        "complex numbers are not implemented yet": (
            "angle cdouble cfloat chalf conj_physical conj_physical_ imag resolve_conj resolve_neg"
        ),
        "nested tensors are not implemented yet": "to_padded_tensor",
        "quantised tensors are not implemented yet": (
            "dequantize int_repr q_per_channel_axis q_per_channel_scales "
            "q_per_channel_zero_points q_scale q_zero_point qscheme"
        ),
        "sparse tensors are not implemented yet": (
            "ccol_indices coalesce col_indices crow_indices dense_dim indices is_coalesced "
            "row_indices smm sparse_dim sparse_mask to_dense to_mkldnn to_sparse to_sparse_bsc "
            "to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr values"
        ),
        "use resize_, or reshape for a tensor in the graph": "resize",
        "use resize_as_, or reshape_as": "resize_as",
    },
    "engine.nn": {
        "quantised tensors are not implemented yet": "quantized",
        "not implemented yet": "LinearCrossEntropyOptions",
    },
}
