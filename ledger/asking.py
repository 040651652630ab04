"""Asking witnesses and time-stamp authorities over HTTP. Whoever does not answer in time has not answered."""

from typing import Final

import httpx2

from ledger.evidence.cosigning import LARGEST_REQUEST_BYTES, Answer
from ledger.evidence.verify import LARGEST_TOKEN_BYTES, Policy
from ledger.notary import Ask, Company, Stamp
from ledger.trial.evidence_state import Evidence

PATIENCE_SECONDS: Final = 5.0
QUERY: Final = "application/timestamp-query"


def witness_at(url: str) -> Ask:
    """A witness by its submission prefix (C2SP tlog-witness)."""

    def ask(raw: bytes) -> Answer:
        found = _posted(f"{url.rstrip('/')}/add-checkpoint", raw, "text/plain; charset=utf-8", LARGEST_REQUEST_BYTES)
        return Answer(0) if found is None else Answer(found[0], found[1].decode("utf-8", "replace"))

    return ask


def authority_at(url: str) -> Stamp:
    """A time-stamp authority (RFC 3161, section 3.4)."""

    def stamp(request: bytes) -> bytes | None:
        found = _posted(url, request, QUERY, LARGEST_TOKEN_BYTES)
        return found[1] if found is not None and found[0] == 200 else None

    return stamp


def _posted(url: str, content: bytes, content_type: str, most_bytes: int) -> tuple[int, bytes] | None:
    """The status and the body; nothing where nobody answers, or with more than so many bytes."""
    try:
        answer = httpx2.post(url, content=content, headers={"Content-Type": content_type}, timeout=PATIENCE_SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return None
    return (answer.status_code, answer.content) if len(answer.content) <= most_bytes else None


def company_of(evidence: Evidence) -> Company:
    """Whom a trial's log names: its witnesses with an address, its authorities."""
    policy = Policy.parse("".join(f"{line}\n" for line in evidence.policy).encode()) if evidence.policy else None
    witnesses = {name: witness_at(url) for name, url in policy.urls.items()} if policy is not None else {}
    authorities = {each.name: authority_at(each.url) for each in evidence.authorities}
    return Company(policy, witnesses, authorities)
