//! What is counted: every measure is a kind of obligation and the marks that it has and has not.

use super::{Marks, ObligationKind};
use std::sync::LazyLock;

/// What a measure counts in the end: whose list it opens when it is clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Reports.
    Report,
    /// Cases, or tasks of cases.
    Case,
}

/// A number of obligations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its word: the column it is kept in, the key on the wire.
    pub code: &'static str,
    /// What users read.
    pub name_zh: &'static str,
    /// The same in English.
    pub name_en: &'static str,
    /// Of which obligations.
    pub kind: ObligationKind,
    /// With all of these marks.
    pub with: Marks,
    /// Without any of these.
    pub without: Marks,
}

impl Measure {
    /// Whether it counts an obligation of this kind with these marks.
    pub fn counts(&self, kind: ObligationKind, marks: Marks) -> bool {
        self.kind == kind && marks.has(self.with) && !marks.has_any(self.without)
    }

    /// What it counts.
    pub const fn subject(&self) -> Subject {
        match self.kind {
            ObligationKind::Report
            | ObligationKind::Accept
            | ObligationKind::Callback
            | ObligationKind::Opinion => Subject::Report,
            _ => Subject::Case,
        }
    }
}

/// How many measures there are.
pub const COUNT: usize = MEASURES.len();

const NONE: Marks = Marks(0);
const DONE: Marks = Marks::DONE;
const ON_TIME: Marks = Marks::DONE.and(Marks::ON_TIME);
const ACCURATE: Marks = Marks::DONE.and(Marks::ACCURATE);

const fn of(
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    kind: ObligationKind,
    with: Marks,
) -> Measure {
    Measure {
        code,
        name_zh,
        name_en,
        kind,
        with,
        without: NONE,
    }
}

const fn but(measure: Measure, without: Marks) -> Measure {
    Measure { without, ..measure }
}

const fn late(
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    kind: ObligationKind,
) -> Measure {
    but(of(code, name_zh, name_en, kind, DONE), Marks::ON_TIME)
}

const fn wrong(
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    kind: ObligationKind,
) -> Measure {
    but(of(code, name_zh, name_en, kind, DONE), Marks::ACCURATE)
}

