//! What a caller may do with a case next. The law itself is asked, command by command, with an example in place of what somebody
//! would fill in: so nothing is offered that would be refused, and no second set of rules can drift from the first.

use crate::lifecycle::decide::{self, CaseCommand, TaskNew};
use crate::lifecycle::handling::HandlingCommand;
use crate::lifecycle::links::LinkCommand;
use crate::lifecycle::overlays::OverlayCommand;
use crate::lifecycle::{Circumstances, Refusal, RuleFacts};
use crate::model::{Case, Digest, Level, NoteRef, OrganisationRef, Task, TaskState};
use crate::process::Process;
use crate::service::Casework;
use crate::view::ActionView;
use access::Principal;
use base::{Id, Timestamp};

/// Until when an example lasts.
const EXAMPLE_SECONDS: i64 = 3_600;

/// What is said of a command that is offered.
enum Answer {
    /// It may be given now.
    Possible,
    /// It may be given when others have acted; the code of the refusal until then.
    Later(&'static str),
}

/// What is filled in where an answer does not hang on it.
struct Example<'a> {
    note: NoteRef,
    to: TaskNew,
    until: Timestamp,
    case: &'a Case,
}

impl<'a> Example<'a> {
    fn new(case: &'a Case, now: Timestamp) -> Self {
        let organisation = OrganisationRef {
            id: Id(0),
            path: case.accepted_by.path.clone(),
        };
        Self {
            note: NoteRef {
                id: Id(0),
                digest: Digest(String::new()),
            },
            to: TaskNew {
                id: Id(0),
                organisation,
            },
            until: now.plus_seconds(EXAMPLE_SECONDS),
            case,
        }
    }

    fn said(&self) -> NoteRef {
        self.note.clone()
    }

    /// Commands about the case, in the order a case goes through them.
    fn of_case(&self) -> Vec<CaseCommand> {
        use CaseCommand::{Close, Dispatch, File, InspectResult};
        let pinned = self.case.rule.as_ref().map(|rule| rule.id);
        vec![
            CaseCommand::Handling(HandlingCommand::Verify {
                by: self.to.clone(),
                remark: None,
            }),
            CaseCommand::Handling(HandlingCommand::VerifyResult {
                is_true: true,
                opinion: None,
            }),
            File { rule_row_id: None },
            Dispatch {
                lead: self.to.clone(),
                co: Vec::new(),
            },
            InspectResult {
                passed: true,
                failed_task_ids: Vec::new(),
                opinion: None,
            },
            Close {
                rule_row_id: pinned,
                opinion: None,
            },
            CaseCommand::Handling(HandlingCommand::SendBack {
                reason: Some(self.said()),
            }),
            CaseCommand::Overlay(OverlayCommand::Recall {
                reason: Some(self.said()),
            }),
            CaseCommand::Overlay(OverlayCommand::Urge { note: None }),
            CaseCommand::Overlay(OverlayCommand::Mark {
                important: !self.case.extra.overlays.important,
            }),
            CaseCommand::Overlay(OverlayCommand::Supervise {
                due_at: None,
                demand: self.said(),
            }),
            CaseCommand::Overlay(OverlayCommand::SupervisionReply { reply: self.said() }),
            CaseCommand::Overlay(OverlayCommand::SupervisionEnd { opinion: None }),
            CaseCommand::Overlay(OverlayCommand::Reopen {
                reason: self.said(),
            }),
            CaseCommand::Overlay(OverlayCommand::Cancel {
                reason: self.said(),
            }),
        ]
        .into_iter()
        .chain(self.rarer())
        .collect()
    }

