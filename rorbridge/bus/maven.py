"""Programs in Java: what Maven brings of them is kept for the next time, and a JDK runs them."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET


class NotToBeHadError(RuntimeError):
    """A program cannot be had here; the text says what is missing and how to get it."""


def version(pom: Path, program: str) -> str:
    """Give the version that a pom pins, as its property ``PROGRAM.version``. Raises NotToBeHadError."""
    found = ET.parse(pom).findtext(f".//{{*}}{program}.version")  # noqa: S314 - our own file
    if not found:
        raise NotToBeHadError(f"{pom} names no {program}.version")
    return found


def brought(pom: Path, program: str, goal: str = "copy-dependencies") -> Path:
    """Give the folder with what the pom names. Maven brings it at the first time. Raises NotToBeHadError.

    *goal* is the goal of Maven's dependency plugin that puts it there.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rorbridge"
    folder = cache / f"{program}-{version(pom, program)}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise NotToBeHadError(f"Maven (mvn) is needed to get {program}: https://maven.apache.org/install.html")
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=folder.name, dir=cache))
    # What was unpacked is noted in a folder that is by default one of the checkout, and then not unpacked again.
    markers = f"-DmarkersDirectory={fresh / '.markers'}"
    command = [maven, "-q", "-B", "-f", str(pom), f"dependency:{goal}", markers, f"-DoutputDirectory={fresh}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - with our own pom
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise NotToBeHadError(f"Maven could not get {program}: {(done.stdout + done.stderr)[-1000:]}")
    try:
        fresh.rename(folder)  # complete or not there at all, whoever else fetches at the same time
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def jdk(tool: str = "java") -> str:
    """Give the path of a tool of a JDK 17 or newer, such as ``javac``. Raises NotToBeHadError."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(tool, path=f"{home}/bin") if home else shutil.which(tool)
    if found is None:
        raise NotToBeHadError(f"a JDK 17 or newer is needed, {tool} is missing: https://adoptium.net/")
    asked = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - a JDK's
    told = (asked.stderr + asked.stdout).strip() or "no version"
    # In any line: with JAVA_TOOL_OPTIONS there is one before it.
    number = re.search(r'^(?:javac |\w+ version ")(\d+)', told, re.MULTILINE)
    if number is None or int(number[1]) < 17:
        raise NotToBeHadError(f"a JDK 17 or newer is needed, {found} is: {told.splitlines()[0]}")
    return found
