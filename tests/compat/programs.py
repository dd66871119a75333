"""The table of programs: folder, command lines on tiny settings, and how output is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_TIMES = r"[\d.]+ ?(ms|s\b|sec|seconds|minutes)|ms/batch +[\d.]+|\(\d+:\d+:\d+\)"
_UNSTABLE = rf"{_TIMES}|\d+ tokens/sec|0x\w+|/tmp/\S+"


@dataclass(frozen=True)
class Program:
    """One public program.

    ``commands`` run one after another in a copy of ``folder``, each a script with arguments or
    ``-m pytest ...``; ``{tools}`` stands for this folder. ``imports`` are further folders that the
    program imports from. ``lines`` ends each command after that many lines of output. ``tolerance``
    is the relative difference allowed between the printed numbers and PyTorch's; None: not
    compared. ``refused`` is the error with which the engine ends the program by design: the numbers
    printed before are compared. ``changes`` are applied to the copy for both frameworks: file, old
    text, new text. ``ignore`` is a pattern of output that differs between any two runs, such as
    times.
    """

    name: str
    folder: str
    commands: tuple[str, ...]
    needs: tuple[str, ...] = ()  # data sets written by tests/compat/data.py
    lines: int = 0
    imports: tuple[str, ...] = ()
    refused: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()
    tolerance: float | None = 1e-3
    floor: float = 1e-2  # smaller numbers are compared as if they were that large
    ignore: str = _UNSTABLE


# A pickled module is code; the engine saves and loads only its state_dict.
_WHOLE_MODULE = "is a whole module, which is code too: save its state_dict"

# The change that the refusal asks for, in the programs that save and load a whole module.
_SAVE_STATE = ("main.py", "torch.save(model, ", "torch.save(model.state_dict(), ")
_LOAD_STATE = ("main.py", "model = torch.load(f)", "model.load_state_dict(torch.load(f))")
_ALLOWED = "with torch.serialization.safe_globals(safe_globals):"
_ALLOW_NONE = ("main.py", _ALLOWED, "if True:")
_RESOLVE = (
    "super_resolve.py",
    "model = torch.load(f)",
    "model = Net(upscale_factor=4); model.load_state_dict(torch.load(f))",
)


def _word_language_model(model: str, name: str, **options: Any) -> Program:
    return Program(
        name,
        "examples/word_language_model",
        (
            f"main.py --model {model} --epochs 1 --emsize 16 --nhid 16 --nlayers 2 --dropout 0 "
            "--log-interval 5 --data text --bptt 20 --lr 1",
        ),
        ("words",),
        **options,
    )


def _super_resolution(name: str, **options: Any) -> Program:
    return Program(
        name,
        "examples/super_resolution",
        (
            "main.py --upscale_factor 4 --batchSize 2 --testBatchSize 2 --nEpochs 1 --threads 0",
            "super_resolve.py --input_image dataset/BSDS300/images/test/0.jpg "
            "--model model_epoch_1.pth --output_filename out.png",
        ),
        ("photographs",),
        **options,
    )


_SAVING = (
    _word_language_model("LSTM", "word_language_model as published", refused=_WHOLE_MODULE),
    *(
        _word_language_model(
            m, f"word_language_model {m}", changes=(_SAVE_STATE, _LOAD_STATE, _ALLOW_NONE)
        )
        for m in ("LSTM", "GRU", "RNN_TANH", "Transformer")
    ),
    _super_resolution("super_resolution as published", refused=_WHOLE_MODULE),
    _super_resolution(
        "super_resolution", changes=(_SAVE_STATE, _RESOLVE, ("super_resolve.py", *_ALLOW_NONE[1:]))
    ),
)

_EXAMPLES = (
    Program(
        "mnist",
        "examples/mnist",
        ("main.py --epochs 1 --batch-size 32 --save-model",),
        ("mnist",),
        tolerance=5e-3,
    ),
    Program("mnist_rnn", "examples/mnist_rnn", ("main.py --epochs 1 --batch-size 32",), ("mnist",)),
    Program(
        "mnist_forward_forward",
        "examples/mnist_forward_forward",
        ("main.py --epochs 3 --train_size 500 --test_size 200 --log-interval 1",),
        ("mnist",),
        tolerance=3e-2,  # of the accuracy: a few images are at the decision boundary
    ),
    Program("vae", "examples/vae", ("main.py --epochs 1 --batch-size 100",), ("mnist", "results")),
    Program(
        "dcgan",
        "examples/dcgan",
        (
            "main.py --dataset fake --dry-run --manualSeed 1 --batchSize 8 --ngf 8 --ndf 8 "
            "--workers 1",
        ),
    ),
    *_SAVING,
    Program(
        "time_sequence_prediction",
        "examples/time_sequence_prediction",
        ("generate_sine_wave.py", "train.py --steps 1"),
        lines=12,
    ),
    Program(
        "reinforce", "examples/reinforcement_learning", ("reinforce.py --log-interval 1",), lines=8
    ),
    Program(
        "actor_critic",
        "examples/reinforcement_learning",
        ("actor_critic.py --log-interval 1",),
        lines=8,
    ),
    Program(
        "vision_transformer",
        "examples/vision_transformer",
        ("main.py --no-cuda --epochs 1 --batch-size 32",),
        ("cifar",),
    ),
    # Its large step amplifies rounding: it ends some batches earlier or later.
    Program("regression", "examples/regression", ("main.py",), tolerance=0.1),
)

_GPTS = (
    Program(
        "nanoGPT",
        "nanoGPT",
        (
            "data/shakespeare_char/prepare.py",
            "train.py config/train_shakespeare_char.py --device=cpu --compile=False --eval_iters=2 "
            "--log_interval=1 --block_size=32 --batch_size=4 --n_layer=2 --n_head=2 --n_embd=32 "
            "--max_iters=6 --lr_decay_iters=6 --dropout=0.0 --eval_interval=3 --dtype=float32 "
            "--always_save_checkpoint=True",
            "sample.py --out_dir=out-shakespeare-char --device=cpu --num_samples=1 "
            "--max_new_tokens=20 --dtype=float32",
        ),
        ("shakespeare",),
        ignore=r"time [\d.]+ms|mfu -?[\d.]+%",
    ),
    Program(
        "minGPT adder",
        "minGPT",
        (
            "projects/adder/adder.py --trainer.max_iters=21 --trainer.num_workers=0 "
            "--trainer.batch_size=8",
        ),
        ignore=r"iter_dt [\d.]+ms",
        lines=60,
    ),
    Program(
        "minGPT chargpt",
        "minGPT",
        (
            "projects/chargpt/chargpt.py --trainer.max_iters=11 --trainer.num_workers=0 "
            "--trainer.batch_size=2 --data.block_size=16 --model.model_type=gpt-nano",
        ),
        ("input",),
        ignore=r"iter_dt [\d.]+ms",
        lines=40,
    ),
    Program("micrograd", "micrograd", ("-m pytest -q test",)),
)

_CLEANRL = tuple(
    Program(
        f"cleanrl {name}",
        "cleanrl",
        (
            f"cleanrl/{name}.py --env-id {env} --total-timesteps {steps} --no-cuda {options}",
            "{tools}/scalars.py runs --without SPS",
        ),
        ignore=r"SPS: \d+|runs/\S+",
    )
    for name, env, steps, options in (
        ("dqn", "CartPole-v1", 400, "--learning-starts 100"),
        ("c51", "CartPole-v1", 400, "--learning-starts 100"),
        ("ppo", "CartPole-v1", 1024, ""),
        ("sac_continuous_action", "Pendulum-v1", 150, "--learning-starts 50 --batch-size 16"),
    )
)

_BOOK = "LLMs-from-scratch"
_PYTEST = "-m pytest -q -s --tb=no -p no:cacheprovider"


_NO_TENSORFLOW = ("gpt_download.py", "import tensorflow as tf", "tf = None")


def _chapter(name: str, folder: str, command: str, **options: Any) -> Program:
    folder, imports = f"{_BOOK}/{folder}", (f"{_BOOK}/pkg",)
    return Program(f"{_BOOK} {name}", folder, (command,), imports=imports, **options)


_CHAPTERS = (
    *(
        _chapter(name, "pkg", f"{_PYTEST} llms_from_scratch/tests/test_{name}.py{options}")
        for name, options in (
            *((f"ch0{n}", "") for n in range(2, 8)),
            *((f"appendix_{letter}", "") for letter in "ade"),
            ("generate", ""),
            ("llama3", ""),
            ("qwen3", " -k 'not model'"),  # those load weights of 0.6 billion parameters
        )
    ),
    _chapter("ch03/02", "ch03/02_bonus_efficient-multihead-attention", f"{_PYTEST} tests"),
    _chapter("ch04/01 gpt.py", "ch04/01_main-chapter-code", "gpt.py"),
    _chapter("ch04/03", "ch04/03_kv-cache", f"{_PYTEST} tests.py"),
    _chapter("ch04/06", "ch04/06_swa", f"{_PYTEST} tests.py"),
    *(
        _chapter(
            f"ch04/{path.split('/')[0][:2]} {path.split('_')[-1]}",
            f"ch04/{path.split('/')[0]}",
            f"{path.split('/')[1]}.py --emb_dim 48 --n_heads 4 --n_layers 2 --max_new_tokens 8"
            + options,
        )
        for path, options in (
            ("04_gqa/gpt_with_kv_gqa", " --n_kv_groups 2"),
            ("05_mla/gpt_with_kv_mla", ""),
            ("06_swa/gpt_with_kv_swa", ""),
            ("07_moe/gpt_with_kv_moe", " --num_experts 4 --hidden_dim 64"),
        )
    ),
    _chapter("ch05/01", "ch05/01_main-chapter-code", f"{_PYTEST} tests.py -k main"),
    _chapter("ch05/03", "ch05/03_bonus_pretraining_on_gutenberg", f"{_PYTEST} tests.py"),
    _chapter(
        "ch06/01",
        "ch06/01_main-chapter-code",
        "gpt_class_finetune.py --test_mode",
        changes=(_NO_TENSORFLOW,),  # which reads the published weights
    ),
    _chapter(
        "ch07/01",
        "ch07/01_main-chapter-code",
        "gpt_instruction_finetuning.py --test_mode",
        changes=(
            _NO_TENSORFLOW,
            ("gpt_instruction_finetuning.py", '"tensorflow",  # For', "# For"),
        ),
    ),
)

_VISION = (
    Program("vit-pytorch", "vit-pytorch", (f"{_PYTEST} -o addopts= tests",)),
    Program("torchvision models", "", ("{tools}/torchvision_models.py",), floor=1e-20),
)

PROGRAMS = _EXAMPLES + _GPTS + _CLEANRL + _CHAPTERS + _VISION
