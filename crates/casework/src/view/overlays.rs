//! What callers see of what lies over the stages.

use super::Named;
use crate::clocks::Clock;
use crate::model::{ApplicationState, Case, Task};
use base::{Id, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A supervision.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SupervisionView {
    /// Who must answer.
    pub organisation: Named,
    /// Who demands; none for the platform itself.
    pub by: Option<Named>,
    /// Until when.
    pub clock: Clock,
    /// When it was answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub replied_at: Option<Timestamp>,
    /// When it was lifted; none while it is in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Whether the answer was or is too late.
    pub overdue: bool,
}

/// An application that waits for somebody to decide, or is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationView {
    /// Where it stands.
    pub state: ApplicationState,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
}

/// An appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AppealView {
    /// The task that was late.
    #[schema(value_type = String)]
    pub task_id: Id,
    /// Where it stands.
    pub state: ApplicationState,
    /// When it was filed.
    #[schema(value_type = String, format = DateTime)]
    pub filed_at: Timestamp,
    /// How many have approved it so far.
    pub approvals: usize,
}

/// What lies over the stages of a case.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent marks, each a field of the JSON"
)]
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CaseOverlaysView {
    /// 关注.
    pub important: bool,
    /// Who reported is hidden from those who handle.
    pub reporter_hidden: bool,
    /// How often it was urged.
    pub urged_count: i64,
    /// Whether a supervision is in force.
    pub supervised: bool,
    /// The present supervision, or the last one.
    pub supervision: Option<SupervisionView>,
    /// Whether it is left out of the numbers.
    pub excluded: bool,
    /// The exclusion, applied for or decided.
    pub exclusion: Option<ApplicationView>,
    /// The appeal, filed or decided.
    pub appeal: Option<AppealView>,
    /// How often it was opened again after closing.
    pub reopened_count: i64,
    /// The mode that was applied to it; none for the ordinary one.
    pub mode: Option<String>,
}

impl CaseOverlaysView {
    /// From the state, with the names that are not in it.
    pub(crate) fn new(case: &Case, mut named: impl FnMut(Id) -> Named) -> Self {
        let overlays = &case.extra.overlays;
        Self {
            important: overlays.important,
            reporter_hidden: overlays.reporter_hidden,
            urged_count: overlays.urged_count,
            supervised: case.is_supervised(),
            supervision: overlays.supervision.as_ref().map(|each| SupervisionView {
                organisation: named(each.organisation.id),
                by: each.by.as_ref().map(|by| named(by.id)),
                clock: each.clock,
                replied_at: each.replied_at,
                ended_at: each.ended_at,
                overdue: each.overdue,
            }),
            excluded: overlays.is_excluded(),
            exclusion: overlays.exclusion.as_ref().map(|each| ApplicationView {
                state: each.state,
                asked_at: each.asked_at,
            }),
            appeal: overlays.appeal.as_ref().map(|each| AppealView {
                task_id: each.task_id,
                state: each.state,
                filed_at: each.filed_at,
                approvals: each.approved_by.len(),
            }),
            reopened_count: overlays.reopened_count,
            mode: overlays.mode.as_ref().map(|applied| applied.mode.clone()),
        }
    }
}

/// A suspension, in force or applied for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuspensionView {
    /// From when the clock stands still; none while it is only applied for.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// What lies over a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskOverlaysView {
    /// How often it was extended.
    pub extended_count: i64,
    /// How much more is applied for.
    #[schema(example = "2工作日")]
    pub extension_asked: Option<String>,
    /// How often it was suspended.
    pub suspended_count: i64,
    /// The suspension in force.
    pub suspension: Option<SuspensionView>,
    /// The suspension that is applied for.
    pub suspension_asked: Option<SuspensionView>,
    /// Whether an approved appeal keeps it out of the overdue numbers.
    pub exempt: bool,
}

impl From<&Task> for TaskOverlaysView {
    fn from(task: &Task) -> Self {
        let overlays = &task.extra.overlays;
        let asked = overlays.extension.as_ref();
        Self {
            extended_count: overlays.extended_count,
            extension_asked: asked.map(|asked| asked.limit.to_string()),
            suspended_count: overlays.suspended_count,
            suspension: overlays.suspension.as_ref().map(|each| SuspensionView {
                from: Some(each.from),
                until: each.until,
            }),
            suspension_asked: overlays
                .suspension_asked
                .as_ref()
                .map(|each| SuspensionView {
                    from: None,
                    until: each.until,
                }),
            exempt: overlays.exempt,
        }
    }
}
