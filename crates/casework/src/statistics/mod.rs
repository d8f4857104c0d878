//! The numbers of casework: what was due, what was done, in time or not, and the rates made of that.
//!
//! A [`Obligation`] is one thing that somebody had to do by some time (file this case, handle that task), or one thing that is simply
//! counted (a report came in). The obligations of a report or case are a pure function of its timeline ([`of_case`], [`of_report`]), so
//! whatever is kept of them can be made anew from the timelines at will and compared. A [`Measure`] counts obligations of one kind with
//! some marks; a [`Rate`](rates::Rate) divides one measure by another.
//!
//! **The window rule** (GB/T 30428.4 tradition): an obligation belongs to the instant it is due, so 应处置数 of a window counts the tasks
//! whose handling deadline lies in it, and 处置数 those of *them* that are done: no rate exceeds 1. What is only counted belongs to
//! the instant it happened. A window never reaches beyond now: what is due later is not due yet.
//!
//! **What is left out**: an obligation that was taken away before it was done (revoked, returned, merged, sent back) is nobody's; a
//! cancelled case leaves only its filing and verification, when done, and the acts of persons; a case excluded from the numbers
//! (剔除) leaves nothing. An overdue task that an approved appeal exempts counts as done in time; its overdue fact stays on the
//! timeline.

mod acts;
pub mod measures;
mod of_case;
mod of_report;
pub mod rates;

pub use measures::{MEASURES, Measure, Subject, measure};
pub use of_case::of_case;
pub use of_report::{CaseOfReport, of_report};

use crate::model::{Actor, OrganisationRef, words};
use base::path::TreePath;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};

words! {
    /// What had to be done, or is counted.
    ObligationKind {
        /// A report came in.
        Report = "report",
        /// 受理: somebody decides on a report.
        Accept = "accept",
        /// 回访: the reporter is called back.
        Callback = "callback",
        /// What a reporter who was reached said.
        Opinion = "opinion",
        /// A case began.
        Case = "case",
        /// 立案.
        File = "file",
        /// 派遣.
        Dispatch = "dispatch",
        /// 签收 or 联系群众.
        Respond = "respond",
        /// 处置.
        Handle = "handle",
        /// 核实.
        Verify = "verify",
        /// 核查.
        Inspect = "inspect",
        /// The case is to be closed, by all who have to do with it together.
        Close = "close",
        /// 结案, as the desk's own step.
        Archive = "archive",
        /// 督办反馈.
        Supervise = "supervise",
        /// 作废: somebody cancelled the case.
        Cancel = "cancel",
        /// 转办: somebody passed the case on otherwise than forward.
        Transfer = "transfer",
        /// 发核实: somebody gave out a verification.
        SendVerify = "send_verify",
        /// 发核查: somebody gave out an inspection.
        SendInspect = "send_inspect",
        /// 催办.
        Urge = "urge",
        /// 发起督办.
        Demand = "demand",
    }
}

/// What became of an obligation: a set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(pub i64);

impl Marks {
    /// Done.
    pub const DONE: Self = Self(1);
    /// In time.
    pub const ON_TIME: Self = Self(1 << 1);
    /// Stood: an acceptance whose cases neither came back nor were cancelled, a filing that was not taken back, an order that never
    /// came back.
    pub const ACCURATE: Self = Self(1 << 2);
    /// Was given more time.
    pub const EXTENDED: Self = Self(1 << 3);
    /// Stood still, or does.
    pub const SUSPENDED: Self = Self(1 << 4);
    /// An inspection failed.
    pub const REWORKED: Self = Self(1 << 5);
    /// The reporter says it is solved.
    pub const SOLVED: Self = Self(1 << 6);
    /// The reporter is at least fairly satisfied.
    pub const SATISFIED: Self = Self(1 << 7);
    /// Was found worth a case: filed.
    pub const FILED: Self = Self(1 << 8);
    /// Has not come to its end.
    pub const OPEN: Self = Self(1 << 9);
    /// Answered at once.
    pub const ANSWERED: Self = Self(1 << 10);
    /// Rejected, or cancelled.
    pub const REJECTED: Self = Self(1 << 11);
    /// Handled by who found it.
    pub const SELF_HANDLED: Self = Self(1 << 12);
    /// The inspection's result was no.
    pub const FAILED: Self = Self(1 << 13);
    /// An approved appeal takes its lateness out of the numbers.
    pub const EXEMPT: Self = Self(1 << 14);
    /// Done again because the reporter said that it was not solved.
    pub const REDONE: Self = Self(1 << 15);
    /// A case came back to acceptance.
    pub const SENT_BACK: Self = Self(1 << 16);
    /// The inspection passed what had to be done again after all.
    pub const OVERTURNED: Self = Self(1 << 17);

    /// Whether all of `others` are among these.
    pub const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether any of `others` is among these.
    pub const fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These, and those when `holds`.
    #[must_use]
    pub const fn with(self, others: Self, holds: bool) -> Self {
        if holds { self.and(others) } else { self }
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

/// Who did something, and as what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// The person.
    pub staff_id: Id,
    /// The role acted in.
    pub role: String,
}

impl From<&Actor> for Person {
    fn from(actor: &Actor) -> Self {
        Self {
            staff_id: actor.staff_id,
            role: actor.role.clone(),
        }
    }
}

/// One obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// What it was.
    pub kind: ObligationKind,
    /// When it was due; when it happened, if nothing was asked.
    pub at: Timestamp,
    /// Whose it was.
    pub organisation: OrganisationRef,
    /// Who did it; none while nobody has.
    pub person: Option<Person>,
    /// What became of it.
    pub marks: Marks,
}

/// What all obligations of one report or case share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The smallest known area.
    pub area_path: Option<TreePath>,
    /// The street in it.
    pub street_path: Option<TreePath>,
    /// Its category.
    pub category_id: Option<Id>,
    /// Where it came from.
    pub source: String,
}

/// Done by `at`, judged by when it was due.
fn done(due_at: Option<Timestamp>, at: Timestamp) -> Marks {
    Marks::DONE.with(Marks::ON_TIME, due_at.is_none_or(|due| at <= due))
}
