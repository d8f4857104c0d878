//! How a case is tied to reports and to other cases: joined, split, merged.

use super::case::{CaseFact, TaskReopened, reopen_tasks};
use super::decide::handling_clock;
use super::{Circumstances, Event, Refusal};
use crate::clocks::Clock;
use crate::model::{
    BroughtIn, Case, CaseStage, Corrected, Escalated, LadderClock, NoteRef, OrganisationRef,
    TaskState, is_default,
};
use base::Id;
use serde::{Deserialize, Serialize};

/// A thing that happened to a case. No personal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LinkFact {
    /// 并案: one more report is about this case.
    ReportJoined {
        /// The report.
        report_id: Id,
        /// The organisation that received it.
        reported_by: OrganisationRef,
    },
    /// 撤回: a reporter takes a report back. The case stays: what was told may be true all the same.
    ReportLeft {
        /// The report.
        report_id: Id,
    },
    /// 拆单: further cases were made of it for the same reports.
    CaseSplit {
        /// The new cases.
        case_ids: Vec<Id>,
    },
    /// 并案: it goes on as part of another.
    CaseMerged {
        /// That one.
        into_case_id: Id,
        /// Its tasks that were under way and are no more.
        revoked_task_ids: Vec<Id>,
    },
    /// 并案: another goes on as part of this one.
    CaseAbsorbed {
        /// The other.
        case_id: Id,
        /// The reports that came over and were not here already.
        report_ids: Vec<Id>,
        /// The organisations that received them.
        reported_by: Vec<OrganisationRef>,
    },
    /// 历史导入: all before this was done in another system. Once more for each later file that told more.
    CaseBroughtIn {
        /// Which one.
        system: String,
        /// The key it has there.
        id: String,
        /// What the system said in its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<NoteRef>,
        /// It ended there, and nobody there said until when.
        #[serde(default, skip_serializing_if = "is_default")]
        without_deadline: bool,
        /// What a later file tells otherwise than the one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        corrected: Option<Box<Corrected>>,
    },
    /// 重办: a reporter says that it is not solved. The same organisations handle again; nothing is lost.
    CaseRedone {
        /// The report.
        report_id: Id,
        /// The tasks opened again; none when nobody handled it, and it awaits dispatch.
        reopened: Vec<TaskReopened>,
        /// The limit of dispatch, when it awaits that.
        clock: Option<Clock>,
    },
}

impl LinkFact {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ReportJoined { .. } => "report_joined",
            Self::ReportLeft { .. } => "report_left",
            Self::CaseSplit { .. } => "case_split",
            Self::CaseMerged { .. } => "case_merged",
            Self::CaseAbsorbed { .. } => "case_absorbed",
            Self::CaseRedone { .. } => "case_redone",
            Self::CaseBroughtIn { .. } => "case_brought_in",
        }
    }

    /// The sealed note it refers to.
    pub const fn note(&self) -> Option<&NoteRef> {
        match self {
            Self::CaseBroughtIn { told, .. } => told.as_ref(),
            _ => None,
        }
    }
}

/// What can be asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkCommand {
    /// 并案: one more report is about this case.
    Join {
        /// The report.
        report_id: Id,
        /// The organisation that received it.
        reported_by: OrganisationRef,
    },
    /// 撤回: a reporter takes a report back.
    Leave {
        /// The report.
        report_id: Id,
    },
    /// 拆单: further cases are made of it.
    Split {
        /// The new cases.
        case_ids: Vec<Id>,
    },
    /// 并案: it goes on as part of another.
    Merge {
        /// That one.
        into_case_id: Id,
    },
    /// 并案, the other side: another goes on as part of this one.
    Absorb {
        /// The other.
        case_id: Id,
        /// The reports that come over and are not here already.
        report_ids: Vec<Id>,
        /// The organisations that received them.
        reported_by: Vec<OrganisationRef>,
    },
    /// 重办: a reporter says that it is not solved.
    Redo {
        /// The report.
        report_id: Id,
    },
}

impl LinkCommand {
    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Join { .. } => "report_join",
            Self::Leave { .. } => "report_withdraw",
            Self::Split { .. } => "case_split",
            Self::Merge { .. } | Self::Absorb { .. } => "case_merge",
            Self::Redo { .. } => "report_callback",
        }
    }
}

