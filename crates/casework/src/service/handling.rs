//! Handling together: assigned, contacted, returned, revoked, re-routed, delegated, called in, rated, ruled, verified.

use super::case::Order;
use super::{Call, Casework};
use crate::failure::CaseworkError;
use crate::input::{
    CaseRuleRequest, CaseVerifyRequest, CaseVerifyResultRequest, ReasonRequest, TaskAssignRequest,
    TaskCoRateRequest, TaskContactRequest, TaskDelegateRequest, TaskToRequest, check_remark,
    check_words,
};
use crate::lifecycle::decide::{CaseCommand, TaskNew};
use crate::lifecycle::handling::HandlingCommand;
use crate::store::read::CaseKey;
use crate::view::CaseStateView;
use base::path::TreePath;
use base::{FieldError, Id};

impl Casework {
    /// 指派: to a person of the holder.
    pub async fn task_assign(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskAssignRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let works_for = self.works_for(input.staff_id).await?;
        let once = self.once(call, "task_assign", Some(task_id), &input)?;
        let command = HandlingCommand::TaskAssign {
            task_id,
            staff_id: input.staff_id,
            works_for,
        };
        self.run(Order::new(
            call,
            CaseKey::Task(task_id),
            CaseCommand::Handling(command),
            once,
        ))
        .await
    }

