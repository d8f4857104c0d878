//! 派遣规则预演: gives the orders of the last days again with a changed routing table, and changes nothing.

use super::routing::suggestion_view;
use super::{Casework, query};
use crate::failure::CaseworkError;
use crate::input::routing::{RouteChangesRequest, RouteRehearseRequest};
use crate::model::Basis;
use crate::routing::RouteRow;
use crate::routing::rehearsal::{Changes, Differing, Outlook, Rehearsal, Sums, outlook};
use crate::store::routing::{self as rows, OrderPlace};
use crate::view::routing::{RehearsalSumsView, RehearsalView, RehearsedOrderView};
use ::store::{StoreError, Tx};
use access::{Principal, Scope};
use base::{FieldError, Id, PageRequest, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The longest window, in days.
const DAYS_MAX: u32 = 92;
/// Orders looked at, at most.
const ORDERS_MAX: i64 = 200_000;
/// Orders looked at in one reading, so that other readers get their turn between.
const ORDERS_A_READING: i64 = 4_000;
/// Changes rehearsed together, at most.
const CHANGES_MAX: usize = 500;

/// The changes asked for, and which of the rows are new.
struct Asked {
    changes: Changes,
    added: HashMap<Id, usize>,
}

/// A walk through the orders of a window.
#[derive(Clone)]
struct Walk {
    rehearsal: Arc<Rehearsal>,
    scope: Scope,
    until: Timestamp,
    /// Differing orders wanted, one more than the page has.
    wanted: usize,
}

/// A differing order, ready to be shown.
struct Shown {
    differing: Differing,
    outlook: Outlook,
    case_no: String,
}

/// What one reading brought.
#[derive(Default)]
struct Reading {
    sums: Sums,
    shown: Vec<Shown>,
    /// Where the next one goes on; none behind the last order.
    next: Option<OrderPlace>,
}

impl Casework {
    /// What the orders of the last days, within the caller's reach, would have become with a changed routing table.
    pub async fn route_rehearse(
        &self,
        principal: &Arc<Principal>,
        input: RouteRehearseRequest,
        page: &PageRequest,
    ) -> Result<RehearsalView, CaseworkError> {
        principal.acting_anywhere("route_rehearse")?;
        let mut wrong = Vec::new();
        let limit = query::limit(page, &mut wrong) as usize;
        let after = page.after.as_deref().map(place_of);
        if after == Some(None) {
            wrong.push(query::no_cursor());
        }
        if !(1..=DAYS_MAX).contains(&input.days) {
            let message = format!("1 to {DAYS_MAX} days");
            wrong.push(FieldError::new("days", "out_of_range", message));
        }
        let asked = self.changes_of(&input.changes, &mut wrong);
        let present = self.route_book();
        let changed = present.changed(&asked.changes);
        if wrong.is_empty()
            && let Some(twin) = changed.twin()
        {
            wrong.push(FieldError::new(
                field_of(twin, &asked, &input.changes),
                "already_there",
                "another row would speak of the same occasion",
            ));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let until = self.now();
        let from = until.plus_seconds(-86_400 * i64::from(input.days));
        let scope = principal.scope("route_rehearse");
        let after = after.flatten();
        let counted = if after.is_none() {
            Some(self.counted((from, until), scope.clone()).await?)
        } else {
            None
        };
        let walk = Walk {
            rehearsal: Arc::new(Rehearsal { present, changed }),
            scope,
            until,
            wanted: limit + 1,
        };
        let begin = after.unwrap_or((from, Id(0))).max((from, Id(0)));
        let (sums, mut shown) = self.walk(&walk, begin, counted.is_some()).await?;
        let next = (shown.len() > limit).then(|| {
            shown.truncate(limit);
            shown.last().map(cursor)
        });
        Ok(RehearsalView {
            from,
            until,
            sums: counted.map(|(orders, accurate)| summed(orders, accurate, sums)),
            items: self.shown(&shown, &asked.added),
            next: next.flatten(),
        })
    }

    /// How many orders there are to look at, and how many of them stood.
    async fn counted(
        &self,
        window: (Timestamp, Timestamp),
        scope: Scope,
    ) -> Result<(i64, i64), CaseworkError> {
        let counted = self
            .store()
            .read(move |tx| rows::accuracy(tx, window, None, None, &scope))
            .await?;
        if counted.dispatched > ORDERS_MAX {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "days",
                "too_many",
                format!(
                    "{} orders were given in these days; at most {ORDERS_MAX} are looked at",
                    counted.dispatched
                ),
            )]));
        }
        Ok((counted.dispatched, counted.accurate))
    }

    /// Looks at the orders behind `begin`: at all of them when `through`, else until the page is full.
    async fn walk(
        &self,
        walk: &Walk,
        begin: OrderPlace,
        through: bool,
    ) -> Result<(Sums, Vec<Shown>), CaseworkError> {
        let (mut sums, mut shown) = (Sums::default(), Vec::new());
        let mut place = Some(begin);
        let readings_max = ORDERS_MAX / ORDERS_A_READING + 1;
        for _ in 0..readings_max {
            let Some(from) = place.filter(|_| through || shown.len() < walk.wanted) else {
                break;
            };
            let (this, part) = (self.clone(), walk.clone());
            let wanted = walk.wanted - shown.len();
            let reading: Reading = self
                .store()
                .read(move |tx| part.read(tx, &this, from, wanted))
                .await?;
            sums.add(reading.sums);
            shown.extend(reading.shown);
            place = reading.next;
        }
        Ok((sums, shown))
    }

    /// The changes asked for; every wrong field of all of them.
    fn changes_of(&self, input: &RouteChangesRequest, wrong: &mut Vec<FieldError>) -> Asked {
        let mut asked = Asked {
            changes: Changes::default(),
            added: HashMap::new(),
        };
        let count =
            input.add.len() + input.replace.len() + input.remove.len() + input.fallbacks.len();
        if count > CHANGES_MAX {
            let message = format!("at most {CHANGES_MAX} changes at once");
            wrong.push(FieldError::new("changes", "too_many", message));
            return asked;
        }
        let (now, book) = (self.now(), self.route_book());
        let mut take = |row: Result<RouteRow, CaseworkError>| match row {
            Ok(row) => Some(row),
            Err(CaseworkError::Invalid(fields)) => {
                wrong.extend(fields);
                None
            }
            // Nothing else comes of reading a row.
            Err(_) => None,
        };
        for (n, row) in input.add.iter().enumerate() {
            let prefix = format!("changes.add[{n}].");
            // A number of its own, greater than every row's: entered last.
            let id = self.next_id();
            asked.added.insert(id, n);
            asked
                .changes
                .put
                .extend(take(self.route_of(row, &prefix, id, 1, now)));
        }
        for (n, each) in input.replace.iter().enumerate() {
            let prefix = format!("changes.replace[{n}].row.");
            let row = take(self.route_of(&each.row, &prefix, each.id, 1, now));
            asked.changes.put.extend(row);
        }
        let mut touched = HashSet::new();
        let replaced = input.replace.iter().enumerate();
        let replaced = replaced.map(|(n, each)| (format!("changes.replace[{n}].id"), each.id));
        let removed = input.remove.iter().enumerate();
        let removed = removed.map(|(n, id)| (format!("changes.remove[{n}]"), *id));
        for (field, id) in replaced.chain(removed) {
            if book.row(id).is_none() {
                let message = "there is no such row";
                wrong.push(FieldError::new(field, "unknown_id", message));
            } else if !touched.insert(id) {
                let message = "one row is changed once";
                wrong.push(FieldError::new(field, "duplicate", message));
            }
        }
        asked.changes.removed.extend(&input.remove);
        self.fallback_changes(input, &mut asked.changes, wrong);
        asked
    }

    fn fallback_changes(
        &self,
        input: &RouteChangesRequest,
        changes: &mut Changes,
        wrong: &mut Vec<FieldError>,
    ) {
        let mut areas = HashSet::new();
        for (n, each) in input.fallbacks.iter().enumerate() {
            let field = |name: &str| format!("changes.fallbacks[{n}].{name}");
            let organisation_id = each.organisation_id;
            if let Some(id) = organisation_id {
                self.known_organisation(field("organisation_id"), id, wrong);
            }
            let Some(place) = self.known_area(field("area_code"), &each.area_code, wrong) else {
                continue;
            };
            if areas.insert(place.area_path.clone()) {
                changes.fallbacks.push((place.area_path, organisation_id));
            } else {
                let message = "one area is changed once";
                wrong.push(FieldError::new(field("area_code"), "duplicate", message));
            }
        }
    }

    fn shown(&self, shown: &[Shown], added: &HashMap<Id, usize>) -> Vec<RehearsedOrderView> {
        let mut names = self.names();
        let views = shown.iter().map(|each| {
            let Differing {
                order,
                present,
                changed,
            } = &each.differing;
            let mut rehearsed = suggestion_view(changed, &mut names);
            let mut added_row = None;
            for reason in &mut rehearsed.why {
                let place = reason.row_id.and_then(|id| added.get(&id));
                if reason.basis == Basis::Route
                    && let Some(place) = place
                {
                    (added_row, reason.row_id) = (Some(*place), None);
                }
            }
            RehearsedOrderView {
                case_id: order.case_id,
                case_no: each.case_no.clone(),
                task_id: order.task_id,
                dispatched_at: order.question.at,
                given_to: names.organisation(order.organisation_id),
                suggested: order.suggested_id.map(|id| names.organisation(id)),
                returned_at: order.returned_at,
                replaced_at: order.replaced_at,
                present: suggestion_view(present, &mut names),
                rehearsed,
                added_row,
                outlook: each.outlook,
            }
        });
        views.collect()
    }
}

