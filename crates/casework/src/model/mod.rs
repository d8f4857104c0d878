//! The nouns of casework: what a report, a case and a task are, as far as the law is concerned.
//!
//! Everything here is a fold of a timeline (see [`crate::lifecycle`]) and holds no personal text: names, phones and free
//! words live in sealed rows that a [`Digest`] vouches for. No I/O happens here.

/// An enum whose words are the same in code, database, JSON and UI keys.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in the database, in JSON and as the UI's key.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one whose word this is.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

mod attachments;
mod course;
mod handling;
mod links;
mod overlays;

pub use attachments::{AttachmentStage, FileRef, TAKE_FILES};
pub use course::{Basis, CaseCourse, ComponentPinned, SuggestionNoted};
pub use handling::{CaseHandling, TaskHandling};
pub use links::{
    BroughtIn, CallbackTask, CalledBack, CaseLinks, ChannelKind, Claim, Corrected, CorrectedPlace,
    ForgetReason, Rating, RejectReason, ReportLinks, Satisfaction,
};
pub use overlays::{
    Appeal, ApplicationState, AppliedMode, CaseOverlays, Decision, Escalated, Exclusion,
    ExtensionAsked, LadderClock, LadderTarget, REVIEWERS_MAX, StageRunOut, Supervision,
    SuspensionAsked, TaskOverlays, TaskSuspension,
};

use crate::clocks::Clock;
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use calendar::Limit;
use serde::{Deserialize, Serialize};

/// The role of whoever reported something, who acts through the portal.
pub const REPORTER: &str = "reporter";

words! {
    /// Where a report stands.
    ReportStage {
        /// 待受理: nobody has decided what becomes of it.
        Received = "received",
        /// 办理中: it has opened or joined cases that are not all closed.
        Accepted = "accepted",
        /// 待回访: all its cases are closed and the reporter is to be called back.
        CallingBack = "calling_back",
        /// 已办结: all its cases are closed, and whoever was to be called back was.
        Settled = "settled",
        /// 已答复: answered at once, without a case (即接即办).
        Answered = "answered",
        /// 不予受理: with an answer to the citizen.
        Rejected = "rejected",
        /// 撤回: by the reporter.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Where a case stands.
    CaseStage {
        /// 待立案.
        Accepted = "accepted",
        /// 待派遣.
        Filed = "filed",
        /// 处置中.
        Handling = "handling",
        /// 待核查.
        Inspecting = "inspecting",
        /// 待结案.
        Closing = "closing",
        /// 已结案.
        Closed = "closed",
        /// 作废.
        Cancelled = "cancelled",
        /// 并案: it goes on as part of another case.
        Merged = "merged",
    }
}

words! {
    /// Where a task stands.
    TaskState {
        /// 待签收.
        Assigned = "assigned",
        /// 处置中.
        Accepted = "accepted",
        /// 已处置.
        Finished = "finished",
        /// 已退单.
        Returned = "returned",
        /// 已撤回.
        Revoked = "revoked",
    }
}

impl TaskState {
    /// Whether work on it is still due.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Assigned | Self::Accepted)
    }
}

words! {
    /// What a task asks for.
    TaskKind {
        /// 处置: put it right.
        Handle = "handle",
        /// 核实: is it true? Before filing.
        Verify = "verify",
        /// 核查: see whether it was put right.
        Inspect = "inspect",
        /// 回访: ask the reporter.
        Callback = "callback",
    }
}

words! {
    /// Which part of a joint effort (一单多派) a task is.
    TaskRole {
        /// 主办: answers for the whole and submits the consolidated result.
        Lead = "lead",
        /// 协办.
        Co = "co",
        /// 转派: given on by the holder of another task to an organisation below, which that holder answers for.
        Delegated = "delegated",
    }
}

words! {
    /// 分级: how urgent a case is.
    Level {
        /// 一般.
        Normal = "normal",
        /// 紧急.
        Urgent = "urgent",
        /// 特急.
        Critical = "critical",
    }
}

words! {
    /// Which of a task's two clocks.
    ClockKind {
        /// Until the task is accepted.
        Response = "response",
        /// Until the task is finished.
        Handling = "handling",
    }
}

impl CaseStage {
    /// Whether a process may use it as a stage of the way; a case leaves the way cancelled or merged.
    pub const fn is_on_the_way(self) -> bool {
        !matches!(self, Self::Cancelled | Self::Merged)
    }

    /// Whether the case still needs work.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Cancelled | Self::Merged)
    }
}

/// A salted digest (SM3, hexadecimal) of sealed words: proves them while they exist, tells nothing once they and the salt
/// inside them are destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

/// A sealed note (an opinion, a result) that an event refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRef {
    /// Row in `note`.
    pub id: Id,
    /// Digest of its words.
    pub digest: Digest,
}

