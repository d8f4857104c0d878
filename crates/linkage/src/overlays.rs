//! What follows from what lies over the stages of a case: somebody is told.

use access::{NoticeNew, notice_withdraw};
use base::{Id, Timestamp};
use casework::lifecycle::overlays::OverlayFact;
use casework::model::{LadderTarget, OrganisationRef};
use store::{StoreError, Tx};

/// The events that something follows from.
pub(crate) const KINDS: &[&str] = &[
    "case_urged",
    "case_recalled",
    "case_cancelled",
    "case_reopened",
    "extension_requested",
    "extension_decided",
    "suspension_requested",
    "suspension_decided",
    "suspension_ended",
    "case_supervised",
    "supervision_replied",
    "supervision_overdue",
    "appeal_filed",
    "appeal_reviewed",
    "case_excluded",
    "stage_overdue",
    "clock_escalated",
    "deadline_given",
];

/// Somebody is to be told.
pub(crate) struct Notice {
    kind: &'static str,
    organisation: OrganisationRef,
    staff_id: Option<Id>,
    task_id: Option<Id>,
    /// For whom in the organisation, when a role is meant.
    role: Option<&'static str>,
    /// A supervision is proposed.
    proposes_supervision: bool,
}

impl Notice {
    fn new(kind: &'static str, organisation: &OrganisationRef, task_id: Option<Id>) -> Self {
        Self {
            kind,
            organisation: organisation.clone(),
            staff_id: None,
            task_id,
            role: None,
            proposes_supervision: false,
        }
    }

    fn for_role(mut self, role: &'static str) -> Self {
        self.role = Some(role);
        self
    }

    pub(crate) fn into_new(self, id: Id, case_id: Id, seq: i64, at: Timestamp) -> NoticeNew {
        let mut body = serde_json::json!({ "case_id": case_id });
        if let Some(task_id) = self.task_id {
            body["task_id"] = serde_json::json!(task_id);
        }
        if let Some(role) = self.role {
            body["role"] = serde_json::json!(role);
        }
        if self.proposes_supervision {
            body["proposes"] = serde_json::json!("case_supervise");
        }
        let about = self.task_id.unwrap_or(case_id);
        NoticeNew {
            id,
            dedupe_key: format!("{}:{about}:{seq}:{}", self.kind, self.organisation.id),
            organisation_id: self.organisation.id,
            organisation_path: self.organisation.path,
            staff_id: self.staff_id,
            kind: self.kind.to_owned(),
            subject_id: case_id,
            body: body.to_string(),
            at,
        }
    }
}

/// Who is to be told of `fact`.
pub(crate) fn notices(
    tx: &mut Tx<'_>,
    case_id: Id,
    fact: &OverlayFact,
    at: Timestamp,
) -> Result<Vec<Notice>, StoreError> {
    if !KINDS.contains(&fact.kind()) {
        return Ok(Vec::new());
    }
    let kind = fact.kind();
    Ok(match fact {
        OverlayFact::CaseUrged { organisations, .. } => organisations
            .iter()
            .map(|organisation| Notice::new(kind, organisation, None))
            .collect(),
        OverlayFact::CaseRecalled { revoked, .. } => {
            // Whoever was not told that there is a task is not told that there is none.
            let mut told = Vec::new();
            for task_id in revoked {
                let holder = casework::task_holder(tx, *task_id)?;
                if !notice_withdraw(tx, holder.id, case_id, at)? {
                    told.push(Notice::new("task_revoked", &holder, Some(*task_id)));
                }
            }
            told
        }
        OverlayFact::CaseCancelled { revoked, .. } => {
            of_holders(tx, "task_revoked", revoked.iter().copied())?
        }
        OverlayFact::CaseReopened { tasks, .. } => {
            of_holders(tx, "task_reopened", tasks.iter().map(|again| again.task_id))?
        }
        OverlayFact::DeadlineGiven { tasks, .. } => {
            of_holders(tx, kind, tasks.iter().map(|each| each.task_id))?
        }
        OverlayFact::ExtensionDecided { task_id, .. }
        | OverlayFact::SuspensionDecided { task_id, .. }
        | OverlayFact::SuspensionEnded { task_id, .. }
        | OverlayFact::AppealReviewed {
            task_id,
            decided: true,
            ..
        } => of_holders(tx, kind, [*task_id])?,
        OverlayFact::ExtensionRequested { task_id, .. }
        | OverlayFact::SuspensionRequested { task_id, .. }
        | OverlayFact::AppealFiled { task_id, .. } => {
            let case = casework::case_now(tx, case_id)?;
            vec![Notice::new(kind, case.keeper(), Some(*task_id))]
        }
        OverlayFact::AppealReviewed { task_id, .. } => {
            // The next reviewer's turn.
            let case = casework::case_now(tx, case_id)?;
            vec![Notice::new("appeal_filed", case.keeper(), Some(*task_id))]
        }
        OverlayFact::CaseExcluded { pending: true, .. } | OverlayFact::StageOverdue { .. } => {
            let case = casework::case_now(tx, case_id)?;
            vec![Notice::new(kind, case.keeper(), None)]
        }
        OverlayFact::CaseSupervised { organisation, .. } => {
            vec![Notice::new(kind, organisation, None)]
        }
        OverlayFact::SupervisionReplied { .. } | OverlayFact::SupervisionOverdue { .. } => {
            let case = casework::case_now(tx, case_id)?;
            let supervision = case.extra.overlays.supervision.as_ref();
            let answers = matches!(fact, OverlayFact::SupervisionOverdue { .. });
            let mut told: Vec<&OrganisationRef> = supervision
                .into_iter()
                .flat_map(|each| each.by.iter().chain(answers.then_some(&each.organisation)))
                .collect();
            told.dedup();
            told.into_iter()
                .map(|organisation| Notice::new(kind, organisation, None))
                .collect()
        }
        OverlayFact::ClockEscalated { .. } => vec![escalated(tx, case_id, fact)?],
        _ => Vec::new(),
    })
}

fn of_holders(
    tx: &mut Tx<'_>,
    kind: &'static str,
    task_ids: impl IntoIterator<Item = Id>,
) -> Result<Vec<Notice>, StoreError> {
    let mut notices = Vec::new();
    for task_id in task_ids {
        let holder = casework::task_holder(tx, task_id)?;
        notices.push(Notice::new(kind, &holder, Some(task_id)));
    }
    Ok(notices)
}

/// The handler and its leader are the holder's, dispatcher and shift leader are where the case is kept.
fn escalated(tx: &mut Tx<'_>, case_id: Id, fact: &OverlayFact) -> Result<Notice, StoreError> {
    let OverlayFact::ClockEscalated {
        task_id,
        notify,
        organisation,
        staff_id,
        proposes_supervision,
        ..
    } = fact
    else {
        return Err(StoreError::Corrupt("no escalation".to_owned()));
    };
    let kind = fact.kind();
    let mut notice = match notify {
        LadderTarget::Handler => {
            let mut notice = Notice::new(kind, organisation, *task_id);
            notice.staff_id = *staff_id;
            notice
        }
        LadderTarget::Leader => Notice::new(kind, organisation, *task_id).for_role("leader"),
        LadderTarget::Dispatcher | LadderTarget::ShiftLeader => {
            let case = casework::case_now(tx, case_id)?;
            Notice::new(kind, case.keeper(), *task_id).for_role(notify.as_str())
        }
    };
    notice.proposes_supervision = *proposes_supervision;
    Ok(notice)
}
