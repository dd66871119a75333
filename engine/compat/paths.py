"""PyTorch's module paths below ``engine``, and what stands for each."""

from __future__ import annotations

# Paths that are another module of the engine, or an object in one, under PyTorch's name.
MODULES = {
    "_dynamo": "compat.dynamo",
    "accelerator": "compat.accelerator",
    "backends": "compat.backends",
    "backends.cpu": "compat.backends:cpu",
    "backends.cuda": "compat.backends:cuda",
    "backends.cudnn": "compat.backends:cudnn",
    "backends.mkl": "compat.backends:mkl",
    "backends.mkldnn": "compat.backends:mkldnn",
    "backends.mps": "compat.backends:mps",
    "backends.openmp": "compat.backends:openmp",
    "backends.opt_einsum": "compat.backends:opt_einsum",
    "compiler": "compat.compiler",
    "cuda": "compat.cuda",
    "distributed": "compat.distributed",
    "fx": "compat.fx",
    "hub": "compat.hub",
    "jit": "compat.jit",
    "mps": "compat.absent_devices:mps",
    "nn.attention": "compat.attention",
    "nn.parallel": "compat.parallel",
    "ops": "compat.ops",
    "utils._pytree": "compat.pytree",
    "version": "compat.version",
    "xpu": "compat.absent_devices:xpu",
}

# Paths that show names of one or more modules of the engine; "." is the engine itself.
VIEWS = {
    "_dynamo.utils": "compat.dynamo",
    "autograd.anomaly_mode": "autograd.anomaly",
    "autograd.grad_mode": "autograd.modes",
    "autograd.profiler": "profiler",
    "cuda.amp": "amp",
    "cuda.amp.autocast_mode": "amp",
    "cuda.amp.grad_scaler": "amp",
    "cuda.random": "compat.cuda",
    "functional": ".",
    "jit.annotations": "compat.jit_annotations",
    "nn.common_types": "compat.nn_types",
    "nn.modules": "nn",
    "nn.modules.activation": "nn.activation nn.multihead",
    "nn.modules.adaptive": "nn",
    "nn.modules.batchnorm": "nn.normalization nn",
    "nn.modules.channelshuffle": "nn.shape",
    "nn.modules.container": "nn.containers",
    "nn.modules.conv": "nn.conv nn",
    "nn.modules.distance": "nn.loss",
    "nn.modules.dropout": "nn.dropout",
    "nn.modules.flatten": "nn.shape",
    "nn.modules.fold": "nn.shape",
    "nn.modules.instancenorm": "nn.normalization nn",
    "nn.modules.lazy": "nn",
    "nn.modules.linear": "nn.linear nn",
    "nn.modules.loss": "nn.loss nn",
    "nn.modules.module": "nn.module nn.hooks",
    "nn.modules.normalization": "nn.normalization nn",
    "nn.modules.padding": "nn.padding",
    "nn.modules.pixelshuffle": "nn.shape",
    "nn.modules.pooling": "nn.pooling nn",
    "nn.modules.rnn": "nn.rnn",
    "nn.modules.sparse": "nn.sparse",
    "nn.modules.transformer": "nn.transformer",
    "nn.modules.upsampling": "nn.shape",
    "nn.modules.utils": "compat.nn_types",
    "nn.parallel.distributed": "compat.parallel",
    "types": "compat.nn_types",
    "utils.data._utils": "data",
    "utils.data._utils.collate": "data.collate",
    "utils.data.dataloader": "data.dataloader data.collate data.worker",
    "utils.data.dataset": "data.dataset",
    "utils.data.distributed": "data",
    "utils.data.sampler": "data.sampler",
    "utils.dlpack": "compat.dlpack",
    "utils.model_zoo": "compat.hub",
}

# Names that packages show from modules that are imported at their first use.
ATTRIBUTES = {
    "GradScaler": "amp:GradScaler",
    "nn.DataParallel": "compat.parallel:DataParallel",
}

# Paths that programs import at their top and may never use: each name in them is an error.
NOT_YET = {
    "ao": "quantisation is not there yet",
    "ao.quantization": "quantisation is not there yet",
    "export": "exporting programs is not there yet",
    "fft": "Fourier transforms are not there yet",
    "fx.experimental": "tracing to a graph is not there yet",
    "nested": "nested tensors are not there yet",
    "onnx": "exporting to ONNX is not there yet",
    "quantization": "quantisation is not there yet",
    "sparse": "sparse tensors are not there yet",
}

# What all other names of PyTorch's modules in MODULES wait for.
WAITS_FOR = {
    "_dynamo": "compilation is not there yet",
    "accelerator": "this build computes on the CPU",
    "backends": "the library is not used here",
    "compiler": "compilation is not there yet",
    "cuda": "this build computes on the CPU",
    "distributed": "work over several processes is not there yet",
    "fx": "tracing to a graph is not there yet",
    "hub": "weights are fetched by the package `hub`",
    "jit": "TorchScript is not there yet",
    "mps": "this build computes on the CPU",
    "nn.attention": "there is one attention kernel",
    "nn.parallel": "work over several processes is not there yet",
    "ops": "PyTorch's compiled extensions can't be loaded",
    "utils._pytree": "not there yet",
    "xpu": "this build computes on the CPU",
}
