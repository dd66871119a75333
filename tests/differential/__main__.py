"""`python -m tests.differential`: runs cases and prints differences as tests."""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tests.differential as package

from .arguments import draw_case, targets_named
from .case import Case
from .child import Child
from .comparison import Difference
from .report import as_test
from .shrinking import shrink

CRASHES = "PyTorch itself crashes or hangs"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Tally:
    """Counts of the results."""

    clean: Counter[str] = field(default_factory=Counter)  # by name
    meant: Counter[str] = field(default_factory=Counter)  # by reason
    met: dict[str, list[str]] = field(default_factory=dict)  # the first of them
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # by kind of difference
    first: dict[tuple[str, str, str], tuple[int, Case, Difference]] = field(default_factory=dict)

    def add(self, index: int, case: Case, difference: Difference, why: str | None = None) -> None:
        if why:
            self.meant[why] += 1
            self.met.setdefault(why, []).append(f"{case.target} #{index} {difference}"[:300])
            return
        message = re.sub(r"[\d.]+|'[^']*'|\(.*", "", difference.ours + difference.theirs)
        errs = "raises" in difference.kind or "accepts" in difference.kind
        key = (case.target.rstrip("_"), difference.kind, message[:60] if errs else "")
        self.found[key] += 1
        self.first.setdefault(key, (index, case, difference))


def _check_part(options: argparse.Namespace, part: int, tally: Tally) -> None:
    child = Child()
    for index in range(options.first + part, options.first + options.cases, options.jobs):
        answer = child.ask((options.seed, index, options.only))
        if answer is None or isinstance(answer, str):
            tally.clean[answer or ""] += 1
        elif isinstance(answer, Difference):
            case = draw_case(options.seed, index, options.only)
            alone = child.crashes_alone(case)
            tally.add(index, case, answer, None if alone else CRASHES)
        else:
            tally.add(index, *answer)
    child.close()


def _shrunk(case: Case, found: Difference, child: Child) -> tuple[Case, Difference]:
    def fails(smaller: Case) -> bool:
        answer, why = _difference(child.ask(smaller))
        return bool(answer) and answer.kind == found.kind and not why

    small = shrink(case, fails)
    return small, _difference(child.ask(small))[0] or found


def _difference(answer: Any) -> tuple[Any, str | None]:
    """A child's answer to a case; a crash is a difference without a reason."""
    return (answer, None) if isinstance(answer, Difference) else answer


def families() -> dict[str, str]:
    """The family of an op, after the file that declares it."""
    found = {}
    for path in sorted((ROOT / "csrc" / "ops").glob("*.cpp")):
        for name in re.findall(r'\bop\("(\w+)|\bOP\("(\w+)', path.read_text()):
            found["".join(name)] = path.stem
    return found


def _print_counts(tally: Tally, shown: int) -> None:
    by_name = families()
    counts: Counter[str] = Counter()
    for target, count in tally.clean.items():
        name = target.rpartition(".")[2]
        path, _, _ = target.rpartition(".")
        family = by_name.get(name) or by_name.get(name.rstrip("_")) or path or "other"
        counts[family] += count
    print("\nclean cases by family:")
    for family, count in sorted(counts.items()):
        print(f"  {family:<20} {count:>8}")
    for why, count in tally.meant.most_common():
        print(f"meant: {count} times: {why}")
        for case in tally.met[why][: 100 if why == CRASHES else shown]:
            print(f"    {case}".replace("\n", " ")[:250])


def main() -> int:
    parser = argparse.ArgumentParser(description=(package.__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--only", default="", help="a function, as 'add' or 'Tensor.add'")
    parser.add_argument("--jobs", type=int, default=1, help="processes that check")
    parser.add_argument("--brief", action="store_true", help="a line for each kind of difference")
    parser.add_argument("--show-meant", type=int, default=0, help="of each reason so many cases")
    options = parser.parse_args()
    functions = len(targets_named(options.only))
    print(f"seed {options.seed}: {options.cases} cases of {functions} functions", flush=True)
    tallies = [Tally() for _ in range(options.jobs)]
    with ThreadPoolExecutor(options.jobs) as threads:
        list(threads.map(lambda i: _check_part(options, i, tallies[i]), range(options.jobs)))
    return _report(options, _merged(tallies))


def _merged(tallies: list[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.clean += tally.clean
        whole.meant += tally.meant
        for why, cases in tally.met.items():
            whole.met.setdefault(why, []).extend(cases)
        whole.found += tally.found
        whole.first = tally.first | whole.first
    return whole


def _report(options: Any, tally: Tally) -> int:
    child = Child()
    for key, (index, case, difference) in sorted(tally.first.items()):
        if options.brief:
            print(f"{tally.found[key]:>5} {key[0]} #{index} {difference}".replace("\n", " ")[:250])
            continue
        case, difference = _shrunk(case, difference, child)
        print(f"\n# {key[0]}, {difference.kind}: {tally.found[key]} times, first case {index}")
        print(as_test(case, difference, index), flush=True)
    child.close()
    _print_counts(tally, options.show_meant)
    total = sum(tally.found.values())
    print(f"{sum(tally.clean.values())} cases clean, {sum(tally.meant.values())} differ as meant, "
          f"{total} differ in {len(tally.found)} ways")  # fmt: skip
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
