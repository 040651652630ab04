"""Every refusal by name: the leaves of the tree in `errors.py`, each with the rule that it stands for.

The docstring is the title that a caller reads. Rule numbers are those of the protocol (`P`, `I`, `X`, `A.3`) and of
`docs/rules.md` (`B`, `G`).
"""

from ledger.errors import Contradicted, Malformed, Overtaken, Refused, Unknown


class UnreadableCommand(Malformed):
    """The request cannot be read as this command."""

    rule = "command"


class NameOfTheInstallation(Malformed):
    """No trial is called as the installation's own log is."""

    rule = "G.1"


class OccurrenceInTheFuture(Malformed):
    """It is said to have happened later than now."""

    rule = "time-1"


class NotInProtocol(Malformed):
    """The protocol has no such level, infusion, visit, criterion, response or interpretation."""

    rule = "protocol-1"


class FindingsContradict(Malformed):
    """The findings contradict each other or do not fit the toxicity."""

    rule = "D"


class RatesDoNotFit(Malformed):
    """A true rate is given for every level of the ladder, the reserve included."""

    rule = "B.5"


class DoseInAnotherUnit(Malformed):
    """The dose is not in the unit of the day table."""

    rule = "schedule-1"


class NotCorrectable(Malformed):
    """A record of this kind is not corrected; its consequences are ruled or determined anew."""

    rule = "G.4-10"


class CorrectionOfAnotherKind(Malformed):
    """A correction is of the same kind, in the same stream, as what it corrects."""

    rule = "G.4-10"


class ReasonMissing(Malformed):
    """A correction, an override and a late entry need a reason."""

    rule = "G.3"


class RationaleMissing(Malformed):
    """The attribution of neurotoxicity needs a rationale: the conditioning may have caused it too."""

    rule = "A.3-18"


class AlreadyRegistered(Refused):
    """The trial is registered already."""

    rule = "G.1"


class NotRegistered(Refused):
    """The trial is not registered yet."""

    rule = "G.1"


class NoProtocolInForce(Refused):
    """No approved protocol version holds on this day."""

    rule = "G.4-1"


class NeedsSecondPerson(Refused):
    """Another person than the author has to sign."""

    rule = "G.4-9"


class EthicsApprovalMissing(Refused):
    """The protocol version has no ethics approval on record."""

    rule = "E6-4.3.5"


class VersionNotProposed(Refused):
    """No such protocol version or interpretation is on the table."""

    rule = "G.2"


class VersionOutOfOrder(Refused):
    """Protocol versions are numbered one after another."""

    rule = "G.2"


class SiteNotOpen(Refused):
    """The site is not open."""

    rule = "G.2"


class SourceUnknown(Refused):
    """The reporting system is not registered for this site."""

    rule = "11.10(h)"


class NotDelegated(Refused):
    """Who asks does not hold the delegated role today."""

    rule = "G.4-9"


class MayNotDelegate(Refused):
    """This role may not be delegated by this person, or to himself."""

    rule = "G.4-9"


class NotTrainedYet(Refused):
    """The training that is on file was completed after the role's first day."""

    rule = "11.10(i)"


class PatientNotScreened(Refused):
    """The patient is not in screening any more, or has not begun it."""

    rule = "G.2"


class AlreadyEnrolled(Refused):
    """The patient is enrolled already."""

    rule = "G.2"


class NotEnrolled(Refused):
    """The patient is not enrolled."""

    rule = "G.4-1"


class OffStudy(Refused):
    """The patient has left the study."""

    rule = "X1"


class ConsentNotValid(Refused):
    """The consent that the patient's age requires is not on record."""

    rule = "G.4-1"


class CriteriaOpen(Refused):
    """Criteria are not assessed yet or not met."""

    rule = "G.4-1"


class CriterionIsComputed(Refused):
    """The ledger computes this criterion from the findings; nobody attests it."""

    rule = "G.4-1"


class AgeFlagStands(Refused):
    """The age needs a signed interpretation of the protocol."""

    rule = "A.3-1"


class NotEligible(Refused):
    """Eligibility is not confirmed under the protocol version in force."""

    rule = "G.4-1"


class EnrolmentCapReached(Refused):
    """The enrolment cap is reached."""

    rule = "P1"


class EnrolmentIsClosed(Refused):
    """Enrolment is closed."""

    rule = "G.4-1"