/// All of them. Those that count whatever other marks there are ([`KEPT`]) are kept by day in columns of these names, in this order: a
/// new one goes to the end, with a migration.
#[rustfmt::skip]
pub const MEASURES: &[Measure] = &[
    of("reports", "上报数", "Reports", ObligationKind::Report, NONE),
    of("reports_valid", "有效上报数", "Valid reports", ObligationKind::Report, Marks::FILED),
    of("reports_open", "未结案上报数", "Reports not ended", ObligationKind::Report, Marks::OPEN),
    of("reports_redone", "重办数", "Done again for the reporter", ObligationKind::Report, Marks::REDONE),
    of("accept_due", "应受理数", "Acceptances due", ObligationKind::Accept, NONE),
    of("accept_done", "受理数", "Acceptances", ObligationKind::Accept, DONE),
    of("accept_on_time", "按期受理数", "Acceptances in time", ObligationKind::Accept, ON_TIME),
    late("accept_late", "超期受理数", "Acceptances too late", ObligationKind::Accept),
    of("accept_accurate", "准确受理数", "Acceptances that stood", ObligationKind::Accept, ACCURATE),
    wrong("accept_wrong", "错误受理数", "Acceptances that did not stand", ObligationKind::Accept),
    of("accept_sent_back", "受理退回数", "Acceptances sent back", ObligationKind::Accept, Marks::SENT_BACK),
    of("accept_answered", "即接即办数", "Answered at once", ObligationKind::Accept, Marks::ANSWERED),
    of("accept_rejected", "不予受理数", "Rejected", ObligationKind::Accept, Marks::REJECTED),
    of("callback_due", "应回访数", "Callbacks due", ObligationKind::Callback, NONE),
    of("callback_done", "回访数", "Callbacks", ObligationKind::Callback, DONE),
    of("callback_on_time", "按期回访数", "Callbacks in time", ObligationKind::Callback, ON_TIME),
    of("opinions", "有效回访数", "Reporters reached", ObligationKind::Opinion, NONE),
    of("opinions_solved", "回访已解决数", "Solved, says the reporter", ObligationKind::Opinion, Marks::SOLVED),
    of("opinions_satisfied", "回访满意数", "Satisfied reporters", ObligationKind::Opinion, Marks::SATISFIED),
    of("cases", "案卷建立数", "Cases", ObligationKind::Case, NONE),
    of("cases_filed", "已立案数", "Cases filed", ObligationKind::Case, Marks::FILED),
    of("cases_cancelled", "作废案卷数", "Cases cancelled", ObligationKind::Case, Marks::REJECTED),
    of("cases_self_handled", "自行处置数", "Handled by who found it", ObligationKind::Case, Marks::SELF_HANDLED),
    of("file_due", "应立案数", "Filings due", ObligationKind::File, NONE),
    of("file_done", "立案数", "Filings", ObligationKind::File, DONE),
    of("file_on_time", "按时立案数", "Filings in time", ObligationKind::File, ON_TIME),
    late("file_late", "超期立案数", "Filings too late", ObligationKind::File),
    of("file_accurate", "准确立案数", "Filings that stood", ObligationKind::File, ACCURATE),
    of("dispatch_due", "应派遣数", "Dispatches due", ObligationKind::Dispatch, NONE),
    of("dispatch_done", "派遣数", "Dispatches", ObligationKind::Dispatch, DONE),
    of("dispatch_on_time", "按时派遣数", "Dispatches in time", ObligationKind::Dispatch, ON_TIME),
    late("dispatch_late", "超期派遣数", "Dispatches too late", ObligationKind::Dispatch),
    of("dispatch_accurate", "准确派遣数", "Dispatches that stood", ObligationKind::Dispatch, ACCURATE),
    wrong("dispatch_wrong", "错误派遣数", "Dispatches that did not stand", ObligationKind::Dispatch),
    of("respond_due", "派单数", "Responses due", ObligationKind::Respond, NONE),
    of("respond_done", "签收数", "Responses", ObligationKind::Respond, DONE),
    of("respond_on_time", "按时响应数", "Responses in time", ObligationKind::Respond, ON_TIME),
    late("respond_late", "超期响应数", "Responses too late", ObligationKind::Respond),
    of("handle_due", "应处置数", "Tasks due", ObligationKind::Handle, NONE),
    of("handle_done", "处置数", "Tasks done", ObligationKind::Handle, DONE),
    of("handle_on_time", "按期处置数", "Tasks done in time", ObligationKind::Handle, ON_TIME),
    late("handle_late", "超期处置数", "Tasks done too late", ObligationKind::Handle),
    but(of("handle_pending", "超期待处置数", "Tasks overdue and not done", ObligationKind::Handle, NONE), DONE),
    of("handle_extended", "延期数", "Tasks extended", ObligationKind::Handle, Marks::EXTENDED),
    of("handle_suspended", "挂账数", "Tasks suspended", ObligationKind::Handle, Marks::SUSPENDED),
    of("handle_exempt", "申诉免责数", "Tasks exempt after an appeal", ObligationKind::Handle, Marks::EXEMPT),
    of("verify_due", "应核实数", "Verifications due", ObligationKind::Verify, NONE),
    of("verify_done", "核实数", "Verifications", ObligationKind::Verify, DONE),
    of("verify_on_time", "按时核实数", "Verifications in time", ObligationKind::Verify, ON_TIME),
    late("verify_late", "超期核实数", "Verifications too late", ObligationKind::Verify),
    of("inspect_due", "应核查数", "Inspections due", ObligationKind::Inspect, NONE),
    of("inspect_done", "核查数", "Inspections", ObligationKind::Inspect, DONE),
    of("inspect_on_time", "按时核查数", "Inspections in time", ObligationKind::Inspect, ON_TIME),
    late("inspect_late", "超期核查数", "Inspections too late", ObligationKind::Inspect),
    of("inspect_failed", "核查不通过数", "Inspections that failed", ObligationKind::Inspect, Marks::FAILED),
    of("inspect_overturned", "无效核查数", "Inspections overturned", ObligationKind::Inspect, Marks::OVERTURNED),
    of("close_due", "应结案数", "Closings due", ObligationKind::Close, NONE),
    of("close_done", "结案数", "Closed", ObligationKind::Close, DONE),
    of("close_on_time", "按期结案数", "Closed in time", ObligationKind::Close, ON_TIME),
    late("close_late", "超期结案数", "Closed too late", ObligationKind::Close),
    of("close_reworked", "返工数", "Reworked", ObligationKind::Close, Marks::REWORKED),
    of("archive_due", "应办结案数", "Closing steps due", ObligationKind::Archive, NONE),
    of("archive_done", "办理结案数", "Closing steps", ObligationKind::Archive, DONE),
    of("archive_on_time", "按时办理结案数", "Closing steps in time", ObligationKind::Archive, ON_TIME),
    late("archive_late", "超期办理结案数", "Closing steps too late", ObligationKind::Archive),
    of("supervise_due", "督办数", "Supervisions", ObligationKind::Supervise, NONE),
    of("supervise_done", "督办反馈数", "Supervisions answered", ObligationKind::Supervise, DONE),
    of("supervise_on_time", "按时督办反馈数", "Supervisions answered in time", ObligationKind::Supervise, ON_TIME),
    late("supervise_late", "超期督办反馈数", "Supervisions answered too late", ObligationKind::Supervise),
    of("cancels", "作废数", "Cancellations", ObligationKind::Cancel, NONE),
    of("transfers", "转办数", "Cases passed on", ObligationKind::Transfer, NONE),
    of("verify_sent", "发核实数", "Verifications given out", ObligationKind::SendVerify, NONE),
    of("inspect_sent", "发核查数", "Inspections given out", ObligationKind::SendInspect, NONE),
    of("urges", "催办数", "Cases urged", ObligationKind::Urge, NONE),
    of("demands", "发起督办数", "Supervisions begun", ObligationKind::Demand, NONE),
];