impl Walk {
    /// Looks at the next orders; keeps at most `wanted` differing ones to be shown.
    fn read(
        &self,
        tx: &mut Tx<'_>,
        casework: &Casework,
        after: OrderPlace,
        wanted: usize,
    ) -> Result<Reading, StoreError> {
        let orders = rows::orders_after(tx, after, self.until, ORDERS_A_READING, &self.scope)?;
        let mut reading = Reading::default();
        if i64::try_from(orders.len()) == Ok(ORDERS_A_READING) {
            let last = orders.last();
            reading.next = last.map(|order| (order.question.at, order.task_id));
        }
        let city = &*casework.parts().city;
        let adviser = casework.adviser();
        let differing: Vec<Differing> = orders
            .into_iter()
            .filter_map(|order| self.rehearsal.compare(order, city, adviser))
            .collect();
        // Of the same organisation's own order all is known; of another's, what became of the orders of the case.
        let elsewhere = |each: &&Differing| {
            let named = each.named();
            named.is_some_and(|id| id != each.order.organisation_id)
        };
        let mut cases: Vec<Id> = differing
            .iter()
            .filter(elsewhere)
            .map(|each| each.order.case_id)
            .collect();
        cases.dedup();
        let others = rows::orders_of_cases(tx, &cases)?;
        for differing in differing {
            let order = &differing.order;
            let others = others.get(&order.case_id).map_or(&[][..], Vec::as_slice);
            let outlook = outlook(order, differing.named(), others);
            reading.sums.count(order.stood(), outlook);
            if reading.shown.len() < wanted {
                let case_no = rows::case_no(tx, order.case_id)?;
                reading.shown.push(Shown {
                    differing,
                    outlook,
                    case_no,
                });
            }
        }
        Ok(reading)
    }
}