class TrialStopped(Refused):
    """The trial has stopped."""

    rule = "P8"


class TrialHeld(Refused):
    """A hold is on the trial."""

    rule = "G.4-1"


class LevelHeld(Refused):
    """A hold is on the level."""

    rule = "G.4-5"


class PhaseOneComplete(Refused):
    """Phase I has its result; no further patient is dosed in it."""

    rule = "B.1"


class PhaseTwoNotStated(Refused):
    """The protocol in force states no phase II."""

    rule = "F"


class NoRecommendedDose(Refused):
    """No recommended phase II dose stands."""

    rule = "F"


class NotTheRecommendedDose(Refused):
    """Phase II places patients at the recommended dose only."""

    rule = "F"


class PhaseTwoEntered(Refused):
    """Phase II is under way, with all the patients that the cap leaves it."""

    rule = "F"


class PhaseOneUnsettled(Refused):
    """Phase II waits until every window of phase I is closed and every candidate DLT ruled."""

    rule = "F"


class BoundaryCrossed(Refused):
    """The toxicity boundary of phase II is crossed, or would be by what is not decided yet."""

    rule = "F"


class CohortNotOpen(Refused):
    """The level is not open."""

    rule = "G.4-1"


class CohortExceededIsShut(Refused):
    """The level is exceeded."""

    rule = "G.4-5"


class LevelNotAdvised(Refused):
    """The design treats another level now."""

    rule = "G.4-2"


class CandidatesHoldLevel(Refused):
    """Counted and candidate DLTs together reach the number that exceeds the level."""

    rule = "B.2"


class NoFreeSlot(Refused):
    """The cohort has no free slot."""

    rule = "G.4-1"


class NoReservation(Refused):
    """The patient holds no live reservation at this level."""

    rule = "G.4-1"


class AlreadyReserved(Refused):
    """The patient holds a reservation at another level."""

    rule = "G.4-1"


class AlreadyAssigned(Refused):
    """The patient has a dose level already."""

    rule = "G.4-1"


class NotAssigned(Refused):
    """The patient has no dose level."""

    rule = "G.4-4"


class AlreadyDosed(Refused):
    """The first infusion has begun; the level stands."""

    rule = "B.2"


class CohortOpenAlready(Refused):
    """The level is open already."""

    rule = "G.4-2"


class NotTheStartLevel(Refused):
    """Only the start level opens without a dose decision."""

    rule = "G.4-2"


class WeightTooOld(Refused):
    """The weight was not taken within the days before the infusion that the protocol says."""

    rule = "A.3-16"


class DoseNotPlanned(Refused):
    """The dose of this infusion is not planned for the assigned level."""

    rule = "G.4-4"


class DoseAbovePlan(Refused):
    """The two calculations of the cells do not agree."""

    rule = "G.4-4"


class DoseNotOrdered(Refused):
    """The dose of this infusion is not ordered in mL, of this product, for the plan in force."""

    rule = "G.4-4"


class VolumesDiffer(Refused):
    """The volume calculated is not the one that follows from the plan, rounded down."""

    rule = "G.4-4"


class CalculationNotIndependent(Refused):
    """The second calculation is by whoever made the first."""

    rule = "G.4-4"


class EarlierInfusionNotGiven(Refused):
    """The infusion before this one was not given."""

    rule = "A.3-25"


class InfusionAlreadyGiven(Refused):
    """This infusion was given or omitted already."""

    rule = "G.4-4"


class ReadinessNotMet(Refused):
    """A readiness check is missing, too old or not met."""

    rule = "P6"


class PatientHasDlt(Refused):
    """The patient has a DLT or a candidate DLT."""

    rule = "G.4-4"


class SentinelPeriodRunning(Refused):
    """An earlier patient of the level is still under observation."""

    rule = "B.2"


class DecisionNotCirculated(Refused):
    """The decision that opened the level has not reached those who dose."""

    rule = "E.1"


class DecisionBasisMoved(Refused):
    """What the level was opened or expanded on is no longer on record so; the committee has to sign anew."""

    rule = "G.4-9"


class CheckersNotDistinct(Refused):
    """Two distinct people check identity."""

    rule = "G.4-4"


class IdentityDoesNotMatch(Refused):
    """The chain of identity on the product is not the patient's."""

    rule = "G.4-4"