/// What happens when `command` is given. Stage and role have been checked.
pub fn decide(
    case: &Case,
    command: &LinkCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    circumstances.check_time(case.accepted_at)?;
    let fact = match command {
        LinkCommand::Join {
            report_id,
            reported_by,
        } => LinkFact::ReportJoined {
            report_id: *report_id,
            reported_by: reported_by.clone(),
        },
        LinkCommand::Leave { report_id } => LinkFact::ReportLeft {
            report_id: *report_id,
        },
        LinkCommand::Split { case_ids } => LinkFact::CaseSplit {
            case_ids: case_ids.clone(),
        },
        LinkCommand::Merge { into_case_id } => LinkFact::CaseMerged {
            into_case_id: *into_case_id,
            revoked_task_ids: case
                .tasks
                .iter()
                .filter(|task| task.is_open())
                .map(|task| task.id)
                .collect(),
        },
        LinkCommand::Absorb {
            case_id,
            report_ids,
            reported_by,
        } => LinkFact::CaseAbsorbed {
            case_id: *case_id,
            report_ids: report_ids.clone(),
            reported_by: reported_by.clone(),
        },
        LinkCommand::Redo { report_id } => redo(case, *report_id, circumstances),
    };
    Ok(vec![circumstances.event(CaseFact::Link(fact))])
}

/// The lead handles again and calls its co-handlers as it needs them.
fn redo(case: &Case, report_id: Id, circumstances: &Circumstances<'_>) -> LinkFact {
    let at = circumstances.occurred_at;
    let handling = handling_clock(case, at, circumstances);
    let reopened: Vec<_> = case
        .lead()
        .map(|lead| TaskReopened {
            task_id: lead.id,
            failed: false,
            handling,
        })
        .into_iter()
        .collect();
    let clock = if reopened.is_empty() {
        let process = circumstances.process;
        process.stage_clock(CaseStage::Filed, case.level, at, None)
    } else {
        None
    };
    LinkFact::CaseRedone {
        report_id,
        reopened,
        clock,
    }
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &LinkFact, event: &Event<CaseFact>) {
    let links = &mut case.extra.links;
    match fact {
        LinkFact::ReportJoined { reported_by, .. } => {
            links.joined_count += 1;
            links.reported(reported_by, &case.accepted_by);
        }
        // The report's own timeline holds the tie.
        LinkFact::ReportLeft { .. } => {}
        LinkFact::CaseSplit { case_ids } => links.split_into.extend(case_ids),
        LinkFact::CaseMerged {
            into_case_id,
            revoked_task_ids,
        } => {
            links.merged_into = Some(*into_case_id);
            case.stage = CaseStage::Merged;
            case.clock = None;
            for task in &mut case.tasks {
                if revoked_task_ids.contains(&task.id) {
                    task.state = TaskState::Revoked;
                }
            }
        }
        LinkFact::CaseAbsorbed {
            case_id,
            report_ids,
            reported_by,
        } => {
            for organisation in reported_by {
                links.reported(organisation, &case.accepted_by);
            }
            links.joined_count += i64::try_from(report_ids.len()).unwrap_or(i64::MAX);
            links.absorbed.push(*case_id);
        }
        LinkFact::CaseRedone {
            reopened, clock, ..
        } => {
            links.redo_count += 1;
            case.closed_at = None;
            reopen_tasks(case, reopened, event.occurred_at);
            let lead = case.lead().filter(|lead| lead.is_open());
            (case.stage, case.clock) = lead.map_or((CaseStage::Filed, *clock), |lead| {
                (CaseStage::Handling, Some(lead.handling))
            });
        }
        LinkFact::CaseBroughtIn {
            system,
            id,
            corrected,
            ..
        } => {
            let at = event.occurred_at;
            if let Some(corrected) = corrected {
                case.category_id = corrected.category_id.or(case.category_id);
                if let Some(words) = &corrected.words {
                    case.words = words.clone();
                }
                if let Some(place) = &corrected.place {
                    case.area_path.clone_from(&place.area_path);
                    case.point = place.point;
                }
            }
            let links = &mut case.extra.links;
            links.brought_in = Some(BroughtIn::of(system, id, at));
            // Whoever was to be called before is not called now.
            for task in case.tasks.iter_mut().filter(|task| task.is_open()) {
                task.extra.overlays.escalated = Some(Escalated {
                    clock: LadderClock::Handling,
                    up_to: at,
                });
            }
        }
    }
}
