//! What people of the town do next for a report or its case, whether it still makes sense, and which command it is.

use super::life::{Done, Life, Town, is_open};
use crate::founding::SeedError;
use base::{Id, Timestamp};
use casework::model::{CaseStage, TaskState};

/// What comes next for a report or its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Tell,
    Claim,
    Release,
    Accept,
    Answer,
    Reject,
    Withdraw,
    Merge(Id),
    Split,
    Verify,
    VerifyResult,
    Cancel,
    File,
    SendBack,
    Dispatch,
    Recall,
    TaskAccept(Id),
    Assign(Id),
    Contact(Id),
    Return(Id),
    Reroute(Id),
    DemandRuling(Id),
    Rule(Id),
    Delegate(Id),
    Whistle(Id),
    Revoke(Id),
    CoRate(Id),
    ExtensionAsk(Id),
    ExtensionDecide(Id),
    SuspensionAsk(Id),
    SuspensionDecide(Id),
    SuspensionEnd(Id),
    TaskFinish(Id),
    Join,
    HideReporter,
    Level,
    Deadline,
    Mode,
    ModeEnd,
    Watch,
    Unwatch,
    Forget,
    Urge,
    Mark,
    Supervise,
    SupervisionReply,
    SupervisionEnd,
    Inspect,
    Close,
    CallBack,
    Rate,
    Reopen,
    Exclude,
    ExclusionDecide,
    AppealFile,
    AppealReview,
}

impl Act {
    /// Whether it still makes sense: what came in between may have left nothing to do.
    fn fits(self, life: &Life) -> bool {
        match self {
            Self::TaskAccept(task) | Self::Return(task) | Self::DemandRuling(task) => {
                life.is_in(task, TaskState::Assigned)
            }
            Self::Revoke(task) => {
                life.stage == Some(CaseStage::Handling) && life.task(task).is_some_and(is_open)
            }
            Self::Contact(task)
            | Self::Assign(task)
            | Self::Delegate(task)
            | Self::Whistle(task)
            | Self::ExtensionAsk(task)
            | Self::ExtensionDecide(task)
            | Self::SuspensionAsk(task)
            | Self::SuspensionDecide(task)
            | Self::SuspensionEnd(task)
            | Self::TaskFinish(task) => life.is_in(task, TaskState::Accepted),
            Self::Reroute(task) => life.is_in(task, TaskState::Returned),
            Self::CoRate(task) => life.is_in(task, TaskState::Finished),
            Self::Split => life.stage == Some(CaseStage::Accepted) && !life.is_split,
            Self::Recall | Self::Urge | Self::Level => life.stage == Some(CaseStage::Handling),
            Self::Deadline | Self::Mode => life.may_be_hurried(),
            Self::ModeEnd => life.is_open() && life.in_mode,
            Self::Supervise => life.stage == Some(CaseStage::Handling) && life.supervised.is_none(),
            Self::Inspect => life.stage == Some(CaseStage::Inspecting),
            Self::CallBack | Self::Rate => life.stage == Some(CaseStage::Closed),
            Self::Mark
            | Self::Join
            | Self::HideReporter
            | Self::Watch
            | Self::SupervisionReply
            | Self::SupervisionEnd => life.is_open(),
            Self::Unwatch => life.watcher.is_some(),
            Self::Forget => life.stage == Some(CaseStage::Closed) && !life.is_redone,
            _ => true,
        }
    }
}