/// Who acts, in which organisation and role; decided by `access` before the law is asked. As written into events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The account that signed in.
    pub account_id: Id,
    /// The person behind it.
    pub staff_id: Id,
    /// For which organisation the person acts.
    pub organisation_id: Id,
    /// Where that organisation stands in the tree.
    pub organisation_path: TreePath,
    /// In which role.
    pub role: String,
}

impl From<access::Actor> for Actor {
    fn from(actor: access::Actor) -> Self {
        Self {
            account_id: actor.account_id,
            staff_id: actor.staff_id,
            organisation_id: actor.organisation_id,
            organisation_path: actor.organisation_path,
            role: actor.role,
        }
    }
}

impl Actor {
    /// The organisation acted for.
    pub fn organisation(&self) -> OrganisationRef {
        OrganisationRef {
            id: self.organisation_id,
            path: self.organisation_path.clone(),
        }
    }
}

/// An organisation, with its place in the tree at that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationRef {
    /// Its id.
    pub id: Id,
    /// Its path then.
    pub path: TreePath,
}

/// The version of a process that a case began with and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessRef {
    /// E.g. `city-management`.
    pub code: String,
    /// Counted from 1.
    pub version: i64,
}

/// The rule row (立案条件 处置时限 结案条件) a case was filed by, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedRule {
    /// The row in `registry`.
    pub id: Id,
    /// The version of the row's standard.
    pub version: i64,
    /// How long handling may take.
    pub limit: Limit,
}

/// What is needed to open a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskOpened {
    /// The task.
    pub id: Id,
    /// What it asks for.
    pub kind: TaskKind,
    /// Lead or co-handler.
    pub role: TaskRole,
    /// Who must do it.
    pub organisation: OrganisationRef,
    /// Until when it must be accepted; none when nothing is asked.
    pub response: Option<Clock>,
    /// Until when it must be finished.
    pub handling: Clock,
}

/// One piece of work given to one organisation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task {
    /// Its id.
    pub id: Id,
    /// What it asks for.
    pub kind: TaskKind,
    /// Lead or co-handler.
    pub role: TaskRole,
    /// Who must do it.
    pub organisation: OrganisationRef,
    /// Where it stands.
    pub state: TaskState,
    /// Until when it must be accepted.
    pub response: Option<Clock>,
    /// Until when it must be finished; of the present round when it was re-opened.
    pub handling: Clock,
    /// Whether the response clock passed before the task was accepted.
    pub response_overdue: bool,
    /// Whether the handling clock of the present round passed before the task was finished.
    pub handling_overdue: bool,
    /// When it was given, or given again.
    pub opened_at: Timestamp,
    /// When it was first accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was last finished; cleared when re-opened.
    pub finished_at: Option<Timestamp>,
    /// Who works on it: the person who accepted it last.
    pub assignee: Option<Id>,
    /// Every person who accepted or finished it in any round. They do not inspect it.
    pub handled_by: Vec<Id>,
    /// The last result handed in.
    pub result: Option<NoteRef>,
    /// How often an inspection named it as failed.
    pub rework_count: i64,
    /// What else is known of it; mostly nothing.
    pub extra: TaskExtra,
}

/// What is known of some tasks only. Kept as one JSON column: nothing is searched by it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskExtra {
    /// Of delegation, joint handling, returns.
    #[serde(skip_serializing_if = "is_default")]
    pub handling: TaskHandling,
    /// Of extensions and suspensions.
    #[serde(skip_serializing_if = "is_default")]
    pub overlays: TaskOverlays,
}

/// What is known of some cases only. Kept as one JSON column: what lists search by has a column of its own besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseExtra {
    /// Of verification, returns, accountability.
    #[serde(skip_serializing_if = "is_default")]
    pub handling: CaseHandling,
    /// Of urging, supervision, exclusion, appeals.
    #[serde(skip_serializing_if = "is_default")]
    pub overlays: CaseOverlays,
    /// Of merging and of the reports that joined.
    #[serde(skip_serializing_if = "is_default")]
    pub links: CaseLinks,
    /// Of how its process runs it and how it was routed.
    #[serde(skip_serializing_if = "is_default")]
    pub course: CaseCourse,
}

