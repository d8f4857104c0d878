//! 兜底: the organisation that takes what nobody else is suggested for, by area.

use super::{Call, Casework, answer_text, answered};
use crate::failure::CaseworkError;
use crate::input::FallbackSetRequest;
use crate::model::OrganisationRef;
use crate::store::routing::fallbacks;
use crate::store::{FALLBACK_OF, FALLBACK_SET, FALLBACKS_AFTER};
use crate::view::{FallbackView, UncoveredAreaView};
use ::store::{AuditEntry, Row, StoreError, Tx, idempotency, params};
use access::{Principal, Reach};
use base::path::TreePath;
use base::{Id, Page, PageRequest, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;

/// A line of the table.
struct Fallback {
    area_path: TreePath,
    organisation_id: Id,
    set_at: Timestamp,
}

fn fallback(row: &Row<'_>) -> Result<Fallback, StoreError> {
    Ok(Fallback {
        area_path: row.get(0)?,
        organisation_id: row.get(1)?,
        set_at: row.get(2)?,
    })
}

impl Casework {
    /// Says who takes what nobody else is suggested for in an area; a second time for the same area replaces the first.
    pub async fn fallback_set(
        &self,
        call: &Call,
        input: FallbackSetRequest,
    ) -> Result<FallbackView, CaseworkError> {
        let mut wrong = Vec::new();
        let place = self.known_area("area_code", &input.area_code, &mut wrong);
        self.known_organisation("organisation_id", input.organisation_id, &mut wrong);
        let (Some(place), true) = (place, wrong.is_empty()) else {
            return Err(CaseworkError::Invalid(wrong));
        };
        let reach = Reach {
            area_path: Some(&place.area_path),
            organisation_paths: &[],
        };
        let actor = call.principal.acting("fallback_set", &reach)?;
        let once = self.once(call, "fallback_set", None, &input)?;
        let now = self.now();
        let line = Fallback {
            area_path: place.area_path,
            organisation_id: input.organisation_id,
            set_at: now,
        };
        let answer = self.fallback_view(&line);
        let set = self
            .store()
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return answered(&answer);
                }
                let row = params![line.area_path, line.organisation_id, line.set_at];
                tx.post(&FALLBACK_SET, row)?;
                tx.audit(&AuditEntry {
                    at: now,
                    actor: actor.account_id,
                    action: "fallback_set",
                    object: line.organisation_id,
                    detail: &format!("{{\"area_path\":\"{}\"}}", line.area_path),
                })?;
                super::routing::tell_nodes(tx, "routes", now);
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &answer_text(&answer))?;
                }
                Ok::<_, CaseworkError>(answer.clone())
            })
            .await?;
        self.reload_routes().await?;
        Ok(set)
    }

    /// The areas down to streets that have no fallback organisation, neither their own nor one above: what nobody else is suggested for
    /// waits there until somebody decides.
    pub fn areas_without_fallback(
        &self,
        tx: &mut Tx<'_>,
    ) -> Result<Vec<UncoveredAreaView>, StoreError> {
        let city = &self.parts().city;
        let covering: HashSet<TreePath> = fallbacks(tx)?
            .into_iter()
            .filter(|(_, id)| city.organisation(*id).is_some())
            .map(|(path, _)| path)
            .collect();
        let areas = city.areas_to_streets().into_iter();
        let uncovered = areas.filter(|area| !area.ancestors().any(|path| covering.contains(&path)));
        Ok(uncovered
            .map(|area| UncoveredAreaView {
                area_path: area.to_string(),
                area_name: city.area_name(&area),
            })
            .collect())
    }

    /// The same for whoever lists them.
    pub async fn fallback_missing(
        &self,
        principal: &Arc<Principal>,
    ) -> Result<Vec<UncoveredAreaView>, CaseworkError> {
        principal.acting_anywhere("fallback_list")?;
        let this = self.clone();
        let missing = self
            .store()
            .read(move |tx| this.areas_without_fallback(tx))
            .await?;
        Ok(missing)
    }

    /// All of them, by area.
    pub async fn fallback_list(
        &self,
        principal: &Arc<Principal>,
        page: PageRequest,
    ) -> Result<Page<FallbackView>, CaseworkError> {
        principal.acting_anywhere("fallback_list")?;
        let mut wrong = Vec::new();
        let limit = super::query::limit(&page, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let after = page.after.unwrap_or_default();
        let rows = self
            .store()
            .read(move |tx| {
                let count = i64::from(limit) + 1;
                tx.query(&FALLBACKS_AFTER, params![after, count], fallback)
            })
            .await?;
        let page = Page::from_rows(rows, limit, |line| line.area_path.to_string());
        Ok(Page {
            items: page
                .items
                .iter()
                .map(|line| self.fallback_view(line))
                .collect(),
            next: page.next,
        })
    }

    fn fallback_view(&self, line: &Fallback) -> FallbackView {
        let city = &self.parts().city;
        FallbackView {
            area_path: line.area_path.to_string(),
            area_name: city.area_name(&line.area_path),
            organisation_id: line.organisation_id,
            organisation_name: city
                .organisation(line.organisation_id)
                .map(|facts| facts.name),
            set_at: line.set_at,
        }
    }

    /// Who takes what nobody else is suggested for at a place: the line of the nearest area at or above it whose organisation
    /// is still there.
    pub fn fallback_of(
        &self,
        tx: &mut Tx<'_>,
        area_path: &TreePath,
    ) -> Result<Option<OrganisationRef>, StoreError> {
        let mut next = Some(area_path.clone());
        while let Some(path) = next {
            if let Some(line) = tx.query_opt(&FALLBACK_OF, params![path], fallback)?
                && let Some(facts) = self.parts().city.organisation(line.organisation_id)
            {
                return Ok(Some(facts.organisation));
            }
            next = path.parent();
        }
        Ok(None)
    }
}
