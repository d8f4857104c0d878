//! The rates, each with its numerator, its denominators and the words that say what it means.
//!
//! Names and shapes follow the performance evaluation of digital city management (绩效评价, GB/T 30428.4-2016 tradition) and the
//! three rates of the 12345 hotline. Where cities divide differently, a rate has several denominators: the first one holds until a
//! city chooses another.

/// A quotient of two measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Its word on the wire.
    pub code: &'static str,
    /// What users read.
    pub name_zh: &'static str,
    /// The same in English.
    pub name_en: &'static str,
    /// The code of the measure that is divided.
    pub numerator: &'static str,
    /// The codes of the measures it may be divided by; the first unless a city chooses.
    pub denominators: &'static [&'static str],
    /// Whether more is worse.
    pub is_bad: bool,
}

const fn good(
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    numerator: &'static str,
    denominators: &'static [&'static str],
) -> Rate {
    Rate {
        code,
        name_zh,
        name_en,
        numerator,
        denominators,
        is_bad: false,
    }
}

const fn bad(rate: Rate) -> Rate {
    Rate {
        is_bad: true,
        ..rate
    }
}

/// All of them.
#[rustfmt::skip]
pub const RATES: &[Rate] = &[
    good("report_validity", "有效上报率", "Valid reports", "reports_valid", &["reports"]),
    good("acceptance_on_time", "按期受理率", "Accepted in time", "accept_on_time", &["accept_done", "accept_due"]),
    good("filing", "立案率", "Filed", "cases_filed", &["cases", "accept_done", "reports"]),
    good("filing_accuracy", "准确立案率", "Filed rightly", "file_accurate", &["file_done"]),
    good("filing_on_time", "按时立案率", "Filed in time", "file_on_time", &["file_done", "file_due"]),
    good("dispatch_accuracy", "准确派遣率", "Dispatched rightly", "dispatch_accurate", &["dispatch_due", "dispatch_done"]),
    good("dispatch_on_time", "按时派遣率", "Dispatched in time", "dispatch_on_time", &["dispatch_due", "dispatch_done"]),
    good("response", "响应率", "Responded in time", "respond_on_time", &["respond_due"]),
    good("handling", "处置率", "Handled", "handle_done", &["handle_due"]),
    good("handling_on_time", "按期处置率", "Handled in time", "handle_on_time", &["handle_due"]),
    bad(good("handling_pending", "超期待处置率", "Overdue and not handled", "handle_pending", &["handle_due"])),
    bad(good("extension", "延期率", "Extended", "handle_extended", &["handle_due"])),
    bad(good("rework", "返工率", "Reworked", "close_reworked", &["close_due", "handle_done"])),
    good("verification_on_time", "按期核实率", "Verified in time", "verify_on_time", &["verify_due"]),
    good("inspection_on_time", "按期核查率", "Inspected in time", "inspect_on_time", &["inspect_due"]),
    good("closing", "结案率", "Closed", "close_done", &["close_due"]),
    good("closing_on_time", "按期结案率", "Closed in time", "close_on_time", &["close_due"]),
    bad(good("closing_late", "超期结案率", "Closed too late", "close_late", &["close_due"])),
    bad(good("unclosed", "未结案率", "Not ended", "reports_open", &["reports"])),
    good("supervision_on_time", "督办按时反馈率", "Supervisions answered in time", "supervise_on_time", &["supervise_due"]),
    good("callback_on_time", "按期回访率", "Called back in time", "callback_on_time", &["callback_due"]),
    good("resolution", "解决率", "Solved", "opinions_solved", &["opinions"]),
    good("satisfaction", "满意率", "Satisfied", "opinions_satisfied", &["opinions"]),
];

/// The rate of this code.
pub fn rate(code: &str) -> Option<&'static Rate> {
    RATES.iter().find(|rate| rate.code == code)
}

/// `part` of `whole`, in ten-thousandths, rounded half up; none of nothing.
pub fn ten_thousandths(part: i64, whole: i64) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    i64::try_from((part * 20_000 + whole) / (whole * 2)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_half_up_and_nothing_has_none() {
        for (part, whole, share) in [
            (0, 0, None),
            (1, 0, None),
            (0, 3, Some(0)),
            (1, 3, Some(3_333)),
            (2, 3, Some(6_667)),
            (3, 3, Some(10_000)),
            (1, 20_000, Some(1)),
            (1, 20_001, Some(0)),
        ] {
            assert_eq!(ten_thousandths(part, whole), share, "{part} of {whole}");
        }
    }
}
