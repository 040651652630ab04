"""What those who dose have not acknowledged, and for how long."""

from ledger.decisions import holds
from ledger.decisions.notices import AcknowledgeNotice
from projections.dose_decisions import dose_decisions
from projections.escalation import board
from projections.notices import notices
from projections.worklists import worklists
from tests.bench import NURSE, Bench, opened_trial
from tests.patients import acknowledge, decide
from tests.projections.trials import position, six_treated


def held() -> tuple[Bench, int]:
    bench = opened_trial()
    bench.ask(holds.ApplyHold(scope="trial", cause="logistics"))
    return bench, position(bench, "trial.hold-applied")


def ward_acknowledges(bench: Bench, about: int) -> None:
    bench.ask(AcknowledgeNotice(about=about, party="ward", by="nina", acknowledged_at=bench.now), NURSE)


def test_a_notice_says_who_has_acknowledged_it_and_how_old_it_is() -> None:
    bench, about = held()
    bench.pass_days(1.51)
    ward_acknowledges(bench, about)
    (notice,) = notices(bench.world, bench.now)
    assert (notice.position, notice.kind, notice.age_hours) == (about, "hold", 36)
    assert notice.title == "Hold 1 set on the trial: logistics"
    assert [(each.party, each.by) for each in notice.acknowledged] == [("ward", "nina")]
    assert notice.waits_for == ("cell_laboratory", "pharmacy")


def test_a_party_sees_what_concerns_it_until_it_has_acknowledged_it() -> None:
    bench, about = held()
    ward_acknowledges(bench, about)
    assert notices(bench.world, bench.now, "ward", all_of_them=False) == ()
    assert [each.position for each in notices(bench.world, bench.now, "ward")] == [about]
    assert [each.position for each in notices(bench.world, bench.now, "pharmacy", all_of_them=False)] == [about]
    assert notices(bench.world, bench.now, "kitchen") == ()


def test_the_board_and_the_worklists_count_what_is_not_acknowledged() -> None:
    bench, about = held()
    bench.pass_days(1.01)
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="other"))
    ward_acknowledges(bench, about)
    shown = {each.party: each for each in board(bench.world, bench.now).unacknowledged}
    assert (shown["ward"].count, shown["ward"].oldest_hours) == (1, 0)
    assert (shown["pharmacy"].count, shown["pharmacy"].oldest_hours) == (2, 24)
    assert shown["pharmacy"].positions == tuple(sorted(bench.world.notices))
    assert [each.position for each in worklists(bench.world, bench.now).notices] == sorted(bench.world.notices)


def test_a_decision_names_its_notice_and_who_has_not_acknowledged_it() -> None:
    bench = six_treated()
    number = decide(bench, "escalate", 2, circulate=False)
    (shown, *_) = dose_decisions(bench.world, bench.now)
    assert shown.notice == position(bench, "trial.dose-decision-taken", -1)
    assert (shown.waits_for, shown.circulated) == (("ward", "cell_laboratory", "pharmacy"), False)
    acknowledge(bench, number)
    (shown, *_) = dose_decisions(bench.world, bench.now)
    assert (shown.waits_for, shown.circulated) == ((), True)