class NotAuthorised(Refused):
    """The infusion was not authorised as it was given."""

    rule = "G.4-4"


class WrongLevel(Refused):
    """Another level than the assigned one was given."""

    rule = "G.4-4"


class OutsideInfusionDay(Refused):
    """The infusion lies outside its days."""

    rule = "P5"


class VolumeAboveOrder(Refused):
    """More was given than the volume authorised."""

    rule = "G.4-4"


class ShortDose(Refused):
    """Less of the planned dose was given than an evaluable patient receives."""

    rule = "B.2"


class OmittedTooSoon(Refused):
    """The infusion was omitted for readiness while its days had not passed."""

    rule = "A.3-25"


class Overdose(Refused):
    """More than the protocol's limit above the plan was given."""

    rule = "B.2"


class ProductNotReleased(Refused):
    """The product's release is not before the authorisation."""

    rule = "G.4-4"


class CandidateStands(Refused):
    """A candidate DLT of the patient is open."""

    rule = "B.2"


class WindowStillRuns(Refused):
    """The DLT window has not elapsed."""

    rule = "G.4-6"


class NoWindow(Refused):
    """The patient has no open DLT window."""

    rule = "G.4-6"


class InfusionOutstanding(Refused):
    """An infusion of the patient is neither given nor omitted."""

    rule = "G.4-6"


class AssessmentsMissing(Refused):
    """The scheduled assessments are not complete."""

    rule = "G.4-6"


class EarlyEndNotOnRecord(Refused):
    """The cause of the early end is not on record."""

    rule = "B.2"


class NotYetEvaluable(Refused):
    """The window is not closed."""

    rule = "B.2"


class LevelNotReceived(Refused):
    """What the patient received is not the dose of that level."""

    rule = "B.2"


class DoseBelowMinimum(Refused):
    """The patient received less of the planned dose than the protocol asks for."""

    rule = "B.2"


class ReasonNotInList(Refused):
    """The reason is not in the protocol's closed list."""

    rule = "B.2"


class BelowDltGrade(Refused):
    """The grade is below the protocol's limit for a DLT."""

    rule = "P7"


class OutsideDltWindow(Refused):
    """The onset lies outside the patient's DLT window."""

    rule = "A.3-6"


class NoSuchCandidate(Refused):
    """There is nothing of this kind to rule on."""

    rule = "B.2"


class OnlyAssessor(Refused):
    """Who reported or determined is not the only reviewer."""

    rule = "G.4-9"


class OutcomeNotPermitted(Refused):
    """The design does not permit this outcome on these inputs."""

    rule = "G.4-3"


class OverrideMissing(Refused):
    """An outcome other than the advice needs a documented override."""

    rule = "G.4-3"


class DecisionNotOpen(Refused):
    """The dose decision is not open for signature."""

    rule = "G.4-3"


class NotInQuorum(Refused):
    """The signer's role is not part of the decision's quorum."""

    rule = "A.3-27"


class DossierMoved(Refused):
    """What was signed is no longer what stands on record: propose again."""

    rule = "G.4-9"


class QueryIsClosed(Refused):
    """The query is closed; it can be reopened."""

    rule = "query-1"


class QueryIsOpen(Refused):
    """The query is open already and waits for the site."""

    rule = "query-1"


class QueryNotSettled(Refused):
    """The record was not corrected since, nobody has answered, or a contradiction is not withdrawn."""

    rule = "query-1"


class DecisionPending(Refused):
    """Another dose decision waits for signatures."""

    rule = "G.4-3"


class HoldCauseStands(Refused):
    """The cause of the hold stands; it cannot be lifted yet."""

    rule = "G.4-5"


class SafetyReviewMissing(Refused):
    """No safety review recommends to lift this hold."""

    rule = "A.3-19"


class SafetyReviewNotQuorate(Refused):
    """Too few of the committee, without a conflict of interest, took part in the safety review."""

    rule = "A.3-19"


class BelowOnRecord(Refused):
    """The sponsor upgrades what the investigator said, and never downgrades it."""

    rule = "safety-1"


class NotExpectedThen(Refused):
    """An event is expected only against reference safety information that was in force at its onset."""

    rule = "safety-2"


class HoldNotOpen(Refused):
    """No such hold is in force."""

    rule = "G.4-5"


class NothingToTake(Refused):
    """There is no such delegation, query or report to end."""

    rule = "G.2"