/// Whether a part of the extras says nothing, and is left out of the JSON.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Task {
    /// Whether work on it is still due.
    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// The clock that runs now: response until accepted, then handling; none once finished.
    pub fn present_clock(&self) -> Option<(ClockKind, Clock)> {
        match (self.state, self.response) {
            (TaskState::Finished | TaskState::Returned | TaskState::Revoked, _) => None,
            (TaskState::Assigned, Some(response)) => Some((ClockKind::Response, response)),
            _ => Some((ClockKind::Handling, self.handling)),
        }
    }

    pub(crate) fn opened(opened: &TaskOpened, at: Timestamp) -> Self {
        Self {
            id: opened.id,
            kind: opened.kind,
            role: opened.role,
            organisation: opened.organisation.clone(),
            state: TaskState::Assigned,
            response: opened.response,
            handling: opened.handling,
            response_overdue: false,
            handling_overdue: false,
            opened_at: at,
            accepted_at: None,
            finished_at: None,
            assignee: None,
            handled_by: Vec::new(),
            result: None,
            rework_count: 0,
            extra: TaskExtra::default(),
        }
    }

    pub(crate) fn handled(&mut self, staff: Id) {
        if !self.handled_by.contains(&staff) {
            self.handled_by.push(staff);
        }
    }
}

/// What must be put right, from acceptance to closure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// Its id.
    pub id: Id,
    /// The number of events on its timeline: every change counts one.
    pub version: i64,
    /// Human number, e.g. `310118-20261121-00042`.
    pub case_no: String,
    /// Where it stands.
    pub stage: CaseStage,
    /// How urgent it is.
    pub level: Level,
    /// Where it came from, e.g. `hotline`.
    pub source: String,
    /// The category of its standard.
    pub category_id: Option<Id>,
    /// The smallest known area it lies in.
    pub area_path: Option<TreePath>,
    /// Where it is.
    pub point: Option<Point>,
    /// The process it began with.
    pub process: ProcessRef,
    /// The rule row it was filed by.
    pub rule: Option<PinnedRule>,
    /// Title, description and address are sealed; this vouches for them.
    pub words: Digest,
    /// The organisation that accepted it.
    pub accepted_by: OrganisationRef,
    /// The organisation that filed it: it inspects and closes.
    pub filed_by: Option<OrganisationRef>,
    /// The clock of the present stage; none once closed.
    pub clock: Option<Clock>,
    /// How often an inspection failed.
    pub rework_count: i64,
    /// All its tasks, oldest first.
    pub tasks: Vec<Task>,
    /// When each stage was first reached (dispatch) or last reached (handled, inspected).
    pub accepted_at: Timestamp,
    /// 立案.
    pub filed_at: Option<Timestamp>,
    /// 派遣.
    pub dispatched_at: Option<Timestamp>,
    /// The last consolidated result.
    pub handled_at: Option<Timestamp>,
    /// The last passed inspection.
    pub inspected_at: Option<Timestamp>,
    /// 结案.
    pub closed_at: Option<Timestamp>,
    /// What else is known of it; mostly nothing.
    pub extra: CaseExtra,
}

impl Case {
    /// The task with this id.
    pub fn task(&self, id: Id) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// The lead handling task; none when it was returned or revoked and nobody leads yet.
    pub fn lead(&self) -> Option<&Task> {
        self.handle_tasks()
            .find(|task| task.role == TaskRole::Lead && !task.is_withdrawn())
    }

    /// The handling tasks.
    pub fn handle_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks
            .iter()
            .filter(|task| task.kind == TaskKind::Handle)
    }

    /// The inspection that is under way.
    pub fn open_inspection(&self) -> Option<&Task> {
        self.tasks
            .iter()
            .find(|task| task.kind == TaskKind::Inspect && task.is_open())
    }
}

/// A case that a report opened or joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCase {
    /// The case.
    pub case_id: Id,
    /// Whether it has ended for this report: closed, cancelled, merged into another, or the report was withdrawn.
    pub closed: bool,
}

/// Where a report stands in the system it was taken from; unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalKey {
    /// E.g. `hotline-12345`.
    pub system: String,
    /// The id it has there.
    pub id: String,
}

/// What someone told us. Facts that never change; only its stage does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Its id.
    pub id: Id,
    /// The number of events on its timeline.
    pub version: i64,
    /// Human number, e.g. `SQ310118-20261121-00042`.
    pub report_no: String,
    /// Where it stands.
    pub stage: ReportStage,
    /// Through which channel it came, e.g. `hotline`.
    pub source: String,
    /// How urgent it is.
    pub level: Level,
    /// Title, detail and address are sealed; this vouches for them.
    pub words: Digest,
    /// The smallest known area of the place told.
    pub area_path: Option<TreePath>,
    /// The place told.
    pub point: Option<Point>,
    /// Its key in the system it came from.
    pub external: Option<ExternalKey>,
    /// When it was told to us.
    pub received_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When the last of its cases was closed.
    pub settled_at: Option<Timestamp>,
    /// 受理时限: until when somebody must decide on it; none once somebody has, and where nothing is asked.
    pub clock: Option<Clock>,
    /// The cases it opened or joined.
    pub cases: Vec<ReportCase>,
    /// What else is known of it; mostly nothing.
    pub extra: ReportLinks,
}