    /// The organisations that somebody works for, to be given something.
    pub(super) async fn works_for(&self, staff_id: Id) -> Result<Vec<TreePath>, CaseworkError> {
        let works_for = self.parts().city.works_for(staff_id).await?;
        if works_for.is_empty() {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "staff_id",
                "unknown_id",
                "there is no such person",
            )]));
        }
        Ok(works_for)
    }

    /// 联系群众: counts for 响应率.
    pub async fn task_contact(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskContactRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        valid(check_remark("note", input.note.as_deref()))?;
        let once = self.once(call, "task_contact", Some(task_id), &input)?;
        let (words, sealed) = self.seal_note(input.note.as_deref());
        let command = HandlingCommand::TaskContact {
            task_id,
            reached: input.reached,
            note: words,
        };
        let mut order = Order::new(
            call,
            CaseKey::Task(task_id),
            CaseCommand::Handling(command),
            once,
        );
        order.note = sealed;
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// 退单: to dispatch, or to whoever gave the task on.
    pub async fn task_return(
        &self,
        call: &Call,
        task_id: Id,
        input: ReasonRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        self.reasoned(call, CaseKey::Task(task_id), input, |reason| {
            HandlingCommand::TaskReturn { task_id, reason }
        })
        .await
    }

    /// 撤回, by whoever gave it; what was given on from it ends with it.
    pub async fn task_revoke(
        &self,
        call: &Call,
        task_id: Id,
        input: ReasonRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        self.reasoned(call, CaseKey::Task(task_id), input, |reason| {
            HandlingCommand::TaskRevoke { task_id, reason }
        })
        .await
    }

    /// 申请裁定.
    pub async fn ruling_demand(
        &self,
        call: &Call,
        task_id: Id,
        input: ReasonRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        self.reasoned(call, CaseKey::Task(task_id), input, |reason| {
            HandlingCommand::RulingDemand { task_id, reason }
        })
        .await
    }

    /// 退回受理.
    pub async fn case_send_back(
        &self,
        call: &Call,
        case_id: Id,
        input: ReasonRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        self.reasoned(call, CaseKey::Case(case_id), input, |reason| {
            HandlingCommand::SendBack { reason }
        })
        .await
    }

    /// 改派: a returned task's work goes to another organisation.
    pub async fn task_reroute(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskToRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let to = self.task_new(input.organisation_id)?;
        let once = self.once(call, "task_reroute", Some(task_id), &input)?;
        let command = CaseCommand::Handling(HandlingCommand::TaskReroute { task_id, to });
        self.run(Order::new(call, CaseKey::Task(task_id), command, once))
            .await
    }

    /// 转派: to an organisation below, with a deadline that fits.
    pub async fn task_delegate(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskDelegateRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let to = self.task_new(input.organisation_id)?;
        let once = self.once(call, "task_delegate", Some(task_id), &input)?;
        let command = CaseCommand::Handling(HandlingCommand::TaskDelegate {
            task_id,
            to,
            due_at: input.due_at,
        });
        let mut order = Order::new(call, CaseKey::Task(task_id), command, once);
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// 吹哨: calls in a co-handler, which checks in (报到) by accepting.
    pub async fn task_add_co(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskToRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let to = self.task_new(input.organisation_id)?;
        let once = self.once(call, "task_add_co", Some(task_id), &input)?;
        let command = CaseCommand::Handling(HandlingCommand::TaskAddCo { task_id, to });
        self.run(Order::new(call, CaseKey::Task(task_id), command, once))
            .await
    }

    /// The caller rates a called-in co-handler once it has finished.
    pub async fn task_co_rate(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskCoRateRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let mut wrong = check_remark("remark", input.remark.as_deref());
        if !(1..=5).contains(&input.score) {
            wrong.push(FieldError::new("score", "out_of_range", "1 to 5"));
        }
        valid(wrong)?;
        let once = self.once(call, "task_co_rate", Some(task_id), &input)?;
        let (remark, sealed) = self.seal_note(input.remark.as_deref());
        let command = CaseCommand::Handling(HandlingCommand::TaskCoRate {
            task_id,
            score: input.score,
            remark,
        });
        let mut order = Order::new(call, CaseKey::Task(task_id), command, once);
        order.note = sealed;
        self.run(order).await
    }

    /// 裁定: names who leads and cannot return it.
    pub async fn case_rule(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseRuleRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        valid(check_words("reason", &input.reason))?;
        let to = self.task_new(input.organisation_id)?;
        let once = self.once(call, "case_rule", Some(case_id), &input)?;
        let (reason, sealed) = self.seal_note(Some(&input.reason));
        let command = CaseCommand::Handling(HandlingCommand::Rule { to, reason });
        let mut order = Order::new(call, CaseKey::Case(case_id), command, once);
        order.note = sealed;
        self.run(order).await
    }

    /// 送核实: a verification task for the inspectors of an organisation.
    pub async fn case_verify(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseVerifyRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        valid(check_remark("remark", input.remark.as_deref()))?;
        let by = self.task_new(input.organisation_id)?;
        let once = self.once(call, "case_verify", Some(case_id), &input)?;
        let (remark, sealed) = self.seal_note(input.remark.as_deref());
        let command = CaseCommand::Handling(HandlingCommand::Verify { by, remark });
        let mut order = Order::new(call, CaseKey::Case(case_id), command, once);
        order.note = sealed;
        self.run(order).await
    }

    /// 核实结果: true or not, with what was seen.
    pub async fn case_verify_result(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseVerifyResultRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        valid(check_remark("opinion", input.opinion.as_deref()))?;
        let once = self.once(call, "case_verify_result", Some(case_id), &input)?;
        let (opinion, sealed) = self.seal_note(input.opinion.as_deref());
        let command = CaseCommand::Handling(HandlingCommand::VerifyResult {
            is_true: input.is_true,
            opinion,
        });
        let mut order = Order::new(call, CaseKey::Case(case_id), command, once);
        order.note = sealed;
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// A command that is nothing but its reason.
    async fn reasoned(
        &self,
        call: &Call,
        key: CaseKey,
        input: ReasonRequest,
        command: impl FnOnce(Option<crate::model::NoteRef>) -> HandlingCommand,
    ) -> Result<CaseStateView, CaseworkError> {
        valid(check_words("reason", &input.reason))?;
        let (reason, sealed) = self.seal_note(Some(&input.reason));
        let command = command(reason);
        let (CaseKey::Case(subject) | CaseKey::Task(subject)) = key;
        let once = self.once(call, command.operation(), Some(subject), &input)?;
        let mut order = Order::new(call, key, CaseCommand::Handling(command), once);
        order.note = sealed;
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// A task for an organisation that must exist.
    fn task_new(&self, organisation_id: Id) -> Result<TaskNew, CaseworkError> {
        let mut wrong = Vec::new();
        let found = self.known_organisation("organisation_id", organisation_id, &mut wrong);
        found
            .map(|facts| TaskNew {
                id: self.next_id(),
                organisation: facts.organisation,
            })
            .ok_or(CaseworkError::Invalid(wrong))
    }
}

fn valid(wrong: Vec<FieldError>) -> Result<(), CaseworkError> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(CaseworkError::Invalid(wrong))
    }
}
