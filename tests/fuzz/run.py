"""Fuzz the targets with atheris, guided by coverage, for a bounded time: `make fuzz`.

Each target runs in a process of its own; what is found is written to tests/fuzz/corpus, which git
ignores. `python tests/fuzz/run.py --again FILE` repeats one finding without atheris.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
NAMES = ("tunnel", "frame", "page", "answer")
_MAX_BYTES = 8192


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=int, default=240, help="for all targets together")
    parser.add_argument("--one", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--again", type=Path, metavar="FILE", help="corpus/TARGET/crash-...")
    options = parser.parse_args(arguments)
    names = options.targets or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    if options.again:
        return _again(options.again)
    if not sys.platform.startswith("linux"):
        print("atheris runs on Linux; `make test` fuzzes everywhere, without coverage")
        return 1
    if options.one:
        return _fuzz(options.one, options.seconds)
    for name in names:
        seconds = max(1, options.seconds // len(names))
        print(f"fuzz: {name}, {seconds} seconds", flush=True)
        command = [sys.executable, __file__, "--one", name, "--seconds", str(seconds)]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            print(f"fuzz: {name} found something; its input is in {CORPUS / name}")
            return code
    return 0


def _again(file: Path) -> int:
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.targets import TARGETS

    data = file.read_bytes()
    print(data)
    TARGETS[file.resolve().parent.name].run(data)
    return 0


def _fuzz(name: str, seconds: int) -> int:
    import atheris

    os.nice(10)
    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["xdr_bridge"]):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in target.corpus():
        (folder / hashlib.sha256(seed).hexdigest()[:20]).write_bytes(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        if random.randrange(3) == 0:
            return bytes(atheris.Mutate(data, max_size))
        return target.mutate(data, random)[:max_size]

    libfuzzer = [
        f"-max_total_time={seconds}",
        f"-max_len={_MAX_BYTES}",
        f"-artifact_prefix={folder}/",
        "-timeout=60",
        "-print_final_stats=1",
        str(folder),
    ]
    atheris.Setup([sys.argv[0], *libfuzzer], target.run, custom_mutator=mutate)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
