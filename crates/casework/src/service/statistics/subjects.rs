//! What is behind a number: the obligations it counts.

use super::ask::SubjectsQuery;
use crate::failure::CaseworkError;
use crate::service::Casework;
use crate::statistics::Marks;
use crate::statistics::measures::{Subject, measure};
use crate::store::statistics::{self as rows, query};
use crate::store::{CASE_HEAD, REPORT_HEAD};
use crate::view::statistics::ObligationView;
use ::store::{Row, StoreError, Tx, params};
use access::Principal;
use base::{FieldError, Id, Page, Timestamp};
use std::sync::Arc;

impl Casework {
    /// The obligations that one number counts, the latest first.
    pub async fn statistics_subjects(
        &self,
        principal: &Arc<Principal>,
        query: SubjectsQuery,
    ) -> Result<Page<ObligationView>, CaseworkError> {
        let mut asked = self.asked(&query.of)?;
        let mut wrong = Vec::new();
        let found = measure(&query.measure);
        if found.is_none() {
            wrong.push(FieldError::new(
                "measure",
                "unknown_code",
                "there is no such measure",
            ));
        }
        let limit = query.page.limit().unwrap_or_else(|error| {
            wrong.push(error);
            1
        });
        let after = query.page.after.as_deref().map(cursor);
        if after.is_some_and(|after| after.is_none()) {
            wrong.push(FieldError::new(
                "after",
                "malformed",
                "not the `next` of a page of this list",
            ));
        }
        if let Some(key) = &query.key
            && !self.narrow(&mut asked, key)
        {
            wrong.push(FieldError::new(
                "key",
                "malformed",
                "not a key of this group",
            ));
        }
        let Some((_, measure)) = found.filter(|_| wrong.is_empty()) else {
            return Err(CaseworkError::Invalid(wrong));
        };
        let scope = principal.scope("statistics_view");
        let (window, filter, after) = (asked.window, asked.filter, after.flatten());
        let found = self
            .store()
            .read(move |tx| {
                let most = i64::from(limit) + 1;
                let listed = query::list(tx, window, measure, &filter, &scope, after, most)?;
                let mut heads = Vec::with_capacity(listed.len());
                for obligation in listed {
                    let head = head(tx, measure.subject(), obligation.subject_id)?;
                    heads.push((obligation, head));
                }
                Ok::<_, StoreError>(heads)
            })
            .await?;
        let page = Page::from_rows(found, limit, |(obligation, _)| {
            format!(
                "{}.{}.{}",
                obligation.row.obligation.at.0, obligation.subject_id, obligation.seq
            )
        });
        let mut names = self.names();
        let items = page
            .items
            .into_iter()
            .map(|(listed, (number, stage))| {
                let rows::ObligationRow { obligation, place } = listed.row;
                ObligationView {
                    subject: measure.subject(),
                    id: listed.subject_id,
                    number,
                    stage,
                    kind: obligation.kind,
                    at: obligation.at,
                    organisation: names.organisation(obligation.organisation.id),
                    staff_id: obligation.person.map(|person| person.staff_id),
                    area: place
                        .area_path
                        .as_ref()
                        .map(|path| names.area_at(path, obligation.at)),
                    category: place.category_id.map(|id| names.category(id)),
                    is_done: obligation.marks.has(Marks::DONE),
                    is_on_time: obligation.marks.has(Marks::ON_TIME),
                }
            })
            .collect();
        Ok(Page {
            items,
            next: page.next,
        })
    }
}

fn cursor(text: &str) -> Option<(Timestamp, Id, i64)> {
    let mut parts = text.split('.').map(|part| part.parse::<i64>().ok());
    let found = (
        Timestamp(parts.next()??),
        Id(parts.next()??),
        parts.next()??,
    );
    parts.next().is_none().then_some(found)
}

/// Number and stage of a report or case.
fn head(tx: &mut Tx<'_>, subject: Subject, id: Id) -> Result<(String, String), StoreError> {
    let statement = match subject {
        Subject::Report => &REPORT_HEAD,
        Subject::Case => &CASE_HEAD,
    };
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = tx.query_opt(statement, params![id], read)?;
    found.ok_or_else(|| StoreError::Corrupt(format!("obligations of {id}, which is not there")))
}
