//! What callers see. Personal data are masked here; only `report_unmask` shows them.

mod actions;
mod attachments;
mod counts;
mod handling;
mod links;
mod map;
mod overlays;
pub mod processes;
pub mod routing;
mod search;
pub mod statistics;

pub use actions::ActionView;
pub use attachments::{AttachmentView, UploadView};
pub use counts::{CaseCountsView, ReportCountsView, TaskBoxesView, TaskCountsView};
pub use handling::{CaseHandlingView, FallbackView, UncoveredAreaView};
pub use links::{
    CallbackView, CalledBackView, CasesSplitView, RatingView, ReportAcceptedView, SourceView,
};
pub use map::{CaseCellView, CaseMapView, CaseNearView, CasePointView, CasesNearView};
pub use overlays::{
    AppealView, ApplicationView, CaseOverlaysView, SupervisionView, SuspensionView,
    TaskOverlaysView,
};
pub use search::{AlikeView, AlikesView, HitKind, HitView, MarkView, MarkedView, SearchView};

use crate::clocks::{Clock, Light};
use crate::model::{
    BroughtIn, Case, CaseStage, ClockKind, Level, RejectReason, Report, ReportStage, Task,
    TaskKind, TaskRole, TaskState,
};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A task in the state of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskStateView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// What it asks for.
    pub kind: TaskKind,
    /// Lead or co-handler.
    pub role: TaskRole,
    /// Who must do it.
    #[schema(value_type = String)]
    pub organisation_id: Id,
    /// Where it stands.
    pub state: TaskState,
}

/// Where a case stands: the answer to every command on it, and `current` of every refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseStateView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its human number.
    pub case_no: String,
    /// For `If-Match`.
    pub version: i64,
    /// Where it stands.
    pub stage: CaseStage,
    /// The clock of the present stage.
    pub clock: Option<Clock>,
    /// Being handled with nobody leading: shown as 待派遣 again.
    #[serde(default)]
    pub awaits_dispatch: bool,
    /// Its tasks, oldest first.
    pub tasks: Vec<TaskStateView>,
}

impl From<&Case> for CaseStateView {
    fn from(case: &Case) -> Self {
        Self {
            id: case.id,
            case_no: case.case_no.clone(),
            version: case.version,
            stage: case.stage,
            clock: case.clock,
            awaits_dispatch: case.awaits_dispatch(),
            tasks: case
                .tasks
                .iter()
                .map(|task| TaskStateView {
                    id: task.id,
                    kind: task.kind,
                    role: task.role,
                    organisation_id: task.organisation.id,
                    state: task.state,
                })
                .collect(),
        }
    }
}

/// Where a report stands: the answer to every command on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportStateView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its human number.
    pub report_no: String,
    /// For `If-Match`.
    pub version: i64,
    /// Where it stands.
    pub stage: ReportStage,
    /// Who has taken it from the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub claimed_by: Option<Id>,
    /// The cases it opened or joined.
    #[schema(value_type = Vec<String>)]
    pub case_ids: Vec<Id>,
}

impl From<&Report> for ReportStateView {
    fn from(report: &Report) -> Self {
        Self {
            id: report.id,
            report_no: report.report_no.clone(),
            version: report.version,
            stage: report.stage,
            claimed_by: report.extra.claim.as_ref().map(|claim| claim.staff_id),
            case_ids: report.cases.iter().map(|each| each.case_id).collect(),
        }
    }
}

/// The answer to `report_create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportCreatedView {
    /// The report.
    pub report: ReportStateView,
    /// The case opened, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseStateView>,
}

