//! Reports, cases, tasks: the closed loop.
//!
//! The law is pure ([`lifecycle`]); a [`process`] says who may take which step and how long it may last; the service
//! ([`Casework`]) authorises, loads, decides and saves in one transaction; [`http`] puts it on the wire.
//!
//! What other rooms call:
//!
//! | method of [`Casework`] | what it does |
//! |---|---|
//! | `report_create` | receives a report; with `open_case` also accepts it and opens its case, in one transaction |
//! | `report_accept` | accepts a received report and opens a case |
//! | `case_file`, `case_dispatch`, `case_inspect_result`, `case_close` | the steps of a case |
//! | `task_accept`, `task_finish` | the steps of a task |
//! | `case_urge` … `case_mode_apply`, `extension_request` … `appeal_review` | what lies over the stages; see [`input::overlays`] |
//! | `case_list`, `case_view`, `task_list`, `report_list`, `report_search`, `report_view` | reading within the caller's scope, masked |
//! | `attachment_begin` … `attachment_open` | files: uploaded, then named by the action they go with; see [`model::TAKE_FILES`] |
//! | `attachments_tidy`, `attachments_sweep` | takes away what nothing used, destroys what was forgotten, clears what a crash left |
//! | `search`, `case_similar` | what has all the words asked for; open cases that may be about the same |
//! | `search_in`, `search_rebuild` | keep the index of words in step; make it anew |
//! | `lists_follow`, `lists_keep_in`, `lists_keep` | keeps what lists are found in in step, and for the next start |
//! | `report_unmask` | a report with its personal data; audited with the reason |
//! | `timer_due` | handles due timers of the kinds of [`TIMERS`]: clocks that run out, ladders, suspensions, zones drawn anew |
//! | `import_appeals` | citizens' messages from a table as reports |
//! | `bring_in` | what another system did, from a table by a mapping, as reports and cases with their history |
//! | `verify` | replays every timeline and checks references, holders, digests |
//!
//! Every command takes a [`Call`]: who asks, an optional Idempotency-Key, an optional expected version. It answers with the
//! state afterwards, or with a [`CaseworkError`] whose refusal names the rule and carries the present state.
//! Outbox: one entry a command for each report or case it changed, its key that one's id, its kind `report_changed` or
//! `case_changed`, its body a [`Told`]: `{"subject_id", "after", "kinds"}`. [`case_told`] reads the events from the timeline.

pub mod city;
pub mod clocks;
pub mod failure;
pub mod http;
pub mod input;
pub mod lifecycle;
mod listing;
pub mod model;
pub mod numbers;
pub mod process;
pub mod records;
pub mod routing;
pub mod search;
pub mod service;
pub mod statistics;
mod store;
pub mod view;

pub use city::{City, KnownCity, OrganisationFacts};
pub use failure::CaseworkError;
pub use process::Processes;
pub use service::{CASEWORK_CHANGED, Call, Casework, Parts, TIMERS, zones_changed};
pub use store::ROOM;
pub use store::read::{
    case_accepted_by, case_now, case_told, report_received_by, report_told, task_holder,
};
pub use store::write::Told;

/// Every code that problems of this room may carry besides those of `base`, `wire` and `store`.
pub const PROBLEM_CODES: &[&str] = &[
    // Of the law: the same as `lifecycle::Refusal::CODES`, held together by a test.
    "case_wrong_stage",
    "report_wrong_stage",
    "role_may_not",
    "task_unknown",
    "task_wrong_state",
    "task_is_inspection",
    "condition_not_met",
    "task_of_other_organisation",
    "co_tasks_open",
    "rule_row_required",
    "rule_row_unknown",
    "rule_row_of_other_category",
    "rule_row_superseded",
    "closing_condition_required",
    "category_required",
    "place_required",
    "source_not_served",
    "organisation_twice",
    "handler_may_not_inspect",
    "failed_tasks_required",
    "failed_tasks_unexpected",
    "failed_task_unknown",
    "reason_required",
    // Handling together.
    "reason_needed",
    "return_open",
    "return_too_late",
    "returns_exhausted",
    "ruling_binds",
    "ruling_not_due",
    "ruling_demanded_already",
    "task_not_returnable",
    "task_not_given_on",
    "tasks_given_on_open",
    "tasks_too_many",
    "organisation_not_below",
    "person_of_other_organisation",
    "deadline_after_parent",
    "deadline_passed",
    "co_may_not_call",
    "task_not_called_in",
    "score_out_of_range",
    "already_rated",
    "verification_open",
    "no_verification",
    "verified_untrue",
    "task_is_verification",
    "lead_at_work",
    "result_required",
    "occurred_in_future",
    "occurred_too_early",
    "recorded_too_late",
    "report_claimed_by_other",
    "report_case_open",
    "report_not_claimed",
    "report_joined_already",
    "redo_of_solved",
    "redo_limit_reached",
    "redo_case_unknown",
    "rated_already",
    "rating_closed",
    // Overlays.
    "overlay_unchanged",
    "dispatch_acted_on",
    "own_application",
    "clock_run_out",
    "date_passed",
    "extension_pending",
    "extension_none",
    "extension_too_often",
    "extension_too_long",
    "suspension_pending",
    "suspension_none",
    "suspension_too_long",
    "task_suspended",
    "task_not_suspended",
    "supervised_already",
    "not_supervised",
    "supervision_of_other_organisation",
    "reopening_window_passed",
    "exclusion_twice",
    "exclusion_none",
    "appeal_twice",
    "appeal_not_overdue",
    "appeal_window_passed",
    "appeal_none",
    "review_turn",
    "mode_unknown",
    // Of the service.
    "version_mismatch",
    "report_exists",
    "route_exists",
    // Of attachments.
    "file_kind_not_taken",
    "file_damaged",
    "picture_too_large",
    "too_many_waiting",
    "upload_offset_wrong",
    "range_not_satisfiable",
];

/// Codes of wrong fields that only this room uses.
pub const FIELD_CODES: &[&str] = &[
    "unknown_code",
    "already_there",
    "in_future",
    "unexpected",
    "not_for_kind",
    "process_fault",
    "already_used",
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_refusal_of_the_law_is_among_the_codes_and_translated() {
        let english: toml::Table = include_str!("../translations/en.toml").parse().unwrap();
        let chinese: toml::Table = include_str!("../translations/zh-CN.toml").parse().unwrap();
        let (of_law, of_service) =
            super::PROBLEM_CODES.split_at(super::lifecycle::Refusal::CODES.len());
        assert_eq!(of_law, super::lifecycle::Refusal::CODES);
        assert_eq!(
            of_service,
            [
                "version_mismatch",
                "report_exists",
                "route_exists",
                "file_kind_not_taken",
                "file_damaged",
                "picture_too_large",
                "too_many_waiting",
                "upload_offset_wrong",
                "range_not_satisfiable",
            ]
        );
        for (table, codes) in [
            ("problem", super::PROBLEM_CODES),
            ("field", super::FIELD_CODES),
        ] {
            for language in [&english, &chinese] {
                let keys: Vec<_> = language[table].as_table().unwrap().keys().collect();
                let mut wanted: Vec<_> = codes.to_vec();
                wanted.sort_unstable();
                let mut found: Vec<_> = keys.iter().map(|key| key.as_str()).collect();
                found.sort_unstable();
                assert_eq!(found, wanted);
            }
        }
    }
}
