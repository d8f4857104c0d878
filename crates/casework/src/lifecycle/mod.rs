//! The law: which command is lawful in which state, what then has happened, and what the state is after it.
//!
//! `decide(state, command, circumstances) -> events | refusal` and `evolve(state, event) -> state` are pure: no clock, no
//! chance, no database. [`case`] has the case with its tasks, [`report`] the report. The tests hold the law of casework over
//! random command sequences and over the complete table stage × command.

pub mod bring_in;
pub mod case;
pub mod course;
pub mod decide;
pub mod handling;
pub mod links;
pub mod overlays;
pub mod report;
mod schema;

use crate::clocks::Reckoner;
use crate::model::{Actor, Basis, CaseStage, OrganisationRef};
use crate::process::Process;
use base::{FailureKind, Id, Timestamp};
use calendar::Limit;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub use schema::{EVENT_SCHEMA, UnreadableFact, read_fact};

/// Something that happened, by whom and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<F> {
    /// When it happened. Deadlines are judged by this.
    pub occurred_at: Timestamp,
    /// When we learnt of it.
    pub recorded_at: Timestamp,
    /// Who did it; none when the platform itself did (a timer, an import).
    pub by: Option<Actor>,
    /// What happened.
    pub fact: F,
}

/// A kind of fact that is written on a timeline.
pub trait Fact: Serialize + for<'de> Deserialize<'de> {
    /// The kind of outbox entry that tells of such facts.
    const CHANGED: &'static str;

    /// The word of its kind, e.g. `case_filed`.
    fn kind(&self) -> &'static str;
}

/// A rule row as the registry has it when a command cites it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFacts {
    /// Its id.
    pub id: Id,
    /// The version of its standard.
    pub version: i64,
    /// The category it belongs to.
    pub category_id: Id,
    /// How long handling may take.
    pub limit: Limit,
    /// Whether a newer version took its place.
    pub is_superseded: bool,
}

/// Who should get the case, as routing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// The organisation.
    pub organisation: OrganisationRef,
    /// On what that rests.
    pub basis: Basis,
    /// The id of the task it would get, should the process dispatch by itself.
    pub task_id: Id,
}

/// All that the law looks at besides the state and the command.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// Now.
    pub recorded_at: Timestamp,
    /// When the act happened; now, unless a device was offline.
    pub occurred_at: Timestamp,
    /// Who acts; none for the platform itself.
    pub actor: Option<&'a Actor>,
    /// The process in the version the case pinned.
    pub process: &'a Process,
    /// Counts limits.
    pub reckoner: &'a dyn Reckoner,
    /// The rule row the command cites, when it exists.
    pub rule: Option<&'a RuleFacts>,
    /// Whether the case's category has any rule rows.
    pub category_has_rules: bool,
    /// Who should get the case; asked for where it may be dispatched.
    pub suggested: Option<&'a Suggested>,
}

