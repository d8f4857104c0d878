//! 派遣规则预演: what a changed routing table would have said of an order that was given. Pure; asks [`super::answer`], as every
//! dispatch does, once with the table as it is and once with the table as it would be.

use super::{Answer, Question, RouteBook, RouteRow, Suggest, answer};
use crate::city::City;
use crate::model::words;
use base::path::TreePath;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// New rows, and those that take the place of the row with their id.
    pub put: Vec<RouteRow>,
    /// Rows taken away.
    pub removed: HashSet<Id>,
    /// Fallback organisations set, or taken away.
    pub fallbacks: Vec<(TreePath, Option<Id>)>,
}

impl RouteBook {
    /// The table as it would be.
    #[must_use]
    pub fn changed(&self, changes: &Changes) -> Self {
        let put: HashSet<Id> = changes.put.iter().map(|row| row.id).collect();
        let kept = self
            .rows
            .iter()
            .filter(|row| !put.contains(&row.id) && !changes.removed.contains(&row.id))
            .map(|row| RouteRow::clone(row));
        let mut fallbacks = self.fallbacks.clone();
        for (area, organisation_id) in &changes.fallbacks {
            match organisation_id {
                Some(id) => fallbacks.insert(area.clone(), *id),
                None => fallbacks.remove(area),
            };
        }
        Self::new(kept.chain(changes.put.iter().cloned()), fallbacks)
    }

    /// Two rows that speak of the same occasion, if there are such: the second of them.
    pub fn twin(&self) -> Option<&RouteRow> {
        let groups = self.routes.values().chain(self.units.values());
        groups.into_iter().find_map(|rows| {
            let mut seen: HashMap<_, Vec<&Arc<RouteRow>>> = HashMap::new();
            rows.iter().find_map(|row| {
                let near = seen.entry(row.area_path.as_ref()).or_default();
                let is_second = near.iter().any(|other| other.is_twin(row));
                near.push(row);
                is_second.then_some(row.as_ref())
            })
        })
    }
}

/// An order to a lead, with what routing went by as it was given.
#[derive(Clone, Debug)]
pub struct Order {
    /// The lead's task.
    pub task_id: Id,
    /// Its case.
    pub case_id: Id,
    /// Who got it.
    pub organisation_id: Id,
    /// Category, area, component, rule row and instant of the order.
    pub question: Question,
    /// Whom routing named then.
    pub suggested_id: Option<Id>,
    /// When it came back.
    pub returned_at: Option<Timestamp>,
    /// When another order took its place.
    pub replaced_at: Option<Timestamp>,
}

impl Order {
    /// Whether it neither came back nor was replaced: what 准确派遣率 counts as accurate.
    pub const fn stood(&self) -> bool {
        self.returned_at.is_none() && self.replaced_at.is_none()
    }
}

words! {
    /// How an order would have fared with whom the changed table names.
    Outlook {
        /// That organisation had this order and it stood, or it had another order of the case that stood.
        Right = "right",
        /// That organisation had this order, or another of the case, and none of its orders stood.
        Wrong = "wrong",
        /// That organisation never had an order of the case, or nobody is named.
        Unknown = "unknown",
    }
}

/// The order would go to another.
#[derive(Clone, Debug)]
pub struct Differing {
    /// The order as it was given.
    pub order: Order,
    /// What the table as it is says.
    pub present: Answer,
    /// What the changed table says.
    pub changed: Answer,
}

impl Differing {
    /// Whom the changed table names.
    pub fn named(&self) -> Option<Id> {
        named(&self.changed)
    }
}

fn named(answer: &Answer) -> Option<Id> {
    let (organisation, _) = answer.organisation.as_ref()?;
    Some(organisation.id)
}

/// Both tables.
pub struct Rehearsal {
    /// As it is.
    pub present: Arc<RouteBook>,
    /// As it would be.
    pub changed: RouteBook,
}

impl Rehearsal {
    /// The order, when the tables name different organisations for it.
    pub fn compare(
        &self,
        order: Order,
        city: &dyn City,
        adviser: Option<&dyn Suggest>,
    ) -> Option<Differing> {
        let present = answer(&order.question, &self.present, city, adviser);
        let changed = answer(&order.question, &self.changed, city, adviser);
        (named(&present) != named(&changed)).then_some(Differing {
            order,
            present,
            changed,
        })
    }
}

