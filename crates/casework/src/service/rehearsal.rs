//! `route_rehearse`: the orders of the last days against a changed routing table. Nothing is changed by it.
//!
//! Every order to a lead is asked about twice, by the table as it is and as it would be, with what was pinned at its case: component,
//! rule row, category, area, the hour it was given. Which organisation was *right* is known of an order that stood, and of one that
//! came back when a later order of the same case stood.

use super::Casework;
use crate::failure::CaseworkError;
use crate::input::routing::RouteRehearseRequest;
use crate::routing::{self, Answer, Question, RouteBook, RouteRow};
use crate::store::rehearsal::{self as rows, Ordered};
use crate::view::routing::{RehearsalView, RehearsedView};
use ::store::StoreError;
use access::Principal;
use base::path::TreePath;
use base::{FieldError, Id, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Days rehearsed when none are named.
const DAYS_DEFAULT: u32 = 30;
/// The most days.
const DAYS_MAX: u32 = 92;
/// The most orders, the newest; more are said to be left out.
pub const ORDERS_MAX: i64 = 200_000;
/// Changes tried at once.
const CHANGES_MAX: usize = 500;

impl Casework {
    /// Replays the orders of the last days against a changed table, within the caller's scope.
    pub async fn route_rehearse(
        &self,
        principal: &Arc<Principal>,
        input: RouteRehearseRequest,
    ) -> Result<RehearsalView, CaseworkError> {
        let now = self.now();
        let days = input.days.unwrap_or(DAYS_DEFAULT);
        let mut wrong = Vec::new();
        if days == 0 || days > DAYS_MAX {
            let message = format!("1 to {DAYS_MAX} days");
            wrong.push(FieldError::new("days", "out_of_range", message));
        }
        let limit = input.page().limit().unwrap_or_else(|error| {
            wrong.push(error);
            1
        });
        let after = super::query::after_id(&input.page(), &mut wrong);
        let present = self.route_book();
        let changed = self.changed_book(&present, &input, now, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let window = (now.plus_seconds(-i64::from(days) * 86_400), now);
        let scope = principal.scope("route_rehearse");
        let orders = self
            .store()
            .read(move |tx| rows::orders(tx, window, &scope, ORDERS_MAX + 1))
            .await?;
        let this = self.clone();
        // Some hundred thousand orders are asked about: on a thread of the store's, as reading them was.
        let mut view = self
            .store()
            .read(move |_| {
                let view = this.compare(&orders, &present, &changed, after, limit);
                Ok::<_, StoreError>(view)
            })
            .await?;
        (view.from, view.until) = window;
        Ok(view)
    }

    /// The table as it would be.
    fn changed_book(
        &self,
        present: &RouteBook,
        input: &RouteRehearseRequest,
        now: Timestamp,
        wrong: &mut Vec<FieldError>,
    ) -> RouteBook {
        let count =
            input.add.len() + input.replace.len() + input.remove.len() + input.fallbacks.len();
        if count == 0 || count > CHANGES_MAX {
            let message = format!("1 to {CHANGES_MAX} changes in all");
            wrong.push(FieldError::new("add", "out_of_range", message));
        }
        let mut table: HashMap<Id, RouteRow> = present
            .rows()
            .iter()
            .map(|row| (row.id, RouteRow::clone(row)))
            .collect();
        let missing = |field: String| FieldError::new(field, "unknown_id", "there is no such row");
        for (n, id) in input.remove.iter().enumerate() {
            if table.remove(id).is_none() {
                wrong.push(missing(format!("remove[{n}]")));
            }
        }
        for (n, change) in input.replace.iter().enumerate() {
            if table.remove(&change.id).is_none() {
                wrong.push(missing(format!("replace[{n}].id")));
            }
            let prefix = format!("replace[{n}].row.");
            match self.route_of(&change.row, &prefix, change.id, 1, now) {
                Ok(row) => {
                    table.insert(row.id, row);
                }
                Err(error) => wrong.extend(fields_of(error)),
            }
        }
        for (n, request) in input.add.iter().enumerate() {
            match self.route_of(request, &format!("add[{n}]."), self.next_id(), 1, now) {
                Ok(row) if table.values().any(|other| other.is_twin(&row)) => {
                    let message = "a row speaks of the same already: replace that one";
                    wrong.push(FieldError::new(
                        format!("add[{n}]"),
                        "already_there",
                        message,
                    ));
                }
                Ok(row) => {
                    table.insert(row.id, row);
                }
                Err(error) => wrong.extend(fields_of(error)),
            }
        }
        let mut fallbacks: HashMap<TreePath, Id> = present.fallback_rows().collect();
        for (n, change) in input.fallbacks.iter().enumerate() {
            let city = &self.parts().city;
            let place = city.place_by_code(&change.area_code);
            if place.is_none() {
                let field = format!("fallbacks[{n}].area_code");
                let message = "there is no area with this code";
                wrong.push(FieldError::new(field, "unknown_code", message));
            }
            if city.organisation(change.organisation_id).is_none() {
                let field = format!("fallbacks[{n}].organisation_id");
                let message = "there is no such organisation";
                wrong.push(FieldError::new(field, "unknown_id", message));
            }
            fallbacks.extend(place.map(|place| (place.area_path, change.organisation_id)));
        }
        RouteBook::new(table.into_values(), fallbacks)
    }

    fn compare(
        &self,
        orders: &[Ordered],
        present: &RouteBook,
        changed: &RouteBook,
        after: Option<Id>,
        limit: u32,
    ) -> RehearsalView {
        let is_cut = i64::try_from(orders.len()).is_ok_and(|count| count > ORDERS_MAX);
        let orders = if is_cut {
            orders.split_last().map_or(orders, |(_, rest)| rest)
        } else {
            orders
        };
        // The newest comes first, so the order that stood last is what later ones of its case are measured by.
        let mut right: HashMap<Id, Id> = HashMap::new();
        let mut view = RehearsalView {
            is_cut,
            ..RehearsalView::default()
        };
        let adviser = self.adviser();
        let mut passed = after.is_none();
        let mut names = self.names();
        for order in orders {
            view.dispatched += 1;
            if order.stood {
                right.entry(order.case_id).or_insert(order.organisation_id);
            }
            let ask = |book: &RouteBook| {
                let question = Question {
                    category_id: order.category_id,
                    area_path: order.area_path.clone(),
                    component: order.component.clone(),
                    rule_row_id: order.rule_row_id,
                    at: order.dispatched_at,
                };
                routing::answer(&question, book, &*self.parts().city, adviser.as_deref())
            };
            let (now, then) = (ask(present), ask(changed));
            let (named_now, named_then) = (named(&now), named(&then));
            if let Some(right) = right.get(&order.case_id) {
                view.known += 1;
                view.right_now += i64::from(named_now == Some(*right));
                view.right_then += i64::from(named_then == Some(*right));
            }
            if named_now == named_then {
                continue;
            }
            view.differing += 1;
            view.differing_came_back += i64::from(!order.stood);
            if !passed {
                passed = after == Some(order.task_id);
                continue;
            }
            if view.items.len() > limit as usize {
                continue;
            }
            let organisation = |answer: &Answer, names: &mut super::query::Names<'_>| {
                named(answer).map(|id| names.organisation(id))
            };
            view.items.push(RehearsedView {
                task_id: order.task_id,
                case_id: order.case_id,
                case_no: order.case_no.clone(),
                dispatched_at: order.dispatched_at,
                given_to: names.organisation(order.organisation_id),
                came_back: !order.stood,
                now: organisation(&now, &mut names),
                now_basis: now.organisation.as_ref().map(|(_, basis)| *basis),
                then: organisation(&then, &mut names),
                then_basis: then.organisation.as_ref().map(|(_, basis)| *basis),
            });
        }
        if view.items.len() > limit as usize {
            view.items.truncate(limit as usize);
            view.next = view.items.last().map(|item| item.task_id.to_string());
        }
        view
    }
}

fn named(answer: &Answer) -> Option<Id> {
    answer
        .organisation
        .as_ref()
        .map(|(organisation, _)| organisation.id)
}

fn fields_of(error: CaseworkError) -> Vec<FieldError> {
    match error {
        CaseworkError::Invalid(fields) => fields,
        _ => Vec::new(),
    }
}
