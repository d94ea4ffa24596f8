"""Bridge processes, a look-alike and a broker of their own, and everything that may happen to them."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from rorbridge.bus.localbroker import ApacheKafka
from rorbridge.settings import Settings, load
from tests.chaos.stream import POISON, Account, Stream, account, settled
from tests.support.kafka import PARTITIONS, Broker, Topics, new_topics
from tests.support.processes import environment, free_port

SESSION_TIMEOUT_S = 10.0
"""aiokafka's default: a process that is frozen for longer loses its partitions."""
_MARK = "CHAOS_RUN"
"""Variable in the environment of every process of a run, so that none is overlooked when it ends."""
_ALWAYS = {"fault": "500", "probability": 1.0, "where": POISON}
_PLANS: dict[str, dict[str, object]] = {
    "500 at random": {"rules": [{"fault": "500", "probability": 0.15}]},
    "503 from all": {"rules": [{"fault": "503", "probability": 1.0}]},
    "429": {"rules": [{"fault": "429", "probability": 0.5, "retry_after_s": 2}]},
    "hanging": {"latency_ms": 60_000.0},
    "cut bodies": {"rules": [{"fault": "truncated", "probability": 0.15}]},
    "closed sockets": {"rules": [{"fault": "closed", "probability": 0.15}]},
    "no JSON": {"rules": [{"fault": "not-json", "probability": 0.15}]},
    "token endpoint down": {
        "rules": [{"fault": "token-refused", "probability": 1.0}, {"fault": "token-expired", "probability": 1.0}]
    },
}


@dataclass
class Instance:
    """One ``rorbridge run``."""

    process: "subprocess.Popen[bytes]"
    url: str

    async def terminate(self) -> int:
        """Send SIGTERM, once it is far enough to hear of it, and give the exit code."""
        async with httpx.AsyncClient() as http:
            for _ in range(300):
                with suppress(httpx.TransportError):
                    await http.get(f"{self.url}/livez")
                    break
                await asyncio.sleep(0.2)
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 60)