class AlreadyAdjudicated(Contradicted):
    """A ruling of this revision is on record."""

    rule = "G.4-12"


class AlreadyClassified(Contradicted):
    """A classification of this revision is on record, or the one before it is not."""

    rule = "G.4-12"


class AuditIdReused(Contradicted):
    """The entry of the reporting system's audit trail stands for another report."""

    rule = "G.4-12"


class AlreadyDetermined(Contradicted):
    """A determination of this revision is on record."""

    rule = "G.4-12"


class AlreadySigned(Contradicted):
    """This person has signed otherwise."""

    rule = "G.4-12"


class AlreadyCorrected(Contradicted):
    """A later correction of this record is in force."""

    rule = "G.4-10"


class NoSuchTrial(Unknown):
    """There is no such trial."""

    rule = "unknown-trial"


class NoSuchPatient(Unknown):
    """There is no such patient."""

    rule = "unknown-patient"


class NoSuchCohort(Unknown):
    """There is no such cohort."""

    rule = "unknown-cohort"


class NoPhaseTwo(Unknown):
    """The protocol states no phase II."""

    rule = "F"


class NoSuchRecord(Unknown):
    """There is no such record."""

    rule = "unknown-record"


class NoSuchDecision(Unknown):
    """There is no such dose decision."""

    rule = "unknown-decision"


class NoSuchNotice(Unknown):
    """There is nothing to acknowledge at this position."""

    rule = "unknown-notice"


class NoSuchQuery(Unknown):
    """There is no such query."""

    rule = "unknown-query"


class NoSuchAdverseEvent(Unknown):
    """There is no such adverse event."""

    rule = "unknown-adverse-event"


class VersionMovedOn(Overtaken):
    """The resource has changed since it was read."""

    rule = "G.4-12"


class DataMoved(Overtaken):
    """The patient's data have changed since they were read."""

    rule = "G.4-9"


class DossierStale(Overtaken):
    """The dossier has changed since it was read."""

    rule = "G.4-9"


class NoSuchDonor(Unknown):
    """No donor candidate of this number is on record for the patient."""

    rule = "unknown-donor"


class DonorTypeNotInProtocol(Refused):
    """The protocol takes no donor of this type."""

    rule = "I4"


class DonorConsentMissing(Refused):
    """The donor's consent to give both graft and NK cells is not on record."""

    rule = "I4"


class DonorNotEligible(Refused):
    """No determination that the donor is eligible is in force."""

    rule = "I4"


class DonorNotAvailable(Refused):
    """The donor is not available for both graft and NK cells."""

    rule = "I4"


class DonorTestsTooOld(Refused):
    """The donor's infectious tests are not from the protocol's days before."""

    rule = "donor-1"


class DonorNotSelected(Refused):
    """No donor is selected for the patient."""

    rule = "G.4-4"


class CellsOfAnotherDonor(Refused):
    """The NK cells are not of the donor of the graft."""

    rule = "G.4-4"


class GraftOfAnotherDonor(Refused):
    """The graft is not of the selected donor, or its donor is not stated."""

    rule = "G.4-4"


class GraftNotAsPlanned(Refused):
    """The graft is no G-CSF-mobilised, CD3-depleted one."""

    rule = "P11"


class BloodGroupNotConfirmed(Refused):
    """Independent samples have not confirmed the blood group of recipient or donor."""

    rule = "donor-2"


class NotInDayTable(Refused):
    """The day table does not have this agent on this day."""

    rule = "schedule-1"


class DoseNotAsScheduled(Refused):
    """The dose is further from the day table's than the protocol tolerates."""

    rule = "schedule-1"


class NotOnScheduledDay(Refused):
    """It was given on another date than that of its protocol day."""

    rule = "schedule-1"


class NotForThisDonor(Refused):
    """The day table has this dose for another type of donor only."""

    rule = "P12"


class SecondBackbone(Refused):
    """Another agent of the same choice was chosen or given: exactly one is."""

    rule = "P10"


class BackboneNotChosen(Refused):
    """The choice of this agent, with its reason, is not on record."""

    rule = "P10"


class AlreadyTransplanted(Refused):
    """The graft was infused: its day is a fact."""

    rule = "P11"


class MinorDissents(Refused):
    """The minor said no and has not agreed since."""

    rule = "A.3-2"


