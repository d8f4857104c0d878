//! The steps the law knows, with the stages they leave and the stages they can lead to.

use super::Step;
use crate::model::CaseStage;

/// The way of a case. A step without stages to leave begins it.
const CLASSIC: &[Step] = &[
    Step::new("report_accept", &[], &[CaseStage::Accepted]),
    Step::new("case_file", &[CaseStage::Accepted], &[CaseStage::Filed]),
    // While handling, when nobody leads any more.
    Step::new(
        "case_dispatch",
        &[CaseStage::Filed, CaseStage::Handling],
        &[CaseStage::Handling],
    ),
    Step::new(
        "task_accept",
        &[
            CaseStage::Accepted,
            CaseStage::Handling,
            CaseStage::Inspecting,
        ],
        &[],
    ),
    Step::new(
        "task_finish",
        &[CaseStage::Handling],
        &[CaseStage::Inspecting],
    ),
    Step::new(
        "case_inspect_result",
        &[CaseStage::Inspecting],
        &[CaseStage::Closing, CaseStage::Handling],
    ),
    Step::new("case_close", &[CaseStage::Closing], &[CaseStage::Closed]),
];

/// Verification, delegation, joint handling, returns.
const HANDLING: &[Step] = &[
    Step::new("task_assign", WITH_TASKS, &[]),
    Step::new("task_contact", WITH_TASKS, &[]),
    Step::new(
        "task_return",
        &[CaseStage::Accepted, CaseStage::Handling],
        &[],
    ),
    Step::new(
        "task_revoke",
        &[CaseStage::Accepted, CaseStage::Handling],
        &[],
    ),
    Step::new("task_reroute", &[CaseStage::Handling], &[]),
    Step::new("task_delegate", &[CaseStage::Handling], &[]),
    Step::new("task_add_co", &[CaseStage::Handling], &[]),
    Step::new(
        "task_co_rate",
        &[
            CaseStage::Handling,
            CaseStage::Inspecting,
            CaseStage::Closing,
            CaseStage::Closed,
        ],
        &[],
    ),
    Step::new("ruling_demand", &[CaseStage::Handling], &[]),
    Step::new("case_rule", &[CaseStage::Handling], &[]),
    Step::new("case_verify", &[CaseStage::Accepted], &[]),
    Step::new("case_verify_result", &[CaseStage::Accepted], &[]),
    Step::new(
        "case_send_back",
        &[CaseStage::Filed, CaseStage::Handling],
        &[CaseStage::Accepted],
    ),
    Step::new(
        "case_self_handle",
        &[CaseStage::Accepted],
        &[CaseStage::Inspecting, CaseStage::Closed],
    ),
];

/// The stages in which organisations have tasks to do.
const WITH_TASKS: &[CaseStage] = &[
    CaseStage::Accepted,
    CaseStage::Handling,
    CaseStage::Inspecting,
];

/// Every stage in which somebody still has to do something.
const OPEN: &[CaseStage] = &[
    CaseStage::Accepted,
    CaseStage::Filed,
    CaseStage::Handling,
    CaseStage::Inspecting,
    CaseStage::Closing,
];

/// Every stage whose case counts.
const COUNTED: &[CaseStage] = &[
    CaseStage::Accepted,
    CaseStage::Filed,
    CaseStage::Handling,
    CaseStage::Inspecting,
    CaseStage::Closing,
    CaseStage::Closed,
];

/// Urging, supervision, extension, suspension, exclusion, appeals.
const OVERLAYS: &[Step] = &[
    Step::new("case_urge", OPEN, &[]),
    Step::new("case_mark", COUNTED, &[]),
    Step::new("case_hide_reporter", COUNTED, &[]),
    Step::new("case_level", OPEN, &[]),
    Step::new("case_recall", &[CaseStage::Handling], &[CaseStage::Filed]),
    Step::new("case_cancel", OPEN, &[CaseStage::Cancelled]),
    Step::new("extension_request", &[CaseStage::Handling], &[]),
    Step::new("extension_decide", &[CaseStage::Handling], &[]),
    Step::new("suspension_request", &[CaseStage::Handling], &[]),
    Step::new("suspension_decide", &[CaseStage::Handling], &[]),
    Step::new("suspension_end", &[CaseStage::Handling], &[]),
    Step::new("case_supervise", OPEN, &[]),
    Step::new("supervision_reply", COUNTED, &[]),
    Step::new("supervision_end", COUNTED, &[]),
    Step::new(
        "case_reopen",
        &[CaseStage::Closed],
        &[CaseStage::Handling, CaseStage::Filed],
    ),
    Step::new("case_exclude", COUNTED, &[]),
    Step::new("exclusion_decide", COUNTED, &[]),
    Step::new("appeal_file", &[CaseStage::Closed], &[]),
    Step::new("appeal_review", &[CaseStage::Closed], &[]),
    Step::new("case_deadline_give", OPEN, &[]),
    Step::new("case_mode_apply", OPEN, &[]),
];

/// Joining, splitting, merging.
const LINKS: &[Step] = &[
    // On reports only.
    Step::new("report_claim", &[], &[]),
    Step::new("report_assign", &[], &[]),
    Step::new("report_release", &[], &[]),
    Step::new("report_answer", &[], &[]),
    Step::new("report_reject", &[], &[]),
    // Before anybody handles: the stages are those of the report's cases.
    Step::new(
        "report_withdraw",
        &[CaseStage::Accepted, CaseStage::Filed],
        &[],
    ),
    Step::new("report_join", OPEN, &[]),
    // 重办: the stages are those of the case that is done again.
    Step::new(
        "report_callback",
        &[CaseStage::Closed],
        &[CaseStage::Handling, CaseStage::Filed],
    ),
    Step::new("report_rate", &[], &[]),
    Step::new("report_forget", &[], &[]),
    Step::new("case_create", &[], &[CaseStage::Accepted]),
    Step::new("case_split", OPEN, &[]),
    Step::new("case_merge", OPEN, &[CaseStage::Merged]),
];

/// All of them.
pub fn steps() -> impl Iterator<Item = &'static Step> {
    [CLASSIC, HANDLING, OVERLAYS, LINKS].into_iter().flatten()
}
