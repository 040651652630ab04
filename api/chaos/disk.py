"""The disk that can be watched and made to fail (`disk.c`), and the clock that can be set (`clock.c`): compiled once
with the machine's C compiler, and put before libc of a process by its environment."""

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from ledger.errors import Unavailable

HERE: Final = Path(__file__).parent


class NoCompiler(Unavailable):
    """This needs a C compiler, `cc`, and Linux."""

    rule = "chaos-compiler"


@cache
def _compiled(name: str) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler("no cc is on the path")
    made = Path(mkdtemp(prefix="trial-ledger-chaos-")) / f"{name}.so"
    made.parent.chmod(0o755)  # for a database's server, which runs as another user
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(HERE / f"{name}.c"), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, capture_output=True)
    return made


def disk(under: Path, **settings: str) -> Mapping[str, str]:
    """The environment of a process whose files under a directory are watched; the settings are those of `disk.c`, such
    as `fail="sync:3"`."""
    named = {f"DISK_{name.upper()}": value for name, value in settings.items()}
    return {"LD_PRELOAD": str(_compiled("disk")), "DISK_UNDER": str(under.resolve()), **named}


def clock(file: Path) -> Mapping[str, str]:
    """The environment of a process whose wall clock is ahead by as many seconds as a file says."""
    return {"LD_PRELOAD": str(_compiled("clock")), "CLOCK_FILE": str(file)}