@dataclass
class Chaos:
    """Runs everything; *sabotage* takes a part of the lane out, to see that it is missed."""

    minutes: float
    seed: int
    per_second: float = 25.0
    sabotage: str | None = None
    only: str = ""
    """Part of the names of what may happen; all of it without."""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rorbridge-chaos-")))
    events: Counter[str] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    _instances: list[Instance] = field(default_factory=list)
    _lookalike: "subprocess.Popen[bytes] | None" = None

    async def run(self) -> tuple[Account, Stream]:
        """Let it happen, then wait until all is answered, and give the account."""
        self._dice = random.Random(self.seed)
        with ApacheKafka() as kafka:
            self._kafka = kafka
            broker = Broker(kafka.bootstrap_servers, is_real=True)
            topics = await new_topics(broker)
            try:
                self._start_lookalike()
                self._settings = topics.settings(broker) | self._ror | {"RORBRIDGE_KAFKA__DRAIN_TIMEOUT": "5"}
                await self._scale(2)
                stream = Stream(kafka.bootstrap_servers, topics.requests, self.per_second, self._dice)
                await self._happen(stream)
                return await self._end(stream, topics), stream
            finally:
                for one in self._instances:
                    one.process.kill()
                    one.process.wait()
                if self._lookalike:
                    self._lookalike.kill()
                    self._lookalike.wait()

    async def _happen(self, stream: Stream) -> None:
        stop = asyncio.Event()
        self._stream = stream
        await self._plan({})
        sending = asyncio.create_task(stream.run(stop))
        until = time.monotonic() + self.minutes * 60
        while time.monotonic() < until:
            # Every round has each kind once, in another order, and a kill between any two.
            round_ = self._round()
            self._dice.shuffle(round_)
            for name, happen in round_:
                if time.monotonic() >= until:
                    break
                self.events[name] += 1
                await happen()
                self.events["kill -9"] += 1
                await self._kill()
                await asyncio.sleep(self._dice.uniform(1, 4))
        stop.set()
        await sending

    def _round(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        def ror(plan: str) -> Callable[[], Awaitable[None]]:
            return lambda: self._ror_fault(plan)

        every = [
            ("freeze beyond the session timeout", self._freeze),
            ("freeze beyond the session timeout", self._freeze),
            ("kill twice in a row", self._kill),
            ("scale 1, 4, 2", self._scale_up_and_down),
            ("broker stopped and started", self._broker_restart),
            ("broker killed and started", self._broker_kill),
            ("broker paused", self._broker_pause),
            ("ROR process killed and started", self._lookalike_restart),
            *((f"ROR: {plan}", ror(plan)) for plan in _PLANS),
        ]
        return [one for one in every if self.only in one[0]]

    async def _end(self, stream: Stream, topics: Topics) -> Account:
        """Calm down, wait until all is answered, stop in good order, count."""
        await self._plan({})
        settings = load(Settings, environment=self._settings)
        still_open = await settled(settings.kafka, PARTITIONS, timeout_s=180)
        self.exits.update(await asyncio.gather(*(one.terminate() for one in self._instances)))
        self._instances.clear()
        found = await account(stream, topics, still_open)
        found.wrong.extend(f"exit code {code} after SIGTERM" for code in self.exits if code)
        self._noted()
        return found

    def _start(self) -> None:
        port = free_port()
        command = ["tests.chaos.sabotage", self.sabotage] if self.sabotage else ["rorbridge", "run"]
        with (self.folder / f"bridge-{len(list(self.folder.iterdir()))}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environment({**self._settings, "RORBRIDGE_HTTP__PORT": str(port), _MARK: str(self.folder)}),
                stdout=output,
                stderr=output,
            )
        self._instances.append(Instance(process, f"http://127.0.0.1:{port}"))

    async def _scale(self, count: int) -> None:
        while len(self._instances) < count:
            self._start()
        while len(self._instances) > count:
            one = self._instances.pop(self._dice.randrange(len(self._instances)))
            self.exits[await one.terminate()] += 1

    async def _scale_up_and_down(self) -> None:
        for count in (1, 4, 2):
            await self._scale(count)
            await asyncio.sleep(6)

    async def _kill(self) -> None:
        one = self._instances.pop(self._dice.randrange(len(self._instances)))
        one.process.kill()
        await asyncio.to_thread(one.process.wait)
        self._start()

    async def _freeze(self) -> None:
        one = self._dice.choice(self._instances)
        # With many answers on their way when it freezes, it has something to commit when it thaws, as a zombie.
        await self._plan({"latency_ms": [300.0, 2_000.0]})
        await asyncio.sleep(2)
        one.process.send_signal(signal.SIGSTOP)
        await self._plan({})
        await asyncio.sleep(SESSION_TIMEOUT_S + self._dice.uniform(1, 5))
        one.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(2)

    async def _broker_restart(self) -> None:
        await asyncio.to_thread(self._kafka.stop)
        await asyncio.sleep(self._dice.uniform(1, 5))
        await asyncio.to_thread(self._kafka.start)
        await asyncio.sleep(8)

    async def _broker_kill(self) -> None:
        await asyncio.to_thread(self._kafka.kill)
        await asyncio.to_thread(self._kafka.start)
        await asyncio.sleep(8)

    async def _broker_pause(self) -> None:
        self._kafka.signal(signal.SIGSTOP)
        await asyncio.sleep(self._dice.uniform(4, 9))
        self._kafka.signal(signal.SIGCONT)
        await asyncio.sleep(4)

    async def _ror_fault(self, plan: str) -> None:
        await self._plan(_PLANS[plan])
        await asyncio.sleep(self._dice.uniform(4, 8))
        await self._plan({})

    async def _lookalike_restart(self) -> None:
        assert self._lookalike
        begin = time.time()
        self._lookalike.kill()
        await asyncio.to_thread(self._lookalike.wait)
        await asyncio.to_thread(self._start_lookalike)
        await self._plan({})
        self._stream.healthy.append((begin, time.time()))

    async def _plan(self, plan: dict[str, object]) -> None:
        rules = plan.get("rules", [])
        assert isinstance(rules, list)
        full = {"latency_ms": [5.0, 120.0], **plan, "rules": [_ALWAYS, *rules]}
        async with httpx.AsyncClient() as http:
            (await http.put(self._faults_url, content=json.dumps(full))).raise_for_status()

    def _start_lookalike(self) -> None:
        if not hasattr(self, "_port"):
            self._port = free_port()
        arguments = ["lookalike", "--json", "--faults", "--offers", "2000", "--port", str(self._port)]
        with (self.folder / "lookalike.log").open("ab") as output:
            self._lookalike = subprocess.Popen(
                [sys.executable, "-m", "rorbridge", *arguments],
                env=environment({_MARK: str(self.folder)}),
                stdout=subprocess.PIPE,
                stderr=output,
            )
        assert self._lookalike.stdout
        told = json.loads(self._lookalike.stdout.readline())
        names = ("base_url", "token_url", "client_id", "client_secret")
        headers = ("user_profile_code", "user_profile_system", "role_code", "role_system")
        self._ror = {f"RORBRIDGE_ROR__{name.upper()}": told[name] for name in (*names, *headers)}
        self._ror["RORBRIDGE_ROR__TIMEOUT"] = "5"
        self._faults_url = f"http://127.0.0.1:{self._port}/_faults"

    def leftovers(self) -> list[str]:
        """Give the command lines of processes that the run has left behind; with them go their sockets."""
        found = []
        for path in Path("/proc").iterdir():
            with suppress(OSError):
                told = (path / "environ").read_bytes() + (path / "cmdline").read_bytes() if path.name.isdigit() else b""
                if str(self.folder).encode() in told or str(self._kafka.folder).encode() in told:
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def _noted(self) -> None:
        """Count what the bridges themselves noted of the fences and restarts of their lanes."""
        for log in self.folder.glob("bridge-*.log"):
            text = log.read_text(errors="replace")
            for event in ("lane-fenced", "lane-restarts", "circuit-open"):
                self.events[f"noted by the instances: {event}"] += text.count(f'"{event}"')