const fn summed(orders: i64, accurate: i64, sums: Sums) -> RehearsalSumsView {
    let known_accurate = accurate - sums.unknown_stood;
    RehearsalSumsView {
        orders,
        accurate,
        differing: sums.differing,
        differing_failed: sums.differing_failed,
        helped: sums.helped,
        hurt: sums.hurt,
        unknown_failed: sums.unknown_failed,
        unknown_stood: sums.unknown_stood,
        known: orders - sums.unknown_failed - sums.unknown_stood,
        known_accurate,
        rehearsed_accurate: known_accurate + sums.helped - sums.hurt,
    }
}

fn cursor(shown: &Shown) -> String {
    let order = &shown.differing.order;
    format!("{}-{}", order.question.at.0, order.task_id)
}

fn place_of(cursor: &str) -> Option<OrderPlace> {
    let (at, id) = cursor.split_once('-')?;
    Some((Timestamp(at.parse().ok()?), id.parse().ok()?))
}

/// Where in the request the row stands.
fn field_of(row: &RouteRow, asked: &Asked, input: &RouteChangesRequest) -> String {
    if let Some(n) = asked.added.get(&row.id) {
        return format!("changes.add[{n}]");
    }
    let replaced = input.replace.iter().position(|each| each.id == row.id);
    replaced.map_or_else(
        || "changes".to_owned(),
        |n| format!("changes.replace[{n}].row"),
    )
}
