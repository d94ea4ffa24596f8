"""Stand-ins for the images that the Dockerfile starts from, made of this machine's own Python.

A build without a registry needs something in their place. They are laid out as the official Python image is
(/usr/local/bin/python3 with its library beside it): one with pip and a shell to build in, one with neither to run in.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_LEFT_OUT = ("test", "idlelib", "tkinter", "ensurepip", "site-packages", "dist-packages", "__pycache__")


def runtime(root: Path) -> None:
    """Lay out a root file system with Python and nothing else that could be run."""
    for folder in ("usr/local/bin", "tmp", "dev", "proc", "etc"):
        (root / folder).mkdir(parents=True)
    library = root / "usr" / "local" / "lib" / _VERSION
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    python = Path(sys.executable).resolve()
    shutil.copy(python, root / "usr/local/bin/python3")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc" / "nsswitch.conf").write_text("hosts: files dns\n")
    # Wheels bring most of what they need, but not the C and C++ libraries.
    wheels = Path(sysconfig.get_path("platlib")).rglob("*.so")
    _copy_libraries(root, [python, *library.rglob("*.so"), *wheels])


def builder(root: Path) -> None:
    """Lay out what comes on top of it to build: a shell, rm and pip."""
    programs = [Path(found).resolve() for name in ("sh", "rm") if (found := shutil.which(name))]
    (root / "bin").mkdir(parents=True)
    for name, program in zip(("sh", "rm"), programs, strict=True):
        shutil.copy(program, root / "bin" / name)
    _copy_libraries(root, programs)
    packages = root / "usr" / "local" / "lib" / _VERSION / "site-packages"
    packages.mkdir(parents=True)
    shutil.copytree(Path(sysconfig.get_path("purelib")) / "pip", packages / "pip")


def _copy_libraries(root: Path, programs: Iterable[Path]) -> None:
    """Copy the shared libraries of programs to where the programs look for them."""
    told = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    for found in set(re.findall(r"(/\S+) \(0x", told)):
        library = Path(found)
        if library.is_relative_to(sys.prefix):
            continue  # in a wheel
        target = root / found.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(library.resolve(), target)
