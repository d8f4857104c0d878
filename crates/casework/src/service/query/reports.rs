//! Reports: the list, the search by phone number, and one with everything about it.

use super::{
    COUNT_SHOWN_MAX, Names, ReportBox, ReportClaim, ReportQuery, check_number, limit, milestones,
    no_cursor,
};
use crate::failure::CaseworkError;
use crate::lifecycle::report::ReportFact;
use crate::listing::{Claimed, Cursor, ReportFilter};
use crate::model::Report;
use crate::service::sealed::{self, Reporter};
use crate::service::{Casework, has_zones};
use crate::store::attachments;
use crate::store::listing::{self, ReportListed};
use crate::store::read::{self, CaseKey, ReportRow};
use crate::store::{ORGANISATIONS_OF_REPORT, REPORT_SEALED};
use crate::view::{
    CallbackView, CalledBackView, RatingView, ReportCountsView, ReportListView, ReportView,
    ReporterView,
};
use ::store::{StoreError, Tx, params};
use access::{Principal, Reach, mask};
use base::path::TreePath;
use base::{FieldError, Id, Page, Timestamp};
use std::sync::Arc;

/// A report that somebody may see, and whether they may learn who reported.
pub(in crate::service) struct SeenReport {
    pub(in crate::service) row: ReportRow,
    pub(in crate::service) shows_reporter: bool,
}

