"""Runs a command that ends with us, however we end: ``python -m rorbridge.bus.tether COMMAND...``.

Writes the command's process id on standard output, then waits until the command ends or its own standard input is
closed, which the system does when the process that holds the other end is gone, even by SIGKILL. Then the command is
asked to end, and made to after a while.
"""

import os
import signal
import subprocess
import sys
import threading

_PATIENCE_S = 20.0


def main(command: list[str]) -> int:
    """Run *command* to its end or to that of whoever holds our standard input; give its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603 - our own callers
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    return child.wait()


def _end_with_input(child: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    child.terminate()
    child.send_signal(signal.SIGCONT)  # a frozen process is not asked anything before it thaws
    try:
        child.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    # A Ctrl-C at the terminal reaches the whole group; when to end is for the holder of our input to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
