"""What Maven brings, kept for the next time: jars of a server, or a distribution to unpack."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

POMS = Path(__file__).parents[2] / "deploy" / "interop"


class NotToBeHadError(RuntimeError):
    """A server cannot be had here; the text says what is missing."""


def brought(name: str, goal: str) -> Path:
    """Give the folder with what the pom ``deploy/interop/NAME/pom.xml`` names, brought by Maven at the first time.

    *goal* is the goal of Maven's dependency plugin that puts it there.
    """
    pom = POMS / name / "pom.xml"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rorbridge"
    folder = cache / f"{name}-{version(name)}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise NotToBeHadError(f"Maven (mvn) is needed to get {name}: https://maven.apache.org/install.html")
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=folder.name, dir=cache))
    command = [maven, "-q", "-B", "-f", str(pom), f"dependency:{goal}", f"-DoutputDirectory={fresh}"]
    # What was unpacked is noted in a folder that is by default one of the checkout, and then not unpacked again.
    command.append(f"-DmarkersDirectory={fresh / '.markers'}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise NotToBeHadError(f"Maven could not get {name}: {(done.stdout + done.stderr)[-1000:]}")
    try:
        fresh.rename(folder)  # complete or not there at all, whoever else fetches at the same time
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def version(name: str) -> str:
    """Give the version that the pom pins."""
    found = ET.parse(POMS / name / "pom.xml").findtext(f".//{{*}}{name}.version")
    assert found, f"the pom of {name} names no {name}.version"
    return found


def jdk(tool: str) -> str:
    """Give the path of a tool of a JDK 17 or newer, such as ``java`` or ``javac``."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(tool, path=f"{home}/bin") if home else shutil.which(tool)
    if found is None:
        raise NotToBeHadError(f"a JDK 17 or newer is needed, {tool} is missing: https://adoptium.net/")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    number = re.search(r"\d+", told.stdout + told.stderr)
    if number is None or int(number[0]) < 17:
        raise NotToBeHadError(f"a JDK 17 or newer is needed, {found} is: {(told.stdout + told.stderr)[:80]}")
    return found