impl Town<'_> {
    /// Does one thing, if it still makes sense.
    pub(super) async fn act(&mut self, life: usize, act: Act, at: Timestamp) -> Done {
        if !act.fits(self.life(life)?.0) {
            return Ok(());
        }
        let commands = self.tally.commands;
        let (operation, done) = match act {
            Act::Tell => ("report_create", self.tell(life, at).await),
            Act::Claim => ("report_claim", self.claim(life, at).await),
            Act::Release => ("report_release", self.release(life, at).await),
            Act::Answer => ("report_answer", self.answer(life).await),
            Act::Reject => ("report_reject", self.reject(life).await),
            Act::Withdraw => ("report_withdraw", self.withdraw(life).await),
            Act::Accept => ("report_accept", self.accept(life, at).await),
            Act::Merge(into) => ("case_merge", self.merge(life, into, at).await),
            Act::Split => ("case_split", self.split(life, at).await),
            Act::Verify => ("case_verify", self.verify(life, at).await),
            Act::VerifyResult => ("case_verify_result", self.verify_result(life, at).await),
            Act::Cancel => ("case_cancel", self.cancel(life, at).await),
            Act::File => ("case_file", self.file(life, at).await),
            Act::SendBack => ("case_send_back", self.send_back(life, at).await),
            Act::Dispatch => ("case_dispatch", self.dispatch(life, at).await),
            Act::Recall => ("case_recall", self.recall(life, at).await),
            Act::TaskAccept(task) => ("task_accept", self.task_accept(life, task, at).await),
            Act::Assign(task) => ("task_assign", self.assign(life, task, at).await),
            Act::Contact(task) => ("task_contact", self.contact(life, task, at).await),
            Act::Return(task) => ("task_return", self.give_back(life, task, at).await),
            Act::Reroute(task) => ("task_reroute", self.reroute(life, task, at).await),
            Act::DemandRuling(task) => ("ruling_demand", self.ruling_demand(life, task, at).await),
            Act::Rule(task) => ("case_rule", self.rule_leader(life, task, at).await),
            Act::Delegate(task) => ("task_delegate", self.delegate(life, task, at).await),
            Act::Whistle(task) => ("task_add_co", self.whistle(life, task, at).await),
            Act::Revoke(task) => ("task_revoke", self.revoke(life, task, at).await),
            Act::CoRate(task) => ("task_co_rate", self.co_rate(life, task, at).await),
            Act::ExtensionAsk(task) => (
                "extension_request",
                self.extension_ask(life, task, at).await,
            ),
            Act::ExtensionDecide(task) => (
                "extension_decide",
                self.extension_decide(life, task, at).await,
            ),
            Act::SuspensionAsk(task) => (
                "suspension_request",
                self.suspension_ask(life, task, at).await,
            ),
            Act::SuspensionDecide(task) => (
                "suspension_decide",
                self.suspension_decide(life, task, at).await,
            ),
            Act::SuspensionEnd(task) => {
                ("suspension_end", self.suspension_end(life, task, at).await)
            }
            Act::TaskFinish(task) => ("task_finish", self.task_finish(life, task, at).await),
            Act::Join => ("report_join", self.join(life).await),
            Act::HideReporter => ("case_hide_reporter", self.hide_reporter(life, at).await),
            Act::Level => ("case_level", self.level(life, at).await),
            Act::Deadline => ("case_deadline_give", self.deadline(life, at).await),
            Act::Mode => ("case_mode_apply", self.mode(life, true, at).await),
            Act::ModeEnd => ("case_mode_apply", self.mode(life, false, at).await),
            Act::Watch => ("case_watch", self.watch(life).await),
            Act::Unwatch => ("case_unwatch", self.unwatch(life).await),
            Act::Forget => ("report_forget", self.forget(life).await),
            Act::Urge => ("case_urge", self.urge(life, at).await),
            Act::Mark => ("case_mark", self.mark(life, at).await),
            Act::Supervise => ("case_supervise", self.supervise(life, at).await),
            Act::SupervisionReply => ("supervision_reply", self.supervision_reply(life, at).await),
            Act::SupervisionEnd => ("supervision_end", self.supervision_end(life, at).await),
            Act::Inspect => ("case_inspect_result", self.inspect(life, at).await),
            Act::Close => ("case_close", self.close(life, at).await),
            Act::CallBack => ("report_callback", self.call_back(life, at).await),
            Act::Rate => ("report_rate", self.rate(life).await),
            Act::Reopen => ("case_reopen", self.reopen(life, at).await),
            Act::Exclude => ("case_exclude", self.exclude(life, at).await),
            Act::ExclusionDecide => ("exclusion_decide", self.exclusion_decide(life, at).await),
            Act::AppealFile => ("appeal_file", self.appeal_file(life, at).await),
            Act::AppealReview => ("appeal_review", self.appeal_review(life, at).await),
        };
        if self.tally.commands > commands {
            self.tally.operations.insert(operation);
        }
        match done {
            Ok(()) => Ok(()),
            Err(SeedError::Casework(error)) => self.refused(operation, error),
            Err(error) => Err(error),
        }
    }
}
