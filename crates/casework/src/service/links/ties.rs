//! Ties between reports and cases made after acceptance: joined, split, merged; cases made without a report; and what reports
//! learn when a case ends or is open again.

use super::{Moment, Origin, check_version};
use crate::failure::CaseworkError;
use crate::input::{
    CaseCreateRequest, CaseMergeRequest, CaseOpenRequest, CaseSplitRequest, ReportJoinRequest,
};
use crate::lifecycle::decide::CaseCommand;
use crate::lifecycle::links::LinkCommand;
use crate::lifecycle::report::{self, CallbackNew, ReportCommand};
use crate::model::{Actor, Case, CaseStage, Level, ReportStage};
use crate::service::report::{Located, own_words};
use crate::service::sealed::Words;
use crate::service::{Call, Casework, answer_text, answered};
use crate::store::read::{self, CaseKey, ReportRow};
use crate::view::{CaseStateView, ReportStateView};
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, Tx};
use access::{Principal, Reach};
use base::{FieldError, Id, Timestamp};
use std::sync::Arc;

/// `case_split` with all it needs.
struct Split {
    case_id: Id,
    input: CaseSplitRequest,
    located: Vec<Option<Located>>,
    ids: Vec<(Id, String)>,
    once: Option<Once>,
    expected_version: Option<i64>,
    principal: Arc<Principal>,
}

/// `case_create` with all it needs.
struct Creation {
    source: String,
    open: CaseOpenRequest,
    words: Words,
    located: Located,
    ids: (Id, String),
    once: Option<Once>,
    by: Actor,
}

