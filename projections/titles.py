"""Every event in plain words, by its stored name."""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.types import Event

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "trial.registered.v1": "Trial {trial_id} registered",
        "trial.protocol-version-proposed.v1": "Protocol version {version} proposed, to hold from {effective_on}",
        "trial.ethics-approval-recorded.v1": "Ethics approval of protocol version {version} recorded",
        "trial.protocol-version-approved.v1": "Protocol version {version} approved",
        "trial.protocol-interpretation-proposed.v1": "Reading of {item} proposed: {reading}",
        "trial.protocol-interpretation-recorded.v1": "Reading of {item} in force: {reading}",
        "trial.site-opened.v1": "Site {site} opened",
        "trial.source-registered.v1": "System {system} may report for site {site}",
        "trial.role-delegated.v1": "Role {role} delegated to {person}",
        "trial.role-revoked.v1": "Role {role} of {person} ends on {ends_on}",
        "trial.enrolment-closed.v1": "Enrolment closed: {cause}",
        "trial.report-quarantined.v1": "Report on unknown patient {patient_as_reported} quarantined: {term}",
        "trial.quarantine-resolved.v1": "Quarantined report {quarantine} resolved",
        "trial.deviation-recorded.v1": "Deviation of the trial from rule {rule}",
        "trial.reference-safety-information-approved.v1": "Reference safety information {version} approved",
        "trial.safety-review-held.v1": "Safety review {review} held: {recommendation}",
        "trial.hold-applied.v1": "Hold {hold} set on the {scope}: {cause}",
        "trial.hold-lifted.v1": "Hold {hold} lifted",
        "trial.dose-decision-proposed.v1": "Dose decision {decision} proposed: {outcome}",
        "trial.dose-decision-signed.v1": "Dose decision {decision} signed by {member}: {vote}",
        "trial.dose-decision-taken.v1": "Dose decision {decision} taken: {outcome}",
        "trial.decision-basis-superseded.v1": "Basis of dose decision {decision} superseded by patient {patient}",
        "trial.notice-acknowledged.v1": "Notice of event {about} acknowledged by {by}, {party}",
        "trial.mtd-declared.v1": "Maximum tolerated dose declared: level {level}",
        "trial.mtd-not-reached.v1": "Maximum tolerated dose not reached up to level {top_level}",
        "trial.rp2d-selected.v1": "Recommended phase II dose: level {level}",
        "trial.mtd-superseded.v1": "Maximum tolerated dose of level {level} superseded",
        "trial.rp2d-withdrawn.v1": "Recommended phase II dose of level {level} withdrawn",
        "trial.phase-entered.v1": "Phase {phase} entered at level {level}",
        "trial.stopped-prematurely.v1": "Trial stopped: {criterion}",
        "trial.log-key-enrolled.v1": "Key of the log enrolled",
        "trial.witness-policy-set.v1": "Witnesses of the log set",
        "trial.anchor-policy-set.v1": "Time-stamp authorities of the log set",
        "trial.anchor-recorded.v1": "The first {size} events dated by {authority}",
        "trial.evidence-quorum-reached.v1": "The first {size} events cosigned by a quorum of witnesses",
        "trial.clock-anomaly.v1": "The clock was off by {off_by_milliseconds} ms against the {against}",
        "trial.recovery-recorded.v1": "Recovered: {signed_size} events were signed, {found_size} were found",
        "trial.settings-set.v1": "Quorum of witnesses needed before exposure: {quorum_before_exposure}",
        "cohort.opened.v1": "Level {level} opened for {slots_count} patients",
        "cohort.slot-reserved.v1": "Slot kept for patient {patient} to {expires_on}",
        "cohort.reservation-released.v1": "Slot of patient {patient} given back: {cause}",
        "cohort.slot-assigned.v1": "Slot of phase {phase} taken by patient {patient}",
        "cohort.slot-vacated.v1": "Slot left by patient {patient}",
        "cohort.dlt-window-opened.v1": "DLT window of patient {patient} opened, to {planned_to_on}",
        "cohort.dlt-window-replanned.v1": "DLT window of patient {patient} moved, to {planned_to_on}",
        "cohort.dlt-window-closed.v1": "DLT window of patient {patient} closed on {closed_on}",
        "cohort.evaluability-opinion-signed.v1": "Patient {patient} evaluable {evaluable}, in the opinion of {member}",
        "cohort.evaluability-determined.v1": "Patient {patient} determined: evaluable {evaluable}",
        "cohort.received-dose-counted.v1": "Patient {patient} of level {assigned_level} counts by the dose received",
        "cohort.received-dose-uncounted.v1": "Patient {patient} does not count here any more",
        "cohort.dlt-counted.v1": "DLT of patient {patient} counted",
        "cohort.dlt-uncounted.v1": "DLT of patient {patient} no longer counted",
        "cohort.expanded.v1": "Level expanded to {slots_count} patients",
        "cohort.cleared.v1": "Level cleared with {dlt_count} DLTs in {evaluable_count} patients",
        "cohort.exceeded.v1": "Level exceeded with {dlt_count} DLTs in {evaluable_count} patients",
        "cohort.reopened.v1": "Level reopened for {slots_count} patients",
        "cohort.expansion-opened.v1": "Level opened to phase II for {slots_count} patients",
        "patient.screened.v1": "Patient {number} screened at site {site}",
        "patient.consent-given.v1": "Consent given by the {capacity}",
        "patient.assent-given.v1": "Assent given",
        "patient.consent-withdrawn.v1": "Consent withdrawn: {scope}",
        "patient.screening-finding-recorded.v1": "Screening finding of {found_on}: {finding}",
        "patient.criterion-assessed.v1": "Criterion {criterion} assessed: met {met}",
        "patient.investigator-determination-signed.v1": "Criterion {criterion} determined: met {met}",
        "patient.eligibility-confirmed.v1": "Eligibility confirmed under protocol version {protocol_version}",
        "patient.screen-failed.v1": "Screening failed",
        "patient.enrolled.v1": "Enrolled in phase {phase}, graft planned on {planned_transplant_on}",
        "patient.dose-level-assigned.v1": "Dose level {level} assigned",
        "patient.dose-level-reassigned.v1": "Moved from level {from_level} to level {level}",
        "patient.assignment-cancelled.v1": "Assignment to level {level} cancelled: {cause}",
        "patient.protocol-deviation-recorded.v1": "Deviation from rule {rule}",
        "patient.query-raised.v1": "Query {query} raised: {kind}",
        "patient.query-answered.v1": "Query {query} answered",
        "patient.query-closed.v1": "Query {query} closed: {resolution}",
        "patient.query-reopened.v1": "Query {query} reopened",
        "patient.source-verified.v1": "Records verified against the source on {verified_on}",
        "patient.investigator-endorsed.v1": "Data endorsed by {member}: {records_count} records",
        "patient.death-recorded.v1": "Death on {died_on}: {cause}",
        "patient.off-study.v1": "Off study on {off_on}: {cause}",
        "patient.dose-planned.v1": "Infusion {ordinal} planned: {cells} cells",
        "patient.readiness-assessed.v1": "Readiness for infusion {ordinal} assessed",
        "patient.identity-verified.v1": "Identity for infusion {ordinal} verified by two people",
        "patient.infusion-authorised.v1": "Infusion {ordinal} authorised to {valid_until}",
        "patient.infusion-started.v1": "Infusion {ordinal} started at level {level}",
        "patient.infusion-completed.v1": "Infusion {ordinal} completed: {cells} cells",
        "patient.infusion-omitted.v1": "Infusion {ordinal} omitted: {cause}",
        "patient.transplant-performed.v1": "Graft infused: day 0",
        "patient.adverse-event-reported.v1": "Adverse event {adverse_event} reported: {term}",
        "patient.adverse-event-updated.v1": "Adverse event {adverse_event} updated",
        "patient.toxicity-assessed.v1": "{toxicity} of adverse event {adverse_event} assessed: grade {computed_grade}",
        "patient.toxicity-regraded.v1": "Adverse event {adverse_event}, assessment {assessment}, by the record: grade"
        " {computed_grade}",
        "patient.ward-sheet-recorded.v1": "Seen on the ward",
        "patient.concomitant-medication-given.v1": "Given: {agent}, {purpose}",
        "patient.concomitant-medication-stopped.v1": "Stopped: {agent}",
        "patient.grade-confirmed.v1": "Grade {grade} of adverse event {adverse_event} confirmed",
        "patient.attribution-assessed.v1": "Adverse event {adverse_event} attributed by {assessor}: {relation}",
        "patient.sae-classified.v1": "Adverse event {adverse_event} classified: serious {serious}, expected {expected}",
        "patient.sponsor-informed.v1": "Sponsor informed of adverse event {adverse_event}",
        "patient.expedited-report-submitted.v1": "Report on adverse event {adverse_event} sent to {recipient}: {kind}",
        "patient.pregnancy-reported.v1": "Pregnancy of the {pregnant} reported",
        "patient.candidate-dlt-raised.v1": "Candidate DLT raised on {subject}: {cause}",
        "patient.dlt-opinion-signed.v1": "Opinion that {subject} is no DLT signed by {member}",
        "patient.dlt-adjudicated.v1": "Ruling {revision} on {subject}: DLT {is_dlt}",
        "patient.candidate-dlt-ruled.v1": "Candidate DLT on {subject} ruled: DLT {is_dlt}",
        "patient.outcome-recorded.v1": "Outcome, {shown}",
        "patient.visit-recorded.v1": "Visit of day {visit} made on {visited_on}, {kind}",
        "patient.visit-missed.v1": "Visit of day {visit} missed: {cause}",
        "patient.contact-attempted.v1": "Contact attempted by {means}: reached {reached}",
        "product.collection-received.v1": "Collection {donation_number} of donor {donor} received",
        "product.manufacture-completed.v1": "Manufacture of lot {lot} completed: {outcome}",
        "product.release-test-recorded.v1": "Release test {test}: {result}, passed {passed}",
        "product.disposition-set.v1": "Disposition signed: {disposition}",
        "product.late-sterility-reported.v1": "Final sterility culture: {result}",
        "product.custody-transferred.v1": "Custody passed from {from_party} to {to_party}",
        "product.thawed.v1": "Bag {bag} thawed: {cells} cells",
        "product.temperature-excursion.v1": "Temperature excursion to {highest_c} °C for {lasted_minutes} minutes",
        "product.destroyed.v1": "Cells destroyed: {cause}",
    }
)
"""Stored name -> title, with the event's own members in braces, or `shown`: what it says of itself. `yes` and `no`
stand for true and false."""


def title(event: Event) -> str:
    """An event in plain words; a type that this page does not know yet, by its stored name."""
    template = TITLES.get(event.NAME)
    if template is None:
        return event.NAME
    said = {name: _said(value) for name, value in event.model_dump(mode="json").items()}
    return template.format_map({"shown": getattr(event, "shown", None), **said})


def _said(value: object) -> object:
    if isinstance(value, dict):
        return " ".join(str(_said(part)) for name, part in value.items() if name != "kind")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not certain" if value is None else value
