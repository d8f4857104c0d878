//! 准确派遣率: of the orders given to leads, those that never came back and that no other order replaced.

use super::Casework;
use crate::failure::CaseworkError;
use crate::store::routing as rows;
use crate::view::routing::AccuracyView;
use access::Principal;
use base::{FieldError, Id, Timestamp};
use std::sync::Arc;

/// The longest window, in days: every order in it is counted anew.
const DAYS_MAX: i64 = 366;

/// Which orders are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccuracyQuery {
    /// Given at this instant or later.
    pub from: Timestamp,
    /// Given before this instant.
    pub until: Timestamp,
    /// To this organisation or one below it.
    pub organisation_id: Option<Id>,
    /// Of exactly this category.
    pub category_id: Option<Id>,
}

impl Casework {
    /// How many orders were given, how many of them stood, and how many followed what routing said; within the caller's scope.
    pub async fn route_accuracy(
        &self,
        principal: &Arc<Principal>,
        query: AccuracyQuery,
    ) -> Result<AccuracyView, CaseworkError> {
        let mut wrong = Vec::new();
        let longest = query.from.plus_seconds(DAYS_MAX * 86_400);
        if query.until <= query.from || query.until > longest {
            wrong.push(FieldError::new(
                "until",
                "out_of_range",
                format!("after `from`, by {DAYS_MAX} days at most"),
            ));
        }
        let organisation = query.organisation_id.map(|id| {
            let known = self.known_organisation("organisation_id", id, &mut wrong);
            known.map(|facts| facts.organisation.path)
        });
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let (scope, within) = (principal.scope("route_accuracy"), organisation.flatten());
        let counted = self
            .store()
            .read(move |tx| {
                let window = (query.from, query.until);
                rows::accuracy(tx, window, within.as_ref(), query.category_id, &scope)
            })
            .await?;
        Ok(counted)
    }
}