impl Casework {
    /// 并案: joins an accepted report to a case, also when the case is under way.
    pub async fn report_join(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportJoinRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let now = self.now();
        let once = self.once(call, "report_join", Some(report_id), &input)?;
        let (this, call) = (self.clone(), call.clone());
        self.store()
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return answered(&answer);
                }
                let view = this.report_join_in(tx, &call, report_id, input.case_id, now)?;
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &answer_text(&view))?;
                }
                Ok(view)
            })
            .await
    }

    fn report_join_in(
        &self,
        tx: &mut Tx<'_>,
        call: &Call,
        report_id: Id,
        case_id: Id,
        now: Timestamp,
    ) -> Result<ReportStateView, CaseworkError> {
        let row =
            read::report_with_cases(tx, report_id)?.ok_or(CaseworkError::NotFound("report"))?;
        let by = self.acting_on_report(&call.principal, "report_join", &row)?;
        check_version(call.expected_version, &row.report)?;
        let command = ReportCommand::Join { case_id };
        let events = self.report_decide(&row.report, &command, Some(&by), now)?;
        self.join_case(tx, &call.principal, case_id, &row, now)?;
        let after = Self::report_save(tx, &row, &events)?;
        tx.audit(&AuditEntry {
            at: now,
            actor: by.account_id,
            action: "report_join",
            object: report_id,
            detail: &format!("{{\"case_id\":\"{case_id}\"}}"),
        })?;
        Ok((&after).into())
    }

    /// The case side of joining; the case afterwards.
    pub(in crate::service) fn join_case(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        case_id: Id,
        row: &ReportRow,
        now: Timestamp,
    ) -> Result<Case, CaseworkError> {
        let case = read::case_with_tasks(tx, CaseKey::Case(case_id))?
            .ok_or(CaseworkError::NotFound("case"))?;
        let command = LinkCommand::Join {
            report_id: row.report.id,
            reported_by: row.organisation.clone(),
        };
        let by = self.authorise(principal, &case, &CaseCommand::Link(command.clone()))?;
        self.link_step(tx, &case, command, &by, now)
    }

    /// A case without a report: a work task of the supervisors, a leader's order.
    pub async fn case_create(
        &self,
        call: &Call,
        input: CaseCreateRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let own: Actor = call.principal.acting_anywhere("case_create")?.into();
        let mut wrong = input.check();
        let open = input.opening();
        self.check_category("", &open, &mut wrong);
        let located = self.locate_own("", &open, &mut wrong).unwrap_or_default();
        if !self.source_is_active(&input.source).await? {
            wrong.push(FieldError::new(
                "source",
                "unknown_code",
                "there is no such source in use",
            ));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let paths = [own.organisation_path];
        let reach = Reach {
            area_path: located.place.as_ref().map(|place| &place.area_path),
            organisation_paths: &paths,
        };
        let by = call.principal.acting("case_create", &reach)?.into();
        let now = self.now();
        let once = self.once(call, "case_create", None, &input)?;
        let mut ids = self.case_ids(1, now).await?;
        let Some(ids) = ids.pop() else {
            return Err(CaseworkError::NotFound("case"));
        };
        let words = Words {
            title: input.title.trim().to_owned(),
            detail: input.detail.clone(),
            address: input.address.clone(),
        };
        let order = Creation {
            source: input.source,
            open,
            words,
            located,
            ids,
            once,
            by,
        };
        let this = self.clone();
        self.store()
            .write(move |tx| this.case_create_in(tx, &order, now))
            .await
    }

    fn case_create_in(
        &self,
        tx: &mut Tx<'_>,
        order: &Creation,
        now: Timestamp,
    ) -> Result<CaseStateView, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let process = self.process_for(&order.source)?;
        let origin = Origin {
            report_ids: Vec::new(),
            reported_by: Vec::new(),
            source: order.source.clone(),
            level: Level::Normal,
            category_id: None,
            split_from: None,
            words_of: None,
        };
        let mut located = order.located.clone();
        self.locate_component(tx, &order.open, &mut located)?;
        let new = self.case_begin(
            &origin,
            &order.open,
            Some(&order.words),
            &located,
            order.ids.clone(),
            &order.by,
            &process,
            Moment::at(now),
        )?;
        self.case_write(tx, &new)?;
        tx.audit(&AuditEntry {
            at: now,
            actor: order.by.account_id,
            action: "case_create",
            object: new.case.id,
            detail: "{}",
        })?;
        let answer = CaseStateView::from(&new.case);
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    /// 拆单: further cases for the reports of a case, each with words, category and place of its own.
    pub async fn case_split(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseSplitRequest,
    ) -> Result<Vec<CaseStateView>, CaseworkError> {
        let mut wrong = input.check();
        let mut located = Vec::with_capacity(input.cases.len());
        for (n, open) in input.cases.iter().enumerate() {
            let prefix = format!("cases[{n}].");
            self.check_category(&prefix, open, &mut wrong);
            located.push(self.locate_own(&prefix, open, &mut wrong));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let now = self.now();
        let once = self.once(call, "case_split", Some(case_id), &input)?;
        let ids = self.case_ids(input.cases.len(), now).await?;
        let order = Split {
            case_id,
            input,
            located,
            ids,
            once,
            expected_version: call.expected_version,
            principal: call.principal.clone(),
        };
        let this = self.clone();
        self.store()
            .write(move |tx| this.case_split_in(tx, &order, now))
            .await
    }

    fn case_split_in(
        &self,
        tx: &mut Tx<'_>,
        order: &Split,
        now: Timestamp,
    ) -> Result<Vec<CaseStateView>, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let case = read::case_with_tasks(tx, CaseKey::Case(order.case_id))?
            .ok_or(CaseworkError::NotFound("case"))?;
        let command = LinkCommand::Split {
            case_ids: order.ids.iter().map(|(id, _)| *id).collect(),
        };
        let by = self.authorise(&order.principal, &case, &CaseCommand::Link(command.clone()))?;
        check_case_version(order.expected_version, &case)?;
        let rows = Self::reports_under_way(tx, case.id)?;
        let after = self.link_step(tx, &case, command, &by, now)?;
        let new = self.cases_split(tx, &case, order, &rows, &by, now)?;
        for row in &rows {
            let mut events = Vec::with_capacity(order.ids.len());
            let mut report = row.report.clone();
            for (case_id, _) in &order.ids {
                let command = ReportCommand::CaseAdded { case_id: *case_id };
                let added = self.report_decide(&report, &command, Some(&by), now)?;
                report = added.iter().fold(report, report::evolve);
                events.extend(added);
            }
            Self::report_save(tx, row, &events)?;
        }
        tx.audit(&AuditEntry {
            at: now,
            actor: by.account_id,
            action: "case_split",
            object: case.id,
            detail: &format!("{{\"version\":{}}}", after.version),
        })?;
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&new))?;
        }
        Ok(new)
    }

    fn cases_split(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        order: &Split,
        rows: &[ReportRow],
        by: &Actor,
        now: Timestamp,
    ) -> Result<Vec<CaseStateView>, CaseworkError> {
        let sealed = read::case_words(tx, case.id)?;
        let words = self.case_words(case.id, sealed)?.unwrap_or_default();
        let process = self.process_of_case(case)?;
        let origin = Origin {
            report_ids: rows.iter().map(|row| row.report.id).collect(),
            reported_by: rows.iter().map(|row| row.organisation.clone()).collect(),
            source: case.source.clone(),
            level: case.level,
            category_id: case.category_id,
            split_from: Some(case.id),
            words_of: None,
        };
        let mut states = Vec::with_capacity(order.ids.len());
        let places = order.located.iter().zip(&order.ids);
        for (open, (located, ids)) in order.input.cases.iter().zip(places) {
            let mut located = located
                .clone()
                .unwrap_or_else(|| self.located(case.area_path.as_ref(), case.point));
            self.locate_component(tx, open, &mut located)?;
            let own = own_words(open, &words);
            let ids = ids.clone();
            let new = self.case_begin(
                &origin,
                open,
                own.as_ref(),
                &located,
                ids,
                by,
                &process,
                Moment::at(now),
            )?;
            self.case_write(tx, &new)?;
            states.push((&new.case).into());
        }
        Ok(states)
    }

    /// The reports of a case that are under way, by id.
    fn reports_under_way(tx: &mut Tx<'_>, case_id: Id) -> Result<Vec<ReportRow>, CaseworkError> {
        let mut rows = Vec::new();
        for report_id in read::reports_of(tx, case_id)? {
            let row = read::report_with_cases(tx, report_id)?;
            rows.extend(row.filter(|row| row.report.stage == ReportStage::Accepted));
        }
        Ok(rows)
    }

    /// 并案 of two cases: this one ends merged and keeps its timeline, its open tasks are revoked, its reports go over to the
    /// other, so that every reporter is told the result.
    pub async fn case_merge(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseMergeRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        if case_id == input.into_case_id {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "into_case_id",
                "duplicate",
                "a case is not merged into itself",
            )]));
        }
        let now = self.now();
        let once = self.once(call, "case_merge", Some(case_id), &input)?;
        let (this, call) = (self.clone(), call.clone());
        self.store()
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return answered(&answer);
                }
                let view = this.case_merge_in(tx, &call, case_id, input.into_case_id, now)?;
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &answer_text(&view))?;
                }
                Ok(view)
            })
            .await
    }

    fn case_merge_in(
        &self,
        tx: &mut Tx<'_>,
        call: &Call,
        case_id: Id,
        into_case_id: Id,
        now: Timestamp,
    ) -> Result<CaseStateView, CaseworkError> {
        let find = |tx: &mut Tx<'_>, id: Id| {
            read::case_with_tasks(tx, CaseKey::Case(id))?.ok_or(CaseworkError::NotFound("case"))
        };
        let (from, into) = (find(tx, case_id)?, find(tx, into_case_id)?);
        let merge = LinkCommand::Merge { into_case_id };
        let by = self.authorise(&call.principal, &from, &CaseCommand::Link(merge.clone()))?;
        let into_by = self.authorise(&call.principal, &into, &CaseCommand::Link(merge.clone()))?;
        check_case_version(call.expected_version, &from)?;
        let rows = Self::reports_under_way(tx, case_id)?;
        let known = read::reports_of(tx, into_case_id)?;
        let coming = || rows.iter().filter(|row| !known.contains(&row.report.id));
        let absorb = LinkCommand::Absorb {
            case_id,
            report_ids: coming().map(|row| row.report.id).collect(),
            reported_by: coming().map(|row| row.organisation.clone()).collect(),
        };
        // In order of id, as every command that takes two.
        let after = if case_id < into_case_id {
            let after = self.link_step(tx, &from, merge, &by, now)?;
            self.link_step(tx, &into, absorb, &into_by, now)?;
            after
        } else {
            self.link_step(tx, &into, absorb, &into_by, now)?;
            self.link_step(tx, &from, merge, &by, now)?
        };
        let moved = ReportCommand::CaseMoved {
            case_id,
            into_case_id,
        };
        for row in &rows {
            let events = self.report_decide(&row.report, &moved, Some(&by), now)?;
            Self::report_save(tx, row, &events)?;
        }
        tx.audit(&AuditEntry {
            at: now,
            actor: by.account_id,
            action: "case_merge",
            object: case_id,
            detail: &format!("{{\"into_case_id\":\"{into_case_id}\"}}"),
        })?;
        Ok((&after).into())
    }

    /// What the reports of a case learn when it ends or is open again. A report's version keeps two of its cases that end at
    /// once from missing each other.
    pub(in crate::service) fn reports_follow(
        &self,
        tx: &mut Tx<'_>,
        before: &Case,
        after: &Case,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), CaseworkError> {
        let command = match (before.stage.is_open(), after.stage.is_open()) {
            // Of a merged case, the merging tells the reports.
            (true, false) if after.stage != CaseStage::Merged => ReportCommand::CaseEnded {
                case_id: after.id,
                outcome: after.stage,
                callback: CallbackNew {
                    task_id: Id(0),
                    organisation: after.accepted_by.clone(),
                },
            },
            (false, true) => ReportCommand::CaseReopened { case_id: after.id },
            _ => return Ok(()),
        };
        for report_id in read::reports_of(tx, after.id)? {
            let Some(row) = read::report_with_cases(tx, report_id)? else {
                continue;
            };
            let mut command = command.clone();
            if let ReportCommand::CaseEnded { callback, .. } = &mut command {
                // Drawn here: a run that is repeated may waste some.
                callback.task_id = self.next_id();
                callback.organisation = row.organisation.clone();
            }
            let events = self.report_decide(&row.report, &command, Some(by), now)?;
            let told = Self::report_save(tx, &row, &events)?;
            self.callback_timer(tx, &row.report, &told)?;
        }
        Ok(())
    }
}

/// Refuses when the caller has seen another version.
fn check_case_version(expected: Option<i64>, case: &Case) -> Result<(), CaseworkError> {
    if expected.is_some_and(|version| version != case.version) {
        return Err(CaseworkError::CaseVersion(Box::new(case.into())));
    }
    Ok(())
}