impl Casework {
    /// Reports that the caller's organisations received or that lie in the caller's area.
    pub async fn report_list(
        &self,
        principal: &Arc<Principal>,
        query: ReportQuery,
    ) -> Result<Page<ReportListView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong);
        let sort = query.sort;
        let filter = self.report_filter(principal, query, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let Some(filter) = filter else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        let asked = self.reports_asked(principal, "report_list", filter);
        let rows = self.reports_listed(asked, limit as usize + 1).await?;
        let page = Page::from_rows(rows, limit, |listed| {
            let report = &listed.row.report;
            let cursor = Cursor {
                at: report.clock.map_or(Timestamp(0), |clock| clock.due_at),
                id: report.id,
            };
            cursor.to_text(sort.of_cases())
        });
        let mut names = self.names();
        Ok(Page {
            items: page
                .items
                .iter()
                .map(|listed| self.report_list_view(listed, &mut names))
                .collect(),
            next: page.next,
        })
    }

    /// How many reports each box of the caller holds, counted up to one more than [`COUNT_SHOWN_MAX`].
    pub async fn report_counts(
        &self,
        principal: &Arc<Principal>,
    ) -> Result<ReportCountsView, CaseworkError> {
        let asked = ReportBox::ALL.iter().map(|of_box| {
            let query = ReportQuery {
                of_box: Some(*of_box),
                ..ReportQuery::default()
            };
            let filter = self.report_filter(principal, query, &mut Vec::new());
            filter.map(|filter| self.reports_asked(principal, "report_list", filter))
        });
        let counts = self
            .reports_counted(asked.collect(), COUNT_SHOWN_MAX + 1)
            .await?;
        Ok(ReportCountsView::new(
            ReportBox::ALL.iter().copied().zip(counts),
        ))
    }

    /// The filter a question means; none when nothing can fit it.
    pub(super) fn report_filter(
        &self,
        principal: &Principal,
        query: ReportQuery,
        wrong: &mut Vec<FieldError>,
    ) -> Option<ReportFilter> {
        let prefix = &self.parts().number_prefix;
        check_number(query.q.as_deref(), prefix, "SQ", wrong);
        let cursor = query.page.after.as_deref();
        let after = cursor.map(|text| Cursor::parse(text, query.sort.of_cases()));
        if after.is_some_and(|cursor| cursor.is_none()) {
            wrong.push(no_cursor());
        }
        let filter = ReportFilter {
            stages: query.stage.into_iter().collect(),
            level: query.level,
            area: self.area_filter(query.area_code.as_deref(), wrong),
            source: query.source,
            claimed: query.claimed.map(|claim| match claim {
                ReportClaim::Me => Claimed::By(principal.staff_id),
                ReportClaim::Nobody => Claimed::Nobody,
            }),
            light: query.light,
            report_no: query.q,
            received_from: query.received_from,
            received_to: query.received_to,
            sort: query.sort,
            after: after.flatten(),
        };
        match query.of_box {
            None => Some(filter),
            Some(of_box) => of_box.narrow(principal, filter),
        }
    }

    /// The reports of one phone number that the caller may see, newest first; at most 200.
    pub async fn report_search(
        &self,
        principal: &Arc<Principal>,
        phone: &str,
    ) -> Result<Page<ReportListView>, CaseworkError> {
        let Some(phone) = mask::normalised_phone(phone) else {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "phone",
                "malformed",
                "a phone number has 7 to 15 digits",
            )]));
        };
        let key = self.parts().sealer.keyed_hash(&phone);
        let scope = principal.scope("report_list");
        let found = self
            .store()
            .read(move |tx| listing::reports_of_reporter(tx, &key))
            .await?;
        let mut names = self.names();
        let seen = |listed: &&ReportListed| {
            let paths = [listed.row.organisation.path.clone()];
            let reach = Reach {
                area_path: listed.row.report.area_path.as_ref(),
                organisation_paths: &paths,
            };
            scope.covers(
                &reach,
                &self.report_zones_for(principal, &listed.row.report),
            )
        };
        Ok(Page {
            items: found
                .iter()
                .filter(seen)
                .map(|listed| self.report_list_view(listed, &mut names))
                .collect(),
            next: None,
        })
    }

    pub(super) fn report_list_view(
        &self,
        listed: &ReportListed,
        names: &mut Names<'_>,
    ) -> ReportListView {
        let report = &listed.row.report;
        let context = sealed::report_title(report.id);
        let title = sealed::title_shown(&self.parts().sealer, listed.title.as_deref(), &context);
        report_head(report, title, names)
    }

    /// One report, masked.
    pub async fn report_view(
        &self,
        principal: &Arc<Principal>,
        id: Id,
    ) -> Result<ReportView, CaseworkError> {
        let (this, principal) = (self.clone(), principal.clone());
        self.store()
            .read(move |tx| {
                let seen = this.report_seen(tx, &principal, "report_view", id)?;
                this.report_view_in(tx, &seen, true)
            })
            .await
    }

    /// A report that the caller may see with `permission`: received by their organisation, in their area or zone, or the origin of
    /// a case that their organisation has to do with or that lies in their zone. In that last way nobody learns who a hidden
    /// reporter is.
    pub(in crate::service) fn report_seen(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        permission: &'static str,
        id: Id,
    ) -> Result<SeenReport, CaseworkError> {
        let row = read::report_with_cases(tx, id)?.ok_or(CaseworkError::NotFound("report"))?;
        let handlers: Vec<TreePath> =
            tx.query(&ORGANISATIONS_OF_REPORT, params![id], |row| row.get(0))?;
        let as_receiver = Reach {
            area_path: row.report.area_path.as_ref(),
            organisation_paths: std::slice::from_ref(&row.organisation.path),
        };
        let as_handler = Reach {
            area_path: None,
            organisation_paths: &handlers,
        };
        let own_zones = self.report_zones_for(principal, &row.report);
        let seen = principal.acting_in_zones(permission, &as_receiver, &own_zones);
        let Err(denied) = seen else {
            return Ok(SeenReport {
                row,
                shows_reporter: true,
            });
        };
        let mut zones = Vec::new();
        let ties = row.report.cases.iter();
        for tie in ties.filter(|_| has_zones(principal)) {
            if let Some(case) = read::case_with_tasks(tx, CaseKey::Case(tie.case_id))? {
                zones.extend(self.zones_for(principal, &case));
            }
        }
        match principal.acting_in_zones(permission, &as_handler, &zones) {
            Ok(_) => Ok(SeenReport {
                shows_reporter: !row.reporter_hidden && !read::reporter_hidden_by_case(tx, id)?,
                row,
            }),
            Err(_) if denied.out_of_reach => Err(CaseworkError::NotFound("report")),
            Err(_) => Err(denied.into()),
        }
    }

    /// The zones that a report is told of, as they are drawn now; not looked up for whoever has none.
    pub(in crate::service) fn report_zones_for(
        &self,
        principal: &Principal,
        report: &Report,
    ) -> Vec<Id> {
        self.zones_held(principal, report.area_path.as_ref(), report.point)
    }

    pub(in crate::service) fn report_view_in(
        &self,
        tx: &mut Tx<'_>,
        seen: &SeenReport,
        masked: bool,
    ) -> Result<ReportView, CaseworkError> {
        let mut names = self.names();
        let row = &seen.row;
        let report = &row.report;
        let words = self.report_words(tx, report.id)?;
        let words = words.map(|words| if masked { words.masked() } else { words });
        let entries = read::timeline(tx, report.id)?;
        let events = read::report_events(&entries)?;
        Ok(ReportView {
            head: report_head(
                report,
                words.as_ref().map(|words| words.title.clone()),
                &mut names,
            ),
            detail: words.as_ref().map(|words| words.detail.clone()),
            address: words.and_then(|words| words.address),
            lon: report.point.map(|point| point.lon),
            lat: report.point.map(|point| point.lat),
            reporter: if seen.shows_reporter {
                self.reporter(tx, report.id, masked)?
            } else {
                None
            },
            reporter_hidden: row.reporter_hidden,
            masked,
            case_ids: report.cases.iter().map(|each| each.case_id).collect(),
            reject_reason: report.extra.reject_reason,
            answer: self.note_shown(tx, report.extra.answer.as_ref())?,
            callback: report.extra.callback.as_ref().map(|task| CallbackView {
                task_id: task.id,
                organisation: names.organisation(task.organisation.id),
                state: task.state,
                clock: task.clock,
                is_overdue: task.is_overdue,
                attempts: task.attempts,
                called_by: task.called_by,
            }),
            called_back: self.called_back(tx, report)?,
            redo_count: report.extra.redo_count,
            brought_in: report.extra.brought_in.clone(),
            rating: self.rating(tx, report)?,
            attachments: self.attachment_views(&attachments::of_report(tx, report.id)?)?,
            milestones: milestones::of_report(report, &events, self.now()),
            timeline: self.timeline_view(tx, entries, &events, ReportFact::note, &mut names)?,
        })
    }

    fn called_back(
        &self,
        tx: &mut Tx<'_>,
        report: &Report,
    ) -> Result<Option<CalledBackView>, StoreError> {
        let Some(said) = &report.extra.called_back else {
            return Ok(None);
        };
        Ok(Some(CalledBackView {
            solved: said.solved,
            satisfaction: said.satisfaction,
            words: self.note_shown(tx, said.words.as_ref())?,
            called_at: said.called_at,
        }))
    }

    fn rating(&self, tx: &mut Tx<'_>, report: &Report) -> Result<Option<RatingView>, StoreError> {
        let Some(rating) = &report.extra.rating else {
            return Ok(None);
        };
        Ok(Some(RatingView {
            satisfaction: rating.satisfaction,
            words: self.note_shown(tx, rating.words.as_ref())?,
            rated_at: rating.rated_at,
        }))
    }

    fn reporter(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
        masked: bool,
    ) -> Result<Option<ReporterView>, StoreError> {
        let sealed = tx
            .query_opt(&REPORT_SEALED, params![id], |found| {
                found.get::<Option<Vec<u8>>>(1)
            })?
            .flatten();
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let context = sealed::report_reporter(id);
        let plain = sealed::open_plain(&self.parts().sealer, &sealed, &context)?;
        let reporter: Reporter = serde_json::from_str(&plain)
            .map_err(|error| StoreError::Corrupt(format!("{context}: {error}")))?;
        Ok(Some(if masked {
            ReporterView {
                name: reporter.name.as_deref().map(mask::name),
                phone: reporter.phone.as_deref().map(mask::phone),
            }
        } else {
            ReporterView {
                name: reporter.name,
                phone: reporter.phone,
            }
        }))
    }
}

pub(in crate::service) fn report_head(
    report: &Report,
    title: Option<String>,
    names: &mut Names<'_>,
) -> ReportListView {
    ReportListView {
        id: report.id,
        report_no: report.report_no.clone(),
        version: report.version,
        stage: report.stage,
        source: report.source.clone(),
        level: report.level,
        claimed_by: report.extra.claim.as_ref().map(|claim| claim.staff_id),
        title,
        area: report
            .area_path
            .as_ref()
            .map(|path| names.area_at(path, report.received_at)),
        received_at: report.received_at,
        clock: report.clock,
        is_overdue: report.extra.is_overdue,
    }
}