/// The places of the measures that are kept by day. What counts those that lack a mark is the difference of two of them.
pub static KEPT: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let numbered = MEASURES.iter().enumerate();
    numbered
        .filter(|(_, measure)| measure.without == NONE)
        .map(|(place, _)| place)
        .collect()
});

/// The measures that are kept by day, in the order of their columns.
pub fn kept() -> impl Iterator<Item = &'static Measure> {
    KEPT.iter().filter_map(|place| MEASURES.get(*place))
}

/// The places of the other measures, each with those whose difference it is: what has the marks, and what has those as well that it
/// must not have.
pub static DIFFERENCES: LazyLock<Vec<[usize; 3]>> = LazyLock::new(|| {
    let kept = |kind, with| {
        MEASURES.iter().position(|measure| {
            measure.kind == kind && measure.with == with && measure.without == NONE
        })
    };
    MEASURES
        .iter()
        .enumerate()
        .filter(|(_, measure)| measure.without != NONE)
        .filter_map(|(place, measure)| {
            let whole = kept(measure.kind, measure.with)?;
            let part = kept(measure.kind, measure.with.and(measure.without))?;
            Some([place, whole, part])
        })
        .collect()
});

/// The measure of this code, with its place among [`MEASURES`].
pub fn measure(code: &str) -> Option<(usize, &'static Measure)> {
    MEASURES
        .iter()
        .enumerate()
        .find(|(_, measure)| measure.code == code)
}

/// The places among [`MEASURES`] of those that count an obligation of this kind with these marks.
pub fn counting(kind: ObligationKind, marks: Marks) -> impl Iterator<Item = usize> {
    MEASURES
        .iter()
        .enumerate()
        .filter(move |(_, measure)| measure.counts(kind, marks))
        .map(|(place, _)| place)
}