    /// What is seldom needed, about the case.
    fn rarer(&self) -> [CaseCommand; 10] {
        let overlays = &self.case.extra.overlays;
        let other_level = match self.case.level {
            Level::Normal => Level::Urgent,
            Level::Urgent | Level::Critical => Level::Normal,
        };
        [
            CaseCommand::Handling(HandlingCommand::Rule {
                to: self.to.clone(),
                reason: Some(self.said()),
            }),
            CaseCommand::Overlay(OverlayCommand::AppealReview {
                approved: true,
                opinion: None,
            }),
            CaseCommand::Overlay(OverlayCommand::ExclusionDecide {
                approved: true,
                opinion: None,
            }),
            CaseCommand::Overlay(OverlayCommand::Level {
                level: other_level,
                reason: Some(self.said()),
            }),
            CaseCommand::Overlay(OverlayCommand::DeadlineGive {
                task_id: None,
                due_at: self.until,
                reason: None,
            }),
            CaseCommand::Overlay(OverlayCommand::HideReporter {
                hidden: !overlays.reporter_hidden,
            }),
            CaseCommand::Link(LinkCommand::Merge {
                into_case_id: Id(0),
            }),
            CaseCommand::Link(LinkCommand::Split {
                case_ids: vec![Id(0)],
            }),
            CaseCommand::Overlay(OverlayCommand::Exclude {
                reason: self.said(),
            }),
            CaseCommand::Overlay(OverlayCommand::ModeApply { mode: None }),
        ]
    }

    /// What may still be said about a task that is finished: a called-in co-handler is rated, lateness is appealed against.
    fn of_finished(&self, task: &Task) -> Vec<CaseCommand> {
        let task_id = task.id;
        vec![
            CaseCommand::Overlay(OverlayCommand::AppealFile {
                task_id,
                reason: self.said(),
            }),
            CaseCommand::Handling(HandlingCommand::TaskCoRate {
                task_id,
                score: 5,
                remark: None,
            }),
        ]
    }

    /// Commands about one of its tasks.
    fn of_task(&self, task: &Task) -> Vec<CaseCommand> {
        let task_id = task.id;
        if task.state == TaskState::Finished {
            return self.of_finished(task);
        }
        if !task.state.is_open() && task.state != TaskState::Returned {
            return Vec::new();
        }
        let (note, to, until) = (self.said(), self.to.clone(), self.until);
        let said = Some(note.clone());
        let handling = [
            HandlingCommand::TaskContact {
                task_id,
                reached: true,
                note: None,
            },
            HandlingCommand::TaskReturn {
                task_id,
                reason: said.clone(),
            },
            HandlingCommand::TaskReroute {
                task_id,
                to: to.clone(),
            },
            HandlingCommand::TaskDelegate {
                task_id,
                to: TaskNew {
                    // Somewhere below the holder: whoever has nobody below finds an empty list.
                    organisation: OrganisationRef {
                        id: to.organisation.id,
                        path: task.organisation.path.clone(),
                    },
                    ..to.clone()
                },
                due_at: None,
            },
            HandlingCommand::TaskAddCo { task_id, to },
            HandlingCommand::TaskRevoke {
                task_id,
                reason: said.clone(),
            },
            HandlingCommand::RulingDemand {
                task_id,
                reason: said.clone(),
            },
            HandlingCommand::TaskAssign {
                task_id,
                staff_id: Id(0),
                works_for: vec![task.organisation.path.clone()],
            },
        ];
        let overlays = [
            OverlayCommand::ExtensionRequest {
                task_id,
                limit: None,
                reason: note.clone(),
            },
            OverlayCommand::ExtensionDecide {
                task_id,
                approved: true,
                opinion: None,
            },
            OverlayCommand::SuspensionRequest {
                task_id,
                until,
                reason: note,
            },
            OverlayCommand::SuspensionDecide {
                task_id,
                approved: true,
                from: None,
                until: None,
                opinion: None,
            },
            OverlayCommand::SuspensionEnd {
                task_id,
                reason: said.clone(),
            },
        ];
        let mut commands = vec![
            CaseCommand::TaskAccept { task_id },
            CaseCommand::TaskFinish {
                task_id,
                result: said,
                inspection_id: Id(0),
            },
        ];
        commands.extend(handling.map(CaseCommand::Handling));
        commands.extend(overlays.map(CaseCommand::Overlay));
        commands
    }
}