/// How `order` would have fared with `named`. `orders` are all orders of its case: who got each, and whether it stood.
pub fn outlook(order: &Order, named: Option<Id>, orders: &[(Id, bool)]) -> Outlook {
    let Some(named) = named else {
        return Outlook::Unknown;
    };
    if named == order.organisation_id {
        return if order.stood() {
            Outlook::Right
        } else {
            Outlook::Wrong
        };
    }
    let mut theirs = orders.iter().filter(|(id, _)| *id == named).peekable();
    if theirs.peek().is_none() {
        Outlook::Unknown
    } else if theirs.any(|(_, stood)| *stood) {
        Outlook::Right
    } else {
        Outlook::Wrong
    }
}

/// The sums of a rehearsal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Orders that would go to another.
    pub differing: i64,
    /// Of these, those that had come back or been replaced.
    pub differing_failed: i64,
    /// Of these failed ones, those whose outlook is right.
    pub helped: i64,
    /// Orders that stood, and whose outlook is wrong.
    pub hurt: i64,
    /// Differing orders that failed, with an unknown outlook.
    pub unknown_failed: i64,
    /// Differing orders that stood, with an unknown outlook.
    pub unknown_stood: i64,
}

impl Sums {
    /// One more differing order.
    pub const fn count(&mut self, stood: bool, outlook: Outlook) {
        self.differing += 1;
        if !stood {
            self.differing_failed += 1;
        }
        match (stood, outlook) {
            (false, Outlook::Right) => self.helped += 1,
            (true, Outlook::Wrong) => self.hurt += 1,
            (false, Outlook::Unknown) => self.unknown_failed += 1,
            (true, Outlook::Unknown) => self.unknown_stood += 1,
            (false, Outlook::Wrong) | (true, Outlook::Right) => {}
        }
    }

    /// Adds those of another part.
    pub const fn add(&mut self, other: Self) {
        self.differing += other.differing;
        self.differing_failed += other.differing_failed;
        self.helped += other.helped;
        self.hurt += other.hurt;
        self.unknown_failed += other.unknown_failed;
        self.unknown_stood += other.unknown_stood;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(organisation_id: i64, stood: bool) -> Order {
        Order {
            task_id: Id(1),
            case_id: Id(2),
            organisation_id: Id(organisation_id),
            question: Question {
                category_id: None,
                area_path: None,
                component: None,
                rule_row_id: None,
                at: Timestamp(0),
            },
            suggested_id: None,
            returned_at: (!stood).then_some(Timestamp(1)),
            replaced_at: None,
        }
    }

    #[test]
    fn an_outlook_is_known_only_from_orders_that_were_given() {
        let orders = [(Id(7), false), (Id(8), false), (Id(9), true)];
        for (had, stood, named, expected) in [
            (7, false, Some(9), Outlook::Right),
            (7, false, Some(8), Outlook::Wrong),
            (7, false, Some(7), Outlook::Wrong),
            (7, false, Some(6), Outlook::Unknown),
            (7, false, None, Outlook::Unknown),
            (9, true, Some(9), Outlook::Right),
            (9, true, Some(7), Outlook::Wrong),
            (9, true, Some(6), Outlook::Unknown),
        ] {
            let found = outlook(&order(had, stood), named.map(Id), &orders);
            assert_eq!(found, expected, "{had} {stood} {named:?}");
        }
    }

    #[test]
    fn each_differing_order_is_counted_once() {
        let mut sums = Sums::default();
        for stood in [true, false] {
            for outlook in [Outlook::Right, Outlook::Wrong, Outlook::Unknown] {
                sums.count(stood, outlook);
            }
        }
        let expected = Sums {
            differing: 6,
            differing_failed: 3,
            helped: 1,
            hurt: 1,
            unknown_failed: 1,
            unknown_stood: 1,
        };
        assert_eq!(sums, expected);
        sums.add(expected);
        assert_eq!((sums.differing, sums.unknown_stood), (12, 2));
    }
}