/// Something with a name that people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its id, or its path for an area.
    pub id: String,
    /// What it is called; none when it is not known any more.
    pub name: Option<String>,
}

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CaseListView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its human number.
    pub case_no: String,
    /// For `If-Match`.
    pub version: i64,
    /// Where it stands.
    pub stage: CaseStage,
    /// How urgent it is.
    pub level: Level,
    /// Where it came from.
    pub source: String,
    /// What it is called, masked; none once forgotten.
    pub title: Option<String>,
    /// Its category.
    pub category: Option<Named>,
    /// The area it lies in.
    pub area: Option<Named>,
    /// Who leads the handling.
    pub lead_organisation: Option<Named>,
    /// The clock of the present stage.
    pub clock: Option<Clock>,
    /// What that clock shows now.
    pub light: Option<Light>,
    /// Degrees east, CGCS2000; none when only its area is known.
    pub lon: Option<f64>,
    /// Degrees north, CGCS2000.
    pub lat: Option<f64>,
    /// How often an inspection failed.
    pub rework_count: i64,
    /// Being handled with nobody leading: shown as 待派遣 again.
    pub awaits_dispatch: bool,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub accepted_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A task with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TaskView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// What it asks for.
    pub kind: TaskKind,
    /// Lead or co-handler.
    pub role: TaskRole,
    /// Who must do it.
    pub organisation: Named,
    /// Where it stands.
    pub state: TaskState,
    /// Until when it must be accepted.
    pub response: Option<Clock>,
    /// Until when it must be finished.
    pub handling: Clock,
    /// What the running clock shows now; none once finished.
    pub light: Option<Light>,
    /// Whether it was or is accepted too late.
    pub response_overdue: bool,
    /// Whether it was or is finished too late.
    pub handling_overdue: bool,
    /// When it was given, or given again.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When it was accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Timestamp>,
    /// When it was finished.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Who works on it.
    #[schema(value_type = Option<String>)]
    pub assignee: Option<Id>,
    /// What was handed in, masked.
    pub result: Option<String>,
    /// How often an inspection named it as failed.
    pub rework_count: i64,
    /// The task it was delegated from.
    #[schema(value_type = Option<String>)]
    pub parent_task_id: Option<Id>,
    /// The task whose holder called it in (吹哨报到).
    #[schema(value_type = Option<String>)]
    pub called_by_task_id: Option<Id>,
    /// When the people concerned were first contacted (联系群众).
    #[schema(value_type = Option<String>, format = DateTime)]
    pub contacted_at: Option<Timestamp>,
    /// What the caller thinks of a called-in co-handler, 1 to 5.
    pub score: Option<i64>,
    /// Extension, suspension, appeal.
    pub overlays: TaskOverlaysView,
}

impl TaskView {
    /// From the state, with the words that are not in it.
    pub(crate) fn new(
        task: &Task,
        organisation: Named,
        result: Option<String>,
        now: Timestamp,
    ) -> Self {
        let running = task.present_clock();
        let passed = |kind: ClockKind, clock: Option<Clock>| {
            running.is_some_and(|(present, _)| present == kind || kind == ClockKind::Handling)
                && clock.is_some_and(|clock| clock.is_overdue(now))
        };
        Self {
            id: task.id,
            kind: task.kind,
            role: task.role,
            organisation,
            state: task.state,
            response: task.response,
            handling: task.handling,
            light: running.map(|(_, clock)| clock.light(now)),
            response_overdue: task.response_overdue || passed(ClockKind::Response, task.response),
            handling_overdue: task.handling_overdue
                || passed(ClockKind::Handling, Some(task.handling)),
            opened_at: task.opened_at,
            accepted_at: task.accepted_at,
            finished_at: task.finished_at,
            assignee: task.assignee,
            result,
            rework_count: task.rework_count,
            parent_task_id: task.extra.handling.parent_id,
            called_by_task_id: task.extra.handling.called_by_id,
            contacted_at: task.extra.handling.contacted_at,
            score: task.extra.handling.score,
            overlays: task.into(),
        }
    }
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TaskListView {
    /// The task.
    #[serde(flatten)]
    pub task: TaskView,
    /// Its case; none when it is to call a reporter back.
    #[schema(value_type = Option<String>)]
    pub case_id: Option<Id>,
    /// The number of its case.
    pub case_no: Option<String>,
    /// The stage of its case.
    pub case_stage: Option<CaseStage>,
    /// The report whose reporter it is to call back.
    #[schema(value_type = Option<String>)]
    pub report_id: Option<Id>,
    /// The number of that report.
    pub report_no: Option<String>,
    /// The title of its case or report, masked.
    pub title: Option<String>,
    /// The area of its case or report.
    pub area: Option<Named>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActorView {
    /// The person.
    #[schema(value_type = String)]
    pub staff_id: Id,
    /// For which organisation.
    pub organisation: Named,
    /// In which role.
    pub role: String,
}

/// One entry of a timeline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineView {
    /// From 1, without gaps; equals the version after it.
    pub seq: i64,
    /// E.g. `case_dispatched`.
    pub kind: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// When we learnt of it.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// Who did it; none for the platform itself.
    pub by: Option<ActorView>,
    /// The fact as recorded, passed on as it stands: ids, paths, digests, times.
    #[schema(value_type = Object)]
    pub fact: Box<RawValue>,
    /// The opinion or result it refers to, masked.
    pub note: Option<String>,
}

/// A step with the time it was planned for and the time it took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MilestoneView {
    /// Of a case `case_file`, `case_dispatch`, `task_accept`, `task_finish` (once for each round), `case_inspect_result`,
    /// `case_verify_result`, `supervision_reply`, `case_close`; of a report `report_accept`, `report_callback` (once for each).
    pub step: &'static str,
    /// For a task's step: which.
    #[schema(value_type = Option<String>)]
    pub task_id: Option<Id>,
    /// Until when; none when nothing was asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub planned_at: Option<Timestamp>,
    /// When it took place; none when it has not yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub actual_at: Option<Timestamp>,
    /// Whether it was or is too late.
    pub overdue: bool,
}

