"""The table of programs: folder, command lines on tiny settings, and how output is compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """One public program.

    ``commands`` run one after another in a copy of ``folder``, each a script with arguments or
    ``-m pytest ...``. ``lines`` ends each after that many lines of output. ``tolerance`` is the
    relative difference allowed between the printed numbers and PyTorch's; None: not compared.
    ``refused`` is the error with which the engine ends the program by design: the numbers printed
    before are compared. ``ignore`` is a pattern of output that differs between any two runs, such
    as times.
    """

    name: str
    folder: str
    commands: tuple[str, ...]
    needs: tuple[str, ...] = ()  # data sets written by tests/compat/data.py
    lines: int = 0
    refused: str = ""
    tolerance: float | None = 1e-3
    floor: float = 1e-2  # smaller numbers are compared as if they were that large
    ignore: str = r"[\d.]+ ?(ms|s\b|seconds|sec)|0x\w+|ms/batch +[\d.]+"


# A pickled module is code; the engine saves and loads only its state_dict.
_WHOLE_MODULE = "is a whole module, which is code too: save its state_dict"

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
    *(
        Program(
            f"word_language_model {model}",
            "examples/word_language_model",
            (
                f"main.py --model {model} --epochs 1 --emsize 16 --nhid 16 --nlayers 2 --dropout 0 "
                "--log-interval 5 --data text --bptt 20 --lr 5",
                "generate.py --checkpoint model.pt --words 20 --data text --log-interval 10",
            ),
            ("words",),
            refused=_WHOLE_MODULE,
        )
        for model in ("LSTM", "GRU", "RNN_TANH", "Transformer")
    ),
    Program(
        "super_resolution",
        "examples/super_resolution",
        (
            "main.py --upscale_factor 4 --batchSize 2 --testBatchSize 2 --nEpochs 1 --threads 0",
            "super_resolve.py --input_image dataset/BSDS300/images/test/0.jpg "
            "--model model_epoch_1.pth --output_filename out.png",
        ),
        ("photographs",),
        refused=_WHOLE_MODULE,
    ),
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
        (f"cleanrl/{name}.py --env-id {env} --total-timesteps {steps} --no-cuda {options}",),
        ignore=r"SPS: \d+|runs/\S+",
    )
    for name, env, steps, options in (
        ("dqn", "CartPole-v1", 400, "--learning-starts 100"),
        ("c51", "CartPole-v1", 400, "--learning-starts 100"),
        ("ppo", "CartPole-v1", 1024, ""),
        ("sac_continuous_action", "Pendulum-v1", 180, "--learning-starts 100 --batch-size 16"),
    )
)

_CHAPTERS = tuple(
    Program(
        f"LLMs-from-scratch {name}",
        "LLMs-from-scratch/pkg",
        (f"-m pytest -q -p no:cacheprovider llms_from_scratch/tests/test_{name}.py",),
    )
    for name in (
        *(f"ch0{n}" for n in range(2, 8)),
        *(f"appendix_{letter}" for letter in "ade"),
        "generate",
        "llama3",
        "qwen3",
    )
) + (
    Program(
        "LLMs-from-scratch ch04/gpt.py", "LLMs-from-scratch/ch04/01_main-chapter-code", ("gpt.py",)
    ),
    Program(
        "LLMs-from-scratch ch05/gpt_train.py",
        "LLMs-from-scratch/ch05/01_main-chapter-code",
        ("-m pytest -q -p no:cacheprovider tests.py -k main",),
    ),
    Program(
        "LLMs-from-scratch ch03 attention variants",
        "LLMs-from-scratch/ch03/02_bonus_efficient-multihead-attention",
        ("-m pytest -q -p no:cacheprovider tests",),
    ),
)

_VISION = (
    Program("vit-pytorch", "vit-pytorch", ("-m pytest -q -p no:cacheprovider tests",)),
    Program("torchvision models", "", ("-m tests.compat.torchvision_models",), floor=1e-20),
)

PROGRAMS = _EXAMPLES + _GPTS + _CLEANRL + _CHAPTERS + _VISION
