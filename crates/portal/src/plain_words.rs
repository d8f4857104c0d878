//! What a citizen understands of where something stands: one table, Chinese and English.

use casework::model::{CaseStage, ReportStage};

/// A language of the public pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese, when nothing else is asked for.
    Chinese,
    /// English.
    English,
}

macro_rules! statuses {
    ($($(#[$about:meta])* $name:ident = $code:literal, $zh:literal, $en:literal;)*) => {
        /// Where something stands, in words a citizen understands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PlainStatus { $($(#[$about])* $name,)* }

        impl PlainStatus {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// Its word for programs.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
            /// What people read.
            pub const fn words(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Chinese) => $zh, (Self::$name, Language::English) => $en,)*
                }
            }
        }
    };
}

statuses! {
    /// Nobody has decided on it.
    Received = "received", "已收到，工作人员正在查看", "Received, somebody is looking at it";
    /// A case, given to nobody yet.
    Arranging = "arranging", "已受理，正在安排单位处理", "Accepted, being given to whoever is responsible";
    /// Somebody is at work.
    Working = "working", "正在处理", "Being dealt with";
    /// Done, and looked at.
    Checking = "checking", "已处理，正在核实效果", "Dealt with, somebody checks that it is";
    /// Done, and the reporter is asked.
    Asking = "asking", "已办完，等您确认", "Done, please say whether it is";
    /// At its end.
    Done = "done", "已办结", "Done";
    /// Answered without a case.
    Answered = "answered", "已答复", "Answered";
    /// Not taken up, with the reason.
    NotTaken = "not_taken", "未受理，请看说明", "Not taken up; see why";
    /// Taken back by the reporter.
    Withdrawn = "withdrawn", "已撤回", "Taken back";
    /// Ended otherwise.
    Dropped = "dropped", "已终止", "Ended without being dealt with";
}

/// Where a case stands.
pub const fn of_case(stage: CaseStage) -> PlainStatus {
    match stage {
        CaseStage::Accepted | CaseStage::Filed => PlainStatus::Arranging,
        CaseStage::Handling => PlainStatus::Working,
        CaseStage::Inspecting | CaseStage::Closing => PlainStatus::Checking,
        CaseStage::Closed => PlainStatus::Done,
        CaseStage::Cancelled | CaseStage::Merged => PlainStatus::Dropped,
    }
}

/// Where a report stands, given where the furthest behind of its open cases stands.
pub fn of_report(stage: ReportStage, cases: &[CaseStage]) -> PlainStatus {
    match stage {
        ReportStage::Received => PlainStatus::Received,
        ReportStage::Accepted => {
            let rank = |stage: &CaseStage| match of_case(*stage) {
                PlainStatus::Arranging => 0,
                PlainStatus::Working => 1,
                _ => 2,
            };
            let open = cases.iter().filter(|stage| stage.is_open());
            open.min_by_key(|stage| rank(stage))
                .map_or(PlainStatus::Arranging, |stage| of_case(*stage))
        }
        ReportStage::CallingBack => PlainStatus::Asking,
        ReportStage::Settled => PlainStatus::Done,
        ReportStage::Answered => PlainStatus::Answered,
        ReportStage::Rejected => PlainStatus::NotTaken,
        ReportStage::Withdrawn => PlainStatus::Withdrawn,
    }
}

/// The turns that a citizen is told of, by the kind of entry on the timeline. Whatever is not here is the city's own affair.
const TURNS: &[(&str, &str, &str)] = &[
    ("report_received", "收到您的反映", "We received it"),
    ("report_accepted", "已受理", "It was accepted"),
    ("report_answered", "已答复您", "You were answered"),
    ("report_rejected", "未予受理", "It was not taken up"),
    ("report_withdrawn", "已撤回", "It was taken back"),
    (
        "report_calling_back",
        "已办完，请您确认",
        "It is done; please say whether it is",
    ),
    (
        "report_redone",
        "您反映未解决，已重新办理",
        "You said that it is not solved; it is done again",
    ),
    ("report_settled", "已办结", "It came to its end"),
    ("report_rated", "收到您的评价", "You rated it"),
    ("case_accepted", "已立项", "A case was opened"),
    (
        "case_dispatched",
        "已派给负责单位",
        "It was given to whoever is responsible",
    ),
    ("task_accepted", "负责单位已接单", "They have taken it on"),
    (
        "case_handled",
        "负责单位已处理",
        "They say that it is dealt with",
    ),
    (
        "case_inspected",
        "已到现场核实",
        "Somebody has looked at it",
    ),
    ("case_closed", "已结案", "The case was closed"),
    ("case_reopened", "重新办理", "It is done again"),
];

/// What a citizen reads for an entry of a timeline; nothing for most.
pub fn of_turn(kind: &str, language: Language) -> Option<&'static str> {
    let (_, zh, en) = TURNS.iter().find(|(known, _, _)| *known == kind)?;
    Some(match language {
        Language::Chinese => zh,
        Language::English => en,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_plain_words_in_both_languages() {
        for status in PlainStatus::ALL {
            assert!(!status.words(Language::Chinese).is_ascii());
            assert!(status.words(Language::English).is_ascii());
        }
        for (stage, cases, wanted) in [
            (ReportStage::Received, vec![], "received"),
            (ReportStage::Accepted, vec![CaseStage::Filed], "arranging"),
            (ReportStage::Accepted, vec![CaseStage::Handling], "working"),
            (
                ReportStage::Accepted,
                vec![CaseStage::Inspecting, CaseStage::Filed],
                "arranging",
            ),
            (
                ReportStage::Accepted,
                vec![CaseStage::Closed, CaseStage::Inspecting],
                "checking",
            ),
            (ReportStage::CallingBack, vec![CaseStage::Closed], "asking"),
            (ReportStage::Settled, vec![CaseStage::Closed], "done"),
            (ReportStage::Answered, vec![], "answered"),
            (ReportStage::Rejected, vec![], "not_taken"),
            (ReportStage::Withdrawn, vec![], "withdrawn"),
        ] {
            assert_eq!(of_report(stage, &cases).code(), wanted, "{stage:?}");
        }
        assert_eq!(of_case(CaseStage::Merged).code(), "dropped");
        assert_eq!(of_turn("case_urged", Language::Chinese), None);
        assert_eq!(
            of_turn("report_settled", Language::English),
            Some("It came to its end")
        );
    }
}
