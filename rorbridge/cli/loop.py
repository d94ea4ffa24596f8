"""The event loop that commands run on."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

Value = TypeVar("Value")


def run_loop(main: Coroutine[Any, Any, Value]) -> Value:
    """Run *main* to its end, on uvloop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    return uvloop.run(main)