/// The rule row a case was filed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleView {
    /// The row.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its version when the case was filed.
    pub version: i64,
    /// How long handling may take.
    #[schema(example = "2紧急工作时")]
    pub limit: String,
}

/// A case with everything about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseView {
    /// What the list shows.
    #[serde(flatten)]
    pub head: CaseListView,
    /// What is to be put right, masked.
    pub detail: Option<String>,
    /// Where, in words, masked.
    pub address: Option<String>,
    /// Code and version of its process.
    pub process: String,
    /// What its process calls the present stage.
    pub stage_name: String,
    /// The rule row it was filed by.
    pub rule: Option<RuleView>,
    /// The organisation that accepted it.
    pub accepted_by: Named,
    /// 首接负责: the organisation that answers for it now.
    pub accountable: Named,
    /// Of returns, rulings, verification.
    pub handling: CaseHandlingView,
    /// The organisation that filed it.
    pub filed_by: Option<Named>,
    /// Supervision, exclusion, appeal and what else lies over its stages.
    pub overlays: CaseOverlaysView,
    /// The reports that opened or joined it.
    #[schema(value_type = Vec<String>)]
    pub report_ids: Vec<Id>,
    /// The case it goes on as part of.
    #[schema(value_type = Option<String>)]
    pub merged_into: Option<Id>,
    /// The cases that go on as part of it.
    #[schema(value_type = Vec<String>)]
    pub absorbed_case_ids: Vec<Id>,
    /// The case it was split from.
    #[schema(value_type = Option<String>)]
    pub split_from: Option<Id>,
    /// The cases split from it.
    #[schema(value_type = Vec<String>)]
    pub split_case_ids: Vec<Id>,
    /// Where it was brought in from, and when; none of our own.
    pub brought_in: Option<BroughtIn>,
    /// Its tasks, oldest first.
    pub tasks: Vec<TaskView>,
    /// Files that go with it and with its reports, in the order they were uploaded.
    pub attachments: Vec<AttachmentView>,
    /// 关注: whether the caller watches it.
    pub is_watched: bool,
    /// What the caller may do next.
    pub actions: Vec<ActionView>,
    /// Planned and actual.
    pub milestones: Vec<MilestoneView>,
    /// What happened, in order.
    pub timeline: Vec<TimelineView>,
}

/// A report in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReportListView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its human number.
    pub report_no: String,
    /// For `If-Match`.
    pub version: i64,
    /// Where it stands.
    pub stage: ReportStage,
    /// Through which channel it came.
    pub source: String,
    /// How urgent it is.
    pub level: Level,
    /// Who has taken it from the pool.
    #[schema(value_type = Option<String>)]
    pub claimed_by: Option<Id>,
    /// In a few words, masked; none once forgotten.
    pub title: Option<String>,
    /// The area of the place told.
    pub area: Option<Named>,
    /// When it was told to us.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Until when somebody must decide on it; none once somebody has.
    pub clock: Option<Clock>,
    /// Whether it was not decided on in time.
    pub is_overdue: bool,
}

/// Who told us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReporterView {
    /// Name.
    pub name: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// A report with everything about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportView {
    /// What the list shows.
    #[serde(flatten)]
    pub head: ReportListView,
    /// The reporter's own words.
    pub detail: Option<String>,
    /// Where, in words.
    pub address: Option<String>,
    /// Degrees east, CGCS2000.
    pub lon: Option<f64>,
    /// Degrees north, CGCS2000.
    pub lat: Option<f64>,
    /// Who told us.
    pub reporter: Option<ReporterView>,
    /// Handlers must not learn who reported.
    pub reporter_hidden: bool,
    /// Whether personal data are masked.
    pub masked: bool,
    /// Why it was not accepted.
    pub reject_reason: Option<RejectReason>,
    /// What the reporter was answered at once, or when it was not accepted; masked.
    pub answer: Option<String>,
    /// The last task to call the reporter back.
    pub callback: Option<CallbackView>,
    /// What the reporter said when last reached.
    pub called_back: Option<CalledBackView>,
    /// 重办: how often it was done again because the reporter said that it is not solved.
    pub redo_count: u32,
    /// How the reporter rates.
    pub rating: Option<RatingView>,
    /// Files that were sent with it, in the order they were uploaded.
    pub attachments: Vec<AttachmentView>,
    /// Where it was brought in from, and when; none of our own.
    pub brought_in: Option<BroughtIn>,
    /// The cases it opened or joined.
    #[schema(value_type = Vec<String>)]
    pub case_ids: Vec<Id>,
    /// Planned and actual.
    pub milestones: Vec<MilestoneView>,
    /// What happened, in order.
    pub timeline: Vec<TimelineView>,
}
