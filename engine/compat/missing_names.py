"""PyTorch's public names that the engine lacks, by module and answer: see ``differences``."""

from __future__ import annotations

MISSING = {
    "engine": {
        "Fourier transforms are not there yet": "istft stft",
        "batching of functions is not there yet": "vmap",
        "complex numbers are not there yet": (
            "adjoint angle cdouble cfloat chalf complex complex128 complex32 complex64 "
            "conj_physical conj_physical_ imag polar resolve_conj resolve_neg view_as_complex "
            "view_as_real"
        ),
        "matrix factorisations are in engine.linalg": (
            "chain_matmul cholesky cholesky_inverse cholesky_solve det inverse lobpcg logdet lu "
            "lu_solve lu_unpack matrix_exp pca_lowrank pinverse qr slogdet svd svd_lowrank "
            "triangular_solve"
        ),
        "nested tensors are not there yet": "jagged",
        "quantised tensors are not there yet": (
            "dequantize empty_quantized int_repr per_channel_affine "
            "per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine "
            "per_tensor_symmetric q_per_channel_axis q_per_channel_scales "
            "q_per_channel_zero_points q_scale q_zero_point qint32 qint8 qscheme "
            "quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic quint2x4 "
            "quint4x2 quint8"
        ),
        "sparse tensors are not there yet": (
            "hspmm saddmm smm sparse_bsc sparse_bsc_tensor sparse_bsr sparse_bsr_tensor "
            "sparse_compressed_tensor sparse_coo sparse_coo_tensor sparse_csc sparse_csc_tensor "
            "sparse_csr sparse_csr_tensor spmm"
        ),
        "transforms of functions are not there yet": "func",
        "uint16, uint32, uint64 and float8 are not there yet": (
            "float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu uint16 "
            "uint32 uint64"
        ),
        "use arange, which leaves out its end": "range",
        "not there yet": (
            "as_strided_ as_strided_scatter binomial clear_autocast_cache ctc_loss empty_permuted "
            "frexp gradient histogram histogramdd i0 i0_ igamma igammac is_autocast_cache_enabled "
            "kaiser_window mvlgamma poisson polygamma renorm resize_as_"
        ),
    },
    "engine.Tensor": {
        "Fourier transforms are not there yet": "istft stft",
        "complex numbers are not there yet": (
            "angle cdouble cfloat chalf conj_physical conj_physical_ imag resolve_conj resolve_neg"
        ),
        "matrix factorisations are in engine.linalg": (
            "cholesky cholesky_inverse cholesky_solve det inverse logdet lu lu_solve matrix_exp "
            "pinverse qr slogdet svd triangular_solve"
        ),
        "nested tensors are not there yet": "to_padded_tensor",
        "quantised tensors are not there yet": (
            "dequantize int_repr q_per_channel_axis q_per_channel_scales "
            "q_per_channel_zero_points q_scale q_zero_point qscheme"
        ),
        "sparse tensors are not there yet": (
            "ccol_indices coalesce col_indices crow_indices dense_dim indices is_coalesced "
            "row_indices smm sparse_dim sparse_mask to_dense to_mkldnn to_sparse to_sparse_bsc "
            "to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr values"
        ),
        "use resize_, or reshape for a tensor in the graph": "resize",
        "use resize_as_, or reshape_as": "resize_as",
        "not there yet": (
            "as_strided_scatter cauchy_ float_power_ frexp geometric_ histogram i0 i0_ igamma "
            "igamma_ igammac igammac_ log_normal_ map2_ mvlgamma mvlgamma_ polygamma polygamma_ "
            "renorm renorm_"
        ),
    },
    "engine.nn": {
        "quantised tensors are not there yet": "quantized",
        "not there yet": (
            "AdaptiveLogSoftmaxWithLoss CTCLoss CrossMapLRN2d FractionalMaxPool2d "
            "FractionalMaxPool3d LPPool3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d "
            "LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d "
            "LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d "
            "LazyLinear LinearCrossEntropyLoss LinearCrossEntropyOptions MaxUnpool1d MaxUnpool2d "
            "MaxUnpool3d MultiLabelMarginLoss SyncBatchNorm UninitializedBuffer "
            "UninitializedParameter"
        ),
    },
    "engine.nn.functional": {
        "not there yet": (
            "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices "
            "adaptive_max_pool3d_with_indices celu_ ctc_loss elu_ fractional_max_pool2d "
            "fractional_max_pool2d_with_indices fractional_max_pool3d "
            "fractional_max_pool3d_with_indices hardtanh_ leaky_relu_ linear_cross_entropy "
            "lp_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices "
            "max_unpool1d max_unpool2d max_unpool3d multilabel_margin_loss selu_"
        ),
    },
}
