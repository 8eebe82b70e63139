"""A stand-in for the network that examples/ml comes from: an index on loopback that fails to order."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.peers import PACKAGES
from resilient_pip.settings import Settings
from tests.support.faults import Fault, Ok, Stall, Status
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import Distribution, make_wheel

MB = 1_000_000
BYTES_PER_SECOND = 8 * MB
"""What all connections share."""
SCALE = 10
"""So many times are the synthetic wheels smaller than the real ones."""
GROUP_SIZE = Settings().group_size
"""Up to which small neighbours share a group; for the real sizes."""
AFFLICTED = "torch"
_AFFLICTED_MB = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What goes wrong with the afflicted file."""

    name: str
    story: tuple[Fault, ...]


def _stall(part: int, of: int) -> Stall:
    """Stop so far into the afflicted file."""
    return Stall(after=_AFFLICTED_MB * MB // SCALE * part // of)


CONDITIONS = (
    Condition(name="clean", story=(Ok(),)),
    Condition(name="1 stall", story=(_stall(1, 2), Ok())),
    Condition(name="3 stalls", story=(*(_stall(part, 4) for part in (1, 2, 3)), Ok())),
    Condition(name="dead package", story=(Status(503),)),
)


@contextmanager
def network(condition: Condition, pip: Distribution) -> Iterator[FaultyIndex]:
    """Serve the synthetic set under a condition, and a pip that can be upgraded to."""
    with FaultyIndex(bytes_per_second=BYTES_PER_SECOND) as index:
        for wheel in (*wheels(), pip):
            index.add(wheel)
            if wheel.name == AFFLICTED:
                index.script(wheel.path, condition.story)
        yield index


def newest_pip(folder: Path) -> Distribution:
    """Download the pip that benchmarks compare with, once, from the real index."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGES[0]]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    name, _, version = PACKAGES[0].partition("==")
    content = (folder / f"{name}-{version}-py3-none-any.whl").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        metadata = wheel.read(f"{name}-{version}.dist-info/METADATA")
    return Distribution(
        name=name,
        version=version,
        filename=f"{name}-{version}-py3-none-any.whl",
        content=content,
        metadata=metadata,
    )


@cache
def wheels(scale: int = SCALE) -> tuple[Distribution, ...]:
    """Make what examples/ml comes down to, with the real ones' large dependencies, sizes and quarrel.

    The quarrel: the newest tensorflow needs a newer protobuf than the requirements allow, the one before it
    does not.

    Args:
        scale: by which the real sizes are divided.
    """

    def wheel(name: str, version: str, real_mb: float, *requires: str) -> Distribution:
        return make_wheel(name, version, requires, size=round(real_mb * MB / scale))

    protobuf = "protobuf>=3.20.3"
    return (
        wheel("protobuf", "3.20.3", 0.2),
        wheel("protobuf", "6.33.0", 0.3),
        wheel("tensorflow", "2.19.1", 645, protobuf, "numpy", "libclang", "grpcio", "h5py", "keras"),
        wheel("tensorflow", "2.20.0", 620, "protobuf>=5.28", "numpy", "grpcio", "h5py", "keras"),
        wheel("libclang", "18.1.1", 24.5),
        wheel("numpy", "2.1.3", 16.3),
        wheel("grpcio", "1.85.3", 7.4),
        wheel("h5py", "3.16.0", 5, "numpy"),
        wheel("keras", "3.15.1", 2.4, "numpy"),
        wheel("tf2onnx", "1.17.0", 0.8, "onnx", protobuf),
        wheel("onnx", "1.17.0", 16, "numpy", protobuf),
        wheel(AFFLICTED, "2.13.0", _AFFLICTED_MB, "sympy", "networkx"),
        wheel("sympy", "1.14.0", 6.3),
        wheel("networkx", "3.6.1", 2),
        wheel("transformers", "5.24.0", 13.5, "huggingface-hub", "hf-xet", "tokenizers", "numpy"),
        wheel("huggingface-hub", "2.4.0", 0.9, "pydantic-core"),
        wheel("hf-xet", "1.8.0", 4.3),
        wheel("tokenizers", "0.23.3", 3.4),
        wheel("pydantic-core", "2.50.5", 2.3),
        wheel("modelscope", "1.40.2", 6, "cryptography"),
        wheel("cryptography", "50.0.2", 4.8),
        wheel("onnxruntime", "1.26.0", 18.2, "numpy", "protobuf"),
    )
