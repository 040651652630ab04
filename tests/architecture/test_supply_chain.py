"""What is released is what was locked, runs without rights, and is looked at where the project is public."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-sbom.lock")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_everything_that_is_installed_is_pinned_with_its_hashes(name: str) -> None:
    text = re.sub(r"^ *#.*\n", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_installing_asks_for_the_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for text in (makefile, DOCKERFILE):
        installs = [line for line in text.splitlines() if re.search(r"(pip install|\$\(PIP\)) .*-r ", line)]
        assert installs
        assert all("--require-hashes" in line for line in installs)


def test_the_image_runs_as_a_user_by_number_who_is_not_root() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    (user,) = re.findall(r"^USER (\d+):(\d+)$", stages[-1], re.MULTILINE)
    assert int(user[0]) > 0
    assert int(user[1]) > 0
    assert "ADD " not in DOCKERFILE
    assert ":latest" not in DOCKERFILE
    written = re.findall(r"/var/lib/[a-z-]+", re.findall(r"^VOLUME (.+)$", stages[-1], re.MULTILINE)[0])
    named = re.findall(r"LEDGER_(?:KEYS_)?DIRECTORY=(\S+)", stages[-1])
    assert set(named) == set(written), "what is written lies in volumes, so that the rest may be read-only"


def test_the_image_holds_the_program_and_nothing_else_of_ours() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {word for line in copied for word in line.split()} == {
        "requirements.lock",
        "pyproject.toml",
        "LICENSE",
        "ledger",
        "projections",
        "api",
    }
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1] == "*"


def test_the_public_run_is_ours_and_what_needs_others() -> None:
    jobs = CI["jobs"]
    said = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    assert ".ci/run" in said["suite"]
    assert said["audit"].count("pip-audit --require-hashes") == 2
    assert "make sbom" in said["audit"]
    assert "--read-only" in said["image"]
    assert any("trivy" in step.get("uses", "") for step in jobs["image"]["steps"])
    assert CI["permissions"] == {"contents": "read"}


def test_no_step_of_the_public_run_is_of_a_version_that_moves_as_a_branch_does() -> None:
    used = [step["uses"] for job in CI["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w./-]+@v?\d[\w.]*", each) for each in used)
    checkouts = [step for job in CI["jobs"].values() for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
