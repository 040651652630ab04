"""The arrows between the rooms point one way: the import contracts of `pyproject.toml`."""

from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

CONFIGURATION = str(Path(__file__).parents[2] / "pyproject.toml")
CONTRACTS = [contract["id"] for contract in read_configuration(CONFIGURATION)["contracts_options"]]


def test_the_contracts_are_found() -> None:
    assert CONTRACTS == ["arrows", "rooms", "rules-are-pure", "evidence-stands-alone"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_contract_is_kept(contract: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(CONFIGURATION, limit_to_contracts=(contract,), no_cache=True, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