/// What the registry says of a case.
struct Rules {
    pinned: Option<RuleFacts>,
    category_has_rules: bool,
}

impl Casework {
    /// What `principal` may do with a case now, the steps of the case first, then those of its tasks.
    pub(super) fn actions(
        &self,
        principal: &Principal,
        case: &Case,
        process: &Process,
        now: Timestamp,
    ) -> Vec<ActionView> {
        let example = Example::new(case, now);
        let city = &self.parts().city;
        let category = case.category_id.and_then(|id| city.category(id));
        let pinned = case.rule.as_ref();
        let rules = Rules {
            pinned: pinned.and_then(|rule| city.rule_row(rule.id)),
            category_has_rules: category.is_some_and(|facts| facts.has_rules),
        };
        let of_case = example.of_case().into_iter().map(|command| (None, command));
        let of_tasks = case.tasks.iter().flat_map(|task| {
            let commands = example.of_task(task).into_iter();
            commands.map(|command| (Some(task.id), command))
        });
        of_case
            .chain(of_tasks)
            .filter_map(|(task_id, command)| {
                let operation = command.operation();
                let blocked_by =
                    match self.answer(principal, case, process, &rules, &command, now)? {
                        Answer::Possible => None,
                        Answer::Later(code) => Some(code),
                    };
                Some(ActionView {
                    operation,
                    name: process.action_name(operation).to_owned(),
                    task_id,
                    blocked_by,
                })
            })
            .collect()
    }

    /// What the law answers; none when the command is not to be offered.
    fn answer(
        &self,
        principal: &Principal,
        case: &Case,
        process: &Process,
        rules: &Rules,
        command: &CaseCommand,
        now: Timestamp,
    ) -> Option<Answer> {
        if !principal.allows(command.operation()) {
            return None;
        }
        let actor = self.authorise(principal, case, command).ok()?;
        let suggested = self.suggested_for(process, case, command, now);
        let circumstances = Circumstances {
            recorded_at: now,
            occurred_at: now,
            actor: Some(&actor),
            process,
            reckoner: &*self.parts().reckoner,
            rule: rules.pinned.as_ref(),
            category_has_rules: rules.category_has_rules,
            suggested: suggested.as_ref(),
        };
        match decide::decide(case, command, &circumstances) {
            Ok(events) => (!events.is_empty()).then_some(Answer::Possible),
            Err(refusal) if is_of_example(&refusal) => Some(Answer::Possible),
            Err(refusal) if is_passing(&refusal) => Some(Answer::Later(refusal.code())),
            Err(_) => None,
        }
    }
}

/// Refused for what was filled in, which is only an example.
fn is_of_example(refusal: &Refusal) -> bool {
    use Refusal as R;
    matches!(
        refusal,
        R::RuleRowRequired
            | R::RuleRowUnknown
            | R::RuleRowOfOtherCategory
            | R::RuleRowSuperseded
            | R::ClosingConditionRequired
            | R::OrganisationTwice
            | R::OrganisationNotBelow
            | R::FailedTasksRequired
            | R::ReasonRequired
            | R::ReasonNeeded
            | R::ResultRequired
            | R::DeadlineAfterParent { .. }
            | R::DeadlinePassed
            | R::DatePassed
            | R::SuspensionTooLong { .. }
    )
}

/// Refused until somebody else has acted.
fn is_passing(refusal: &Refusal) -> bool {
    use Refusal as R;
    matches!(
        refusal,
        R::CoTasksOpen { .. }
            | R::TasksGivenOnOpen
            | R::VerificationOpen
            | R::ConditionNotMet { .. }
            | R::ReturnOpen
    )
}
