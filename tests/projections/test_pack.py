"""The committee's pack: what a decision rests on, frozen, and as a page."""

from datetime import timedelta
from html.parser import HTMLParser

from ledger.decisions import holds, queries, safety
from ledger.decisions.dose_decision import ProposeDoseDecision
from ledger.decisions.standing import canonical_hash, inputs_hash
from projections.base import world_at
from projections.pack import Pack, committee_pack, cut_off
from projections.pack_document import pack_document
from tests.bench import INVESTIGATOR, PI, SPONSOR, Bench, appoint, person
from tests.projections.trials import three_treated

MONITOR = person("anton", "monitor")
HOSTILE = "<script>alert('x')</script> & \"Nausea\""


def proposed() -> tuple[Bench, int]:
    """A decision on three patients, one of them with a DLT; its number."""
    bench = three_treated()
    bench.ask(
        safety.ReportAdverseEvent(
            patient="003", term=HOSTILE, serious=False, ctcae_grade=1, onset_at=bench.now - timedelta(days=3)
        ),
        INVESTIGATOR,
    )
    about = bench.world.size - 1
    appoint(bench, MONITOR)
    bench.ask(queries.RaiseQuery(patient="003", about=about, text=bench.seal("Is it?")), MONITOR)
    bench.ask(holds.ApplyHold(scope="level", level=2, cause="logistics"), PI)
    bench.pass_days(2)
    dossier = inputs_hash(bench.world, bench.docket().version())
    bench.ask(ProposeDoseDecision(outcome="expand", to_level=1, dossier_hash=dossier), SPONSOR)
    return bench, len(bench.world.trial.decisions)


def pack_of(bench: Bench, number: int) -> Pack:
    """As whoever holds the log makes it."""
    decision = bench.world.trial.decisions[number]
    size, record = cut_off(decision), bench.records[decision.position]
    pack = committee_pack(world_at(bench.records[:size]), bench.records[:size], record.recorded_at, record)
    assert pack is not None
    return pack


def test_a_pack_names_the_inputs_that_every_signature_names() -> None:
    bench, number = proposed()
    pack = pack_of(bench, number)
    assert pack.proposal is not None
    assert pack.proposal.inputs_hash == pack.dossier.inputs_hash == bench.world.trial.decisions[number].inputs_hash
    assert (pack.proposal.outcome, pack.proposal.to_level, pack.proposal.proposed_by) == ("expand", 1, "vera")
    assert pack.events == bench.world.trial.decisions[number].data_cut_off


def test_a_pack_lists_patients_infusions_toxicities_events_and_what_is_open() -> None:
    bench, number = proposed()
    pack = pack_of(bench, number)
    assert [each.patient for each in pack.dossier.patients] == ["001", "002", "003"]
    assert [(each.patient, each.ordinal) for each in pack.infusions] == [
        (patient, ordinal) for patient in ("001", "002", "003") for ordinal in (1, 2)
    ]
    assert [(each.patient, each.counted) for each in pack.dossier.toxicities] == [("002", True)]
    assert [(each.patient, each.term) for each in pack.adverse_events][-1] == ("003", HOSTILE)
    assert [each.cause for each in pack.open_items.holds] == ["logistics"]
    assert [(each.patient, each.age_days) for each in pack.open_items.queries] == [("003", 2)]
    assert [each.patient for each in pack.open_items.late_entries] == ["003"]
    assert [each.level for each in pack.explanations] == [0, 1, 2, 3]


def test_a_pack_stays_what_it_was_whatever_comes_later() -> None:
    bench, number = proposed()
    before = pack_of(bench, number)
    for by in (PI, SPONSOR):
        bench.pass_days(1)
        bench.ask(holds.ApplyHold(scope="trial", cause="other" if by is PI else "logistics"), by)
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"), INVESTIGATOR)
    after = pack_of(bench, number)
    assert after.model_dump_json() == before.model_dump_json()
    assert pack_document(after) == pack_document(before)


def test_a_pack_has_the_hash_of_all_that_it_shows() -> None:
    bench, number = proposed()
    pack = pack_of(bench, number)
    assert pack.pack_hash == canonical_hash(pack.model_dump(mode="json", exclude={"pack_hash"}))
    later = committee_pack(bench.world, bench.records, bench.now)
    assert later is not None
    assert later.pack_hash != pack.pack_hash
    assert (later.proposal, later.events) == (None, bench.world.size)


def test_without_a_protocol_in_force_there_is_no_pack() -> None:
    assert committee_pack(Bench().world, (), Bench().now) is None


class Tags(HTMLParser):
    """What a page holds: its tags, balanced, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_runs_nothing_and_fetches_nothing() -> None:
    bench, number = proposed()
    pack = pack_of(bench, number)
    page = Tags(pack_document(pack))
    assert page.open == []
    assert page.seen & {"script", "img", "link", "iframe", "form"} == set()
    assert HOSTILE in page.text
    for told in (pack.pack_hash, pack.dossier.inputs_hash, "1NTN", "Training ledger", "expand, level 1", "logistics"):
        assert told in page.text
    assert "url(" not in pack_document(pack)


def test_the_page_says_when_a_proposal_names_other_inputs() -> None:
    bench, number = proposed()
    pack = pack_of(bench, number)
    assert pack.proposal is not None
    other = pack.model_copy(update={"proposal": pack.proposal.model_copy(update={"inputs_hash": "0" * 64})})
    assert "names other inputs" in pack_document(other)
    assert "names other inputs" not in pack_document(pack)


def test_doses_are_shown_rounded_and_kept_exact() -> None:
    bench = three_treated()
    pack = committee_pack(bench.world, bench.records, bench.now)
    assert pack is not None
    page = Tags(pack_document(pack)).text
    assert pack.infusions[0].planned_cells_per_kg == "20000000/3"
    assert "6.67" in page
    assert "20000000/3" not in page