/// The measures by which the work of a role is judged (岗位评价); a role without a line is judged by none.
pub const OF_ROLES: &[(&str, &[&str])] = &[
    (
        "inspector",
        &[
            "reports",
            "reports_valid",
            "cases_self_handled",
            "verify_due",
            "verify_done",
            "verify_on_time",
            "verify_late",
            "inspect_due",
            "inspect_done",
            "inspect_on_time",
            "inspect_late",
            "inspect_failed",
            "inspect_overturned",
        ],
    ),
    (
        "intake_clerk",
        &[
            "reports",
            "accept_due",
            "accept_done",
            "accept_on_time",
            "accept_late",
            "accept_accurate",
            "accept_wrong",
            "accept_sent_back",
            "accept_answered",
            "accept_rejected",
            "verify_sent",
            "callback_due",
            "callback_done",
            "callback_on_time",
        ],
    ),
    (
        "shift_leader",
        &[
            "file_due",
            "file_done",
            "file_on_time",
            "file_late",
            "file_accurate",
            "archive_due",
            "archive_done",
            "archive_on_time",
            "archive_late",
            "transfers",
            "cancels",
            "verify_sent",
            "inspect_sent",
            "urges",
            "demands",
        ],
    ),
    (
        "dispatcher",
        &[
            "dispatch_due",
            "dispatch_done",
            "dispatch_on_time",
            "dispatch_late",
            "dispatch_accurate",
            "dispatch_wrong",
            "urges",
        ],
    ),
    (
        "department_clerk",
        &[
            "respond_due",
            "respond_done",
            "respond_on_time",
            "respond_late",
            "handle_due",
            "handle_done",
            "handle_on_time",
            "handle_late",
            "handle_pending",
            "handle_extended",
            "handle_suspended",
            "supervise_due",
            "supervise_done",
            "supervise_on_time",
            "supervise_late",
        ],
    ),
    (
        "handler",
        &[
            "respond_due",
            "respond_done",
            "respond_on_time",
            "respond_late",
            "handle_due",
            "handle_done",
            "handle_on_time",
            "handle_late",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::rates::RATES;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_every_rate_and_role_names_known_ones() {
        let codes: BTreeSet<_> = MEASURES.iter().map(|measure| measure.code).collect();
        assert_eq!(codes.len(), COUNT);
        for rate in RATES {
            for code in std::iter::once(&rate.numerator).chain(rate.denominators) {
                assert!(codes.contains(code), "{code} of {}", rate.code);
            }
            let place = |code| measure(code).unwrap().1;
            // What is divided is part of what it is divided by, unless a city wants it by the reports that came in.
            let first = rate.denominators[0];
            let (part, whole) = (place(rate.numerator), place(first));
            assert!(
                part.kind == whole.kind
                    && part.with.has(whole.with)
                    && !part.with.has_any(whole.without),
                "{} by {first}",
                rate.numerator
            );
        }
        for (role, measures) in OF_ROLES {
            for code in *measures {
                assert!(codes.contains(code), "{code} of {role}");
            }
        }
    }

    #[test]
    fn the_page_on_numbers_names_every_measure_and_rate_with_what_it_is_divided_by() {
        let page = include_str!("../../../../docs/NUMBERS.md");
        for measure in MEASURES {
            let named = format!("`{}` {}", measure.code, measure.name_zh);
            assert!(page.contains(&named), "{named}");
        }
        for rate in RATES {
            let of = |code: &str| format!("`{code}` {}", measure(code).unwrap().1.name_zh);
            let denominators: Vec<_> = rate.denominators.iter().map(|code| of(code)).collect();
            let line = format!(
                "| `{}` | {} | {} | {} |",
                rate.code,
                rate.name_zh,
                of(rate.numerator),
                denominators.join(" or ")
            );
            assert!(page.contains(&line), "{line}");
        }
    }

    #[test]
    fn the_columns_of_the_migration_are_the_measures_that_no_difference_gives_in_order() {
        let sql = include_str!("../../migrations/0002_statistics.sql");
        let columns: Vec<_> = sql
            .lines()
            .filter_map(|line| line.trim().strip_suffix(" BIGINT NOT NULL DEFAULT 0,"))
            .collect();
        let codes: Vec<_> = kept().map(|measure| measure.code).collect();
        assert_eq!(columns, codes);
        assert_eq!(KEPT.len() + DIFFERENCES.len(), COUNT);
        let code = |place: usize| MEASURES[place].code;
        let [late, ..] = DIFFERENCES[..] else {
            panic!("none is late");
        };
        assert_eq!(
            late.map(code),
            ["accept_late", "accept_done", "accept_on_time"]
        );
    }
}