impl Circumstances<'_> {
    /// An event under these circumstances.
    pub(crate) fn event<F>(&self, fact: F) -> Event<F> {
        Event {
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            by: self.actor.cloned(),
            fact,
        }
    }

    /// An event of the platform itself, dated at the instant a clock reached; `fact` is told whether that is long ago.
    pub(crate) fn run_out<F>(&self, at: Timestamp, fact: impl FnOnce(bool) -> F) -> Event<F> {
        let late_after = i64::from(self.process.late_mark_minutes) * 60;
        Event {
            occurred_at: at,
            recorded_at: self.recorded_at,
            by: None,
            fact: fact(self.recorded_at > at.plus_seconds(late_after)),
        }
    }

    /// Refuses roles that the process does not bind to `operation`. The platform itself needs no role.
    pub(crate) fn check_role(&self, operation: &'static str) -> Result<(), Refusal> {
        match self.actor {
            Some(actor)
                if !self.process.allows(operation, &actor.role)
                    && !self.accepts_to_handle(operation, &actor.role) =>
            {
                Err(Refusal::RoleMayNot {
                    operation,
                    role: actor.role.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Who may handle at once what he finds (即采即办) accepts it on the way. That he accepts nothing else is the affair of
    /// his permissions.
    fn accepts_to_handle(&self, operation: &str, role: &str) -> bool {
        operation == "report_accept" && self.process.allows("case_self_handle", role)
    }

    /// Refuses acts dated before `begun`, in the future, or recorded too long after they happened.
    pub(crate) fn check_time(&self, begun: Timestamp) -> Result<(), Refusal> {
        let delay_max = i64::from(self.process.record_delay_minutes_max) * 60;
        if self.occurred_at > self.recorded_at {
            return Err(Refusal::OccurredInFuture);
        }
        if self.occurred_at < begun {
            return Err(Refusal::OccurredTooEarly { begun });
        }
        if self.occurred_at.plus_seconds(delay_max) < self.recorded_at {
            return Err(Refusal::RecordedTooLate {
                minutes_max: self.process.record_delay_minutes_max,
            });
        }
        Ok(())
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident $({ $($field:ident : $type:ty),+ })? = $code:literal, $kind:ident, $text:literal;)+) => {
        /// A lawful no. It changes nothing and names the rule.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $($(#[$doc])* #[error($text)] $variant $({ $(#[doc = "See the text."] $field: $type),+ })?,)+
        }

        impl Refusal {
            /// Every code, for the translators and the tests.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// The stable code.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)+ }
            }

            /// Which kind of failure it is to the caller.
            pub const fn kind(&self) -> FailureKind {
                match self { $(Self::$variant { .. } => FailureKind::$kind,)+ }
            }
        }
    };
}

refusals! {
    /// The command is for another stage.
    CaseWrongStage { operation: &'static str, stage: CaseStage } =
        "case_wrong_stage", Refused, "{operation} is not possible while the case is {stage}";
    /// The command is for another stage of the report.
    ReportWrongStage { stage: crate::model::ReportStage } =
        "report_wrong_stage", Refused, "this is not possible while the report is {stage}";
    /// The process gives this step to other roles.
    RoleMayNot { operation: &'static str, role: String } =
        "role_may_not", Forbidden, "the process does not give {operation} to the role {role}";
    /// The case has no such task.
    TaskUnknown = "task_unknown", NotFound, "the case has no such task";
    /// The task is in another state.
    TaskWrongState { state: crate::model::TaskState } =
        "task_wrong_state", Refused, "this is not possible while the task is {state}";
    /// An inspection ends with its result, not by being finished.
    TaskIsInspection = "task_is_inspection", Refused, "an inspection ends by case_inspect_result";
    /// The process sets a condition, and it does not hold.
    ConditionNotMet { operation: &'static str, condition: String } =
        "condition_not_met", Refused, "the process allows {operation} only if {condition}";
    /// The task belongs to an organisation the actor does not act for.
    TaskOfOtherOrganisation =
        "task_of_other_organisation", Forbidden, "the task belongs to another organisation";
    /// The lead submits the consolidated result after all co-handlers ended.
    CoTasksOpen { open: Cow<'static, str> } =
        "co_tasks_open", Refused, "the lead finishes after every co-handler: {open} still open";
    /// The category has rule rows, so filing cites one.
    RuleRowRequired =
        "rule_row_required", Refused, "the category has rule rows: filing cites one of them";
    /// There is no such rule row.
    RuleRowUnknown = "rule_row_unknown", Refused, "there is no such rule row";
    /// The rule row is another category's.
    RuleRowOfOtherCategory =
        "rule_row_of_other_category", Refused, "the rule row belongs to another category";
    /// A newer version of the rule holds.
    RuleRowSuperseded =
        "rule_row_superseded", Refused, "a newer version of this rule row holds: cite that one";
    /// Closing cites the closing condition of the rule row pinned at filing.
    ClosingConditionRequired =
        "closing_condition_required", Refused, "closing cites the closing condition of the rule row the case was filed by";
    /// The process wants a category.
    CategoryRequired = "category_required", Refused, "a case of this process names a category";
    /// The process wants a place.
    PlaceRequired = "place_required", Refused, "a case of this process lies in a known area";
    /// The process does not take reports of this source.
    SourceNotServed { source_code: String } =
        "source_not_served", Refused, "the process does not serve the source {source_code}";
    /// One organisation gets one task of a dispatch.
    OrganisationTwice =
        "organisation_twice", Refused, "an organisation is named twice, or has a task of this case already";
    /// Who handled a task does not inspect it.
    HandlerMayNotInspect =
        "handler_may_not_inspect", Refused, "who handled the case does not inspect it";
    /// A failed inspection names the failed tasks.
    FailedTasksRequired =
        "failed_tasks_required", Refused, "a failed inspection names the tasks that failed";
    /// A passed inspection names none.
    FailedTasksUnexpected =
        "failed_tasks_unexpected", Refused, "a passed inspection names no failed tasks";
    /// A named task is not a handling task of this case.
    FailedTaskUnknown =
        "failed_task_unknown", Refused, "a task named as failed is not a handling task of this case";
    /// A failed inspection says why.
    ReasonRequired = "reason_required", Refused, "a failed inspection carries a reason";
    // --- Handling together ---
    /// A return, revocation, ruling, sending back without a reason.
    ReasonNeeded = "reason_needed", Refused, "this carries a reason";
    /// Whoever receives a return may only re-route it or send it back.
    ReturnOpen = "return_open", Refused, "a return must be re-routed or sent back first";
    /// Returned after the limit of the process, or after the work was handed in once.
    ReturnTooLate = "return_too_late", Refused, "the time to return this task is over";
    /// As often as the process allows: now a ruling may be demanded.
    ReturnsExhausted { max: i64 } =
        "returns_exhausted", Refused, "the case was returned {max} times: demand a ruling";
    /// A ruling has named who leads.
    RulingBinds = "ruling_binds", Refused, "a ruling binds: who leads cannot change";
    /// Too few returns for a ruling.
    RulingNotDue { needed: i64 } =
        "ruling_not_due", Refused, "a ruling is given after {needed} returns";
    /// Somebody demanded it before.
    RulingDemandedAlready = "ruling_demanded_already", Refused, "a ruling is demanded already";
    /// Inspections and callbacks are not returned or revoked.
    TaskNotReturnable =
        "task_not_returnable", Refused, "a task of this kind is neither returned nor revoked";
    /// Only handling is given on.
    TaskNotGivenOn = "task_not_given_on", Refused, "only a handling task is given on to others";
    /// What was given on must end first.
    TasksGivenOnOpen =
        "tasks_given_on_open", Refused, "tasks that were given on from this one are still open";
    /// A case has many tasks, but not that many.
    TasksTooMany = "tasks_too_many", Refused, "the case has as many tasks as it may have";
    /// Delegation goes down the tree.
    OrganisationNotBelow =
        "organisation_not_below", Refused, "a task is delegated to an organisation below the holder";
    /// The person works elsewhere.
    PersonOfOtherOrganisation =
        "person_of_other_organisation", Refused, "the person does not work for the holder";
    /// A child ends by its parent's deadline.
    DeadlineAfterParent { due_at: Timestamp } =
        "deadline_after_parent", Refused, "a delegated task ends by {due_at}, the deadline of the task it comes from";
    /// A deadline lies ahead.
    DeadlinePassed = "deadline_passed", Refused, "the deadline has passed already";
    /// Co-handlers do not call in others.
    CoMayNotCall = "co_may_not_call", Refused, "a co-handler does not call in others";
    /// Only called-in co-handlers are rated.
    TaskNotCalledIn = "task_not_called_in", Refused, "only a co-handler that was called in is rated";
    /// 1 to 5.
    ScoreOutOfRange = "score_out_of_range", Refused, "a score is 1 to 5";
    /// Once a round.
    AlreadyRated = "already_rated", Refused, "it has been rated already";
    /// One verification at a time, and none while filing.
    VerificationOpen = "verification_open", Refused, "a verification is under way";
    /// None is under way.
    NoVerification = "no_verification", Refused, "no verification is under way";
    /// What was told is not so.
    VerifiedUntrue =
        "verified_untrue", Refused, "the verification found it untrue: cancel it, or have it verified again";
    /// A verification ends with its result.
    TaskIsVerification =
        "task_is_verification", Refused, "a verification ends by case_verify_result";
    /// Somebody leads.
    LeadAtWork = "lead_at_work", Refused, "the lead is at work: it returns, or is revoked, first";
    /// What was done must be told.
    ResultRequired = "result_required", Refused, "a result is required";
    /// Dated after now.
    OccurredInFuture = "occurred_in_future", Refused, "what has not happened yet cannot be recorded";
    /// Dated before what it answers.
    OccurredTooEarly { begun: Timestamp } =
        "occurred_too_early", Refused, "it cannot have happened before {begun}";
    /// Recorded too long after it happened.
    RecordedTooLate { minutes_max: u32 } =
        "recorded_too_late", Refused, "it is recorded more than {minutes_max} minutes after it happened";
    // Reports and cases.
    /// Somebody else has taken the report from the pool.
    ReportClaimedByOther =
        "report_claimed_by_other", Refused, "somebody else has taken the report from the pool";
    /// What was told is still needed.
    ReportCaseOpen = "report_case_open", Refused, "a case of the report is still open and needs what was told";
    /// The report is in the pool.
    ReportNotClaimed = "report_not_claimed", Refused, "nobody has taken the report from the pool";
    /// The report is or was tied to this case.
    ReportJoinedAlready =
        "report_joined_already", Refused, "the report is or was part of this case already";
    /// What is solved is not done again.
    RedoOfSolved = "redo_of_solved", Refused, "only what the reporter says is not solved is done again";
    /// Done again often enough.
    RedoLimitReached { redo_max: u32 } =
        "redo_limit_reached", Refused, "a report of this process is done again at most {redo_max} times";
    /// Only a case of the report that has ended is done again.
    RedoCaseUnknown =
        "redo_case_unknown", Refused, "only a case of the report that has ended is done again";
    /// One rating for each end.
    RatedAlready = "rated_already", Refused, "the reporter has rated already";
    /// The window is over.
    RatingClosed { days: u32 } =
        "rating_closed", Refused, "a report of this process is rated within {days} days of its end";
    // Overlays.
    /// Nothing would change.
    OverlayUnchanged = "overlay_unchanged", Refused, "it is so already";
    /// A dispatch is taken back only while nobody has acted on it.
    DispatchActedOn = "dispatch_acted_on", Refused, "somebody has acted on the dispatch: it cannot be taken back";
    /// Nobody decides what they applied for.
    OwnApplication = "own_application", Forbidden, "nobody decides their own application, nor twice";
    /// What is asked for a clock is asked while it runs.
    ClockRunOut = "clock_run_out", Refused, "the clock has run out by then";
    /// A date must lie ahead.
    DatePassed = "date_passed", Refused, "the date must lie ahead";
    /// One application at a time.
    ExtensionPending = "extension_pending", Refused, "an extension is applied for already";
    /// There is nothing to decide.
    ExtensionNone = "extension_none", Refused, "no extension is applied for";
    /// The process limits how often.
    ExtensionTooOften { times_max: u32 } =
        "extension_too_often", Refused, "a task may be extended {times_max} times";
    /// The process limits how much.
    ExtensionTooLong { limit_max: String } =
        "extension_too_long", Refused, "an extension adds something, and at most {limit_max}";
    /// One application at a time.
    SuspensionPending = "suspension_pending", Refused, "a suspension is applied for already";
    /// There is nothing to decide.
    SuspensionNone = "suspension_none", Refused, "no suspension is applied for";
    /// The process limits how far ahead.
    SuspensionTooLong { days_max: u32 } =
        "suspension_too_long", Refused, "a suspension ends within {days_max} days";
    /// Its clock stands still.
    TaskSuspended = "task_suspended", Refused, "the task is suspended";
    /// Its clock runs.
    TaskNotSuspended = "task_not_suspended", Refused, "the task is not suspended";
    /// One supervision at a time.
    SupervisedAlready = "supervised_already", Refused, "the case is supervised already";
    /// There is none to answer or end.
    NotSupervised = "not_supervised", Refused, "the case is not supervised";
    /// Another organisation must answer.
    SupervisionOfOther =
        "supervision_of_other_organisation", Forbidden, "another organisation must answer the supervision";
    /// Too long after closing.
    ReopeningWindowPassed { days: u32 } =
        "reopening_window_passed", Refused, "a case may be opened again within {days} days after closing";
    /// It is excluded, or that is asked already.
    ExclusionTwice = "exclusion_twice", Refused, "the case is excluded, or its exclusion applied for, already";
    /// There is nothing to decide.
    ExclusionNone = "exclusion_none", Refused, "no exclusion is applied for";
    /// Once per case.
    AppealTwice = "appeal_twice", Refused, "a case allows one appeal";
    /// There is nothing to appeal against.
    AppealNotOverdue = "appeal_not_overdue", Refused, "the task was not overdue";
    /// Too long after closing.
    AppealWindowPassed { days: u32 } =
        "appeal_window_passed", Refused, "an appeal is filed within {days} days after closing";
    /// There is nothing to review.
    AppealNone = "appeal_none", Refused, "no appeal is to be reviewed";
    /// Reviews have an order.
    ReviewTurn { role: String } =
        "review_turn", Forbidden, "it is the turn of the role {role} to review";
    /// The process has no such mode.
    ModeUnknown = "mode_unknown", Refused, "the process has no such mode";
}