class ParticipationEnded(Refused):
    """Consent to all participation was withdrawn before."""

    rule = "X1"


class NobodyConcerned(Refused):
    """Nobody who takes part has signed a consent that this form could replace."""

    rule = "A.3-2"


class WrongUnit(Malformed):
    """The result is not in the unit of the protocol's limit."""

    rule = "product-1"


class ProductUnknown(Refused):
    """The product is not on record."""

    rule = "G.4-4"


class NotManufactured(Refused):
    """The product's manufacture is not on record, or it failed."""

    rule = "product-1"


class ReleaseTestMissing(Refused):
    """A release test of the protocol is not recorded, or cannot be judged yet."""

    rule = "product-1"


class ReleaseTestFailed(Refused):
    """The result of a release test is outside the protocol's limit."""

    rule = "product-1"


class ProductRejected(Refused):
    """The product is rejected."""

    rule = "product-1"


class SterilityPositive(Refused):
    """The final sterility culture of the product is positive."""

    rule = "product-2"


class LateSterilityPending(Refused):
    """The final sterility culture is not in; the product can be released conditionally only."""

    rule = "product-2"


class LateSterilityKnown(Refused):
    """No final sterility culture is waited for; a release is not conditional."""

    rule = "product-2"


class LateSterilityTooEarly(Refused):
    """A negative culture was reported before the protocol's days were over; it does not count as final."""

    rule = "product-2"


class ChainOfIdentityBroken(Refused):
    """The chain of identity, the donor and the recipient do not belong together."""

    rule = "product-3"


class RecipientDiffers(Refused):
    """The product is meant for another patient, or for none yet."""

    rule = "product-3"


class CustodyBroken(Refused):
    """The product was handed over by another party than the one that held it."""

    rule = "product-4"


class NotInCustodyOfSite(Refused):
    """No cells of the product are in the custody of the patient's site."""

    rule = "product-4"


class ExcursionUnresolved(Refused):
    """The product was too warm, and no disposition was signed since."""

    rule = "product-4"


class ProductIsDestroyed(Refused):
    """The product, or the bag, was destroyed."""

    rule = "product-5"


class BagNotOnRecord(Refused):
    """The product has no bag of this name."""

    rule = "product-5"


class CellsTooFew(Refused):
    """Fewer cells of the product are left than are asked for."""

    rule = "product-5"


class SumOverLimit(Refused):
    """With this infusion the sum over the patient's infusions is not within the protocol's limit."""

    rule = "product-6"


class SumNotKnown(Refused):
    """What the protocol limits over the patient's infusions is not known of this product or of an earlier infusion."""

    rule = "product-6"


class NoSuchDoseOrder(Unknown):
    """Neither this infusion's dose nor its order is on record."""

    rule = "G.4-4"


class NoSuchProduct(Unknown):
    """There is no such product."""

    rule = "unknown-product"


class WeakLogKey(Refused):
    """A key that must not sign this log's heads: of small order, of another log, or not one at all."""

    rule = "evidence-1"


class LogKeyNotSignedIn(Refused):
    """A new key for the log that the key in use did not sign."""

    rule = "evidence-1"


class UnreadablePolicy(Malformed):
    """A witness policy that is not a tlog-policy file, or does not name this log."""

    rule = "evidence-2"


class EvidenceQuorumMissing(Refused):
    """The trial asks for a quorum of witnesses on the decision that opened a level, and there is none yet."""

    rule = "evidence-3"


class VisitOutsideWindow(Refused):
    """The visit lies outside its days."""

    rule = "follow-up-1"


class FollowUpNotOver(Refused):
    """The follow-up is not over: neither are its years, nor was the last planned visit made."""

    rule = "follow-up-2"


class NoContactAttempted(Refused):
    """Nobody is on record as having tried to reach a patient who is said to be lost to follow-up."""

    rule = "follow-up-3"


class NothingToErase(Refused):
    """No free text about the patient is kept."""

    rule = "privacy-1"


class OnePersonAlone(Refused):
    """Who asked for an erasure or a redaction does not confirm it."""

    rule = "privacy-2"


class NoSuchRequest(Unknown):
    """Nobody asked for such an erasure or redaction."""

    rule = "privacy-3"


class NoSuchText(Unknown):
    """The event holds no free text under this name, or none that is still kept."""

    rule = "privacy-3"
