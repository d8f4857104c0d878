//! Routing (谁来办): which organisation should get a case, and why.
//!
//! Asked in order: who keeps or owns the component, the responsible units of the rule row (权责清单), the routing table, another
//! room's advice, the fallback organisation of the area (兜底). The first that names an organisation still known wins; whatever was
//! asked before it is told with the reason for its silence. A suggestion binds nobody: the dispatcher decides, and the dispatch
//! records whether it was followed.

mod book;
mod hours;
pub mod rehearsal;

pub use book::{RouteBook, RouteKind, RouteRow};
pub use hours::{Hours, HoursError};

use crate::city::City;
use crate::model::{Basis, ComponentPinned, OrganisationRef, words};
use base::path::TreePath;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// What routing goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The category.
    pub category_id: Option<Id>,
    /// The smallest known area.
    pub area_path: Option<TreePath>,
    /// The component, with who has to do with it.
    pub component: Option<ComponentPinned>,
    /// The rule row the case was filed by; without it the category's only one.
    pub rule_row_id: Option<Id>,
    /// When: hours are told by it.
    pub at: Timestamp,
}

words! {
    /// What came of asking.
    Outcome {
        /// This one decided.
        Chosen = "chosen",
        /// It had nothing to say.
        Silent = "silent",
        /// It names a unit that no row ties to an organisation.
        UnknownUnit = "unknown_unit",
        /// It names an organisation that is not known.
        UnknownOrganisation = "unknown_organisation",
    }
}

/// What one source of advice said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Who was asked.
    pub basis: Basis,
    /// What came of it.
    pub outcome: Outcome,
    /// The component, rule row or row of the routing table it rests on.
    pub row_id: Option<Id>,
    /// Whom it named.
    pub organisation_id: Option<Id>,
    /// The unit as the rule row writes it, or the adviser's reason.
    pub words: Option<String>,
}

/// Who should get the case, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The organisation, and what decided; none when nobody is known.
    pub organisation: Option<(OrganisationRef, Basis)>,
    /// What was asked, in order; the last decided.
    pub why: Vec<Reason>,
}

/// Advice by another room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Whom.
    pub organisation_id: Id,
    /// Why, for people.
    pub reason: String,
}

/// What another room may answer where the city's own tables are silent. Asked inside transactions: from memory, and at once.
pub trait Suggest: Send + Sync {
    /// Its advice, if it has any.
    fn suggest(&self, question: &Question) -> Option<Advice>;
}

/// Gathers the reasons until one decides.
struct Asking<'a> {
    city: &'a dyn City,
    answer: Answer,
}

impl Asking<'_> {
    fn tell(&mut self, basis: Basis, outcome: Outcome, row_id: Option<Id>, words: Option<String>) {
        self.answer.why.push(Reason {
            basis,
            outcome,
            row_id,
            organisation_id: None,
            words,
        });
    }

    /// Takes the organisation if it is known; says whether that decided.
    fn take(
        &mut self,
        basis: Basis,
        row_id: Option<Id>,
        organisation_id: Id,
        words: Option<String>,
    ) -> bool {
        let known = self.city.organisation(organisation_id);
        self.answer.why.push(Reason {
            basis,
            outcome: if known.is_some() {
                Outcome::Chosen
            } else {
                Outcome::UnknownOrganisation
            },
            row_id,
            organisation_id: Some(organisation_id),
            words,
        });
        self.answer.organisation = known.map(|facts| (facts.organisation, basis));
        self.answer.organisation.is_some()
    }

    fn component(&mut self, question: &Question) -> bool {
        let Some(component) = &question.component else {
            self.tell(Basis::Component, Outcome::Silent, None, None);
            return false;
        };
        let units = [component.maintainer_id, component.owner_id];
        if units.iter().all(Option::is_none) {
            self.tell(Basis::Component, Outcome::Silent, Some(component.id), None);
        }
        units
            .into_iter()
            .flatten()
            .any(|unit| self.take(Basis::Component, Some(component.id), unit, None))
    }

    fn rule_row(&mut self, question: &Question, book: &RouteBook) -> bool {
        let row_id = question
            .rule_row_id
            .or_else(|| self.city.sole_rule_row(question.category_id?));
        let names = row_id.map_or_else(Vec::new, |id| self.city.responsible_units(id));
        if names.is_empty() {
            self.tell(Basis::RuleRow, Outcome::Silent, row_id, None);
        }
        names.into_iter().any(|name| {
            let Some(row) = book.unit(&name, question.area_path.as_ref()) else {
                self.tell(Basis::RuleRow, Outcome::UnknownUnit, row_id, Some(name));
                return false;
            };
            self.take(Basis::RuleRow, row_id, row.organisation_id, Some(name))
        })
    }

    fn row(&mut self, basis: Basis, row: Option<&RouteRow>) -> bool {
        let Some(row) = row else {
            self.tell(basis, Outcome::Silent, None, None);
            return false;
        };
        self.take(basis, Some(row.id), row.organisation_id, None)
    }
}

/// Who should get what the question describes.
pub fn answer(
    question: &Question,
    book: &RouteBook,
    city: &dyn City,
    adviser: Option<&dyn Suggest>,
) -> Answer {
    let mut asking = Asking {
        city,
        answer: Answer {
            organisation: None,
            why: Vec::new(),
        },
    };
    let line = question
        .category_id
        .map_or_else(Vec::new, |id| city.category_line(id));
    let area = question.area_path.as_ref();
    let decided = asking.component(question)
        || asking.rule_row(question, book)
        || asking.row(Basis::Route, book.route(&line, area, question.at));
    if decided {
        return asking.answer;
    }
    if let Some(advice) = adviser.and_then(|adviser| adviser.suggest(question))
        && asking.take(
            Basis::Advice,
            None,
            advice.organisation_id,
            Some(advice.reason),
        )
    {
        return asking.answer;
    }
    let fallbacks = book.fallbacks(area);
    if fallbacks.is_empty() {
        asking.tell(Basis::Fallback, Outcome::Silent, None, None);
    }
    let _ = fallbacks
        .into_iter()
        .any(|id| asking.take(Basis::Fallback, None, id, None));
    asking.answer
}
