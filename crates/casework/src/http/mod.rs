//! The routes of casework and their lines in the table of endpoints. Handlers parse, call the service and shape the answer.

mod attachments;
mod cases;
mod forms;
mod handling;
mod links;
mod map;
mod overlays;
mod processes;
mod reports;
mod routing;
mod search;
mod sheets;
mod statistics;
mod tasks;
mod uploads;

use crate::service::{Call, Casework};
use access::{Endpoint, Needs};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::{IdempotencyKey, IfMatch};

const fn endpoint(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    permission: &'static str,
) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        needs: Needs::Permission(permission),
    }
}

/// This room's lines in the table of endpoints.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    endpoint("GET", "/api/v1/reports", "report_list", "report_list"),
    endpoint("POST", "/api/v1/reports", "report_create", "report_create"),
    endpoint("POST", "/api/v1/attachments", "attachment_create", "attachment_create"),
    endpoint("PUT", "/api/v1/uploads/{key}", "upload_push", "attachment_create"),
    endpoint("GET", "/api/v1/uploads/{key}", "upload_view", "attachment_create"),
    endpoint("GET", "/api/v1/attachments/{id}", "attachment_view", "attachment_view"),
    endpoint("GET", "/api/v1/attachments/{id}/thumbnail", "attachment_thumbnail", "attachment_view"),
    endpoint("POST", "/api/v1/reports/search", "report_search", "report_list"),
    endpoint("GET", "/api/v1/reports/counts", "report_counts", "report_list"),
    endpoint("GET", "/api/v1/reports/{id}", "report_view", "report_view"),
    endpoint("POST", "/api/v1/reports/{id}/accept", "report_accept", "report_accept"),
    endpoint("POST", "/api/v1/reports/{id}/unmask", "report_unmask", "report_unmask"),
    endpoint("POST", "/api/v1/reports/{id}/claim", "report_claim", "report_claim"),
    endpoint("POST", "/api/v1/reports/{id}/assign", "report_assign", "report_assign"),
    endpoint("POST", "/api/v1/reports/{id}/release", "report_release", "report_release"),
    endpoint("POST", "/api/v1/reports/{id}/answer", "report_answer", "report_answer"),
    endpoint("POST", "/api/v1/reports/{id}/reject", "report_reject", "report_reject"),
    endpoint("POST", "/api/v1/reports/{id}/withdraw", "report_withdraw", "report_withdraw"),
    endpoint("POST", "/api/v1/reports/{id}/join", "report_join", "report_join"),
    endpoint("POST", "/api/v1/reports/{id}/callback", "report_callback", "report_callback"),
    endpoint("POST", "/api/v1/reports/{id}/rate", "report_rate", "report_rate"),
    endpoint("POST", "/api/v1/reports/{id}/forget", "report_forget", "report_forget"),
    endpoint("POST", "/api/v1/cases", "case_create", "case_create"),
    endpoint("POST", "/api/v1/cases/{id}/split", "case_split", "case_split"),
    endpoint("POST", "/api/v1/cases/{id}/merge", "case_merge", "case_merge"),
    endpoint("GET", "/api/v1/sources", "source_list", "source_list"),
    endpoint("POST", "/api/v1/sources", "source_create", "source_create"),
    endpoint("PATCH", "/api/v1/sources/{code}", "source_update", "source_update"),
    endpoint("GET", "/api/v1/cases", "case_list", "case_list"),
    endpoint("GET", "/api/v1/search", "search", "case_list"),
    endpoint("POST", "/api/v1/cases/similar", "case_similar", "case_list"),
    endpoint("GET", "/api/v1/cases/map", "case_map", "case_list"),
    endpoint("GET", "/api/v1/cases/{id}/near", "case_near", "case_view"),
    endpoint("GET", "/api/v1/cases/counts", "case_counts", "case_list"),
    endpoint("GET", "/api/v1/cases/export", "case_export", "case_export"),
    endpoint("GET", "/api/v1/reports/export", "report_export", "report_export"),
    endpoint("GET", "/api/v1/tasks/export", "task_export", "task_export"),
    endpoint("PUT", "/api/v1/cases/{id}/watch", "case_watch", "case_view"),
    endpoint("DELETE", "/api/v1/cases/{id}/watch", "case_unwatch", "case_view"),
    endpoint("GET", "/api/v1/cases/{id}", "case_view", "case_view"),
    endpoint("POST", "/api/v1/cases/{id}/file", "case_file", "case_file"),
    endpoint("POST", "/api/v1/cases/{id}/dispatch", "case_dispatch", "case_dispatch"),
    endpoint("POST", "/api/v1/cases/{id}/inspect-result", "case_inspect_result", "case_inspect_result"),
    endpoint("POST", "/api/v1/cases/{id}/close", "case_close", "case_close"),
    endpoint("GET", "/api/v1/tasks", "task_list", "task_list"),
    endpoint("GET", "/api/v1/tasks/counts", "task_counts", "task_list"),
    endpoint("POST", "/api/v1/tasks/{id}/accept", "task_accept", "task_accept"),
    endpoint("POST", "/api/v1/tasks/{id}/finish", "task_finish", "task_finish"),
    // Handling together.
    endpoint("POST", "/api/v1/cases/self-handle", "case_self_handle", "case_self_handle"),
    endpoint("GET", "/api/v1/fallback-organisations", "fallback_list", "fallback_list"),
    endpoint("POST", "/api/v1/fallback-organisations", "fallback_set", "fallback_set"),
    endpoint("POST", "/api/v1/tasks/{id}/assign", "task_assign", "task_assign"),
    endpoint("POST", "/api/v1/tasks/{id}/contact", "task_contact", "task_contact"),
    endpoint("POST", "/api/v1/tasks/{id}/return", "task_return", "task_return"),
    endpoint("POST", "/api/v1/tasks/{id}/revoke", "task_revoke", "task_revoke"),
    endpoint("POST", "/api/v1/tasks/{id}/reroute", "task_reroute", "task_reroute"),
    endpoint("POST", "/api/v1/tasks/{id}/delegate", "task_delegate", "task_delegate"),
    endpoint("POST", "/api/v1/tasks/{id}/add-co", "task_add_co", "task_add_co"),
    endpoint("POST", "/api/v1/tasks/{id}/co-rate", "task_co_rate", "task_co_rate"),
    endpoint("POST", "/api/v1/tasks/{id}/demand-ruling", "ruling_demand", "ruling_demand"),
    endpoint("POST", "/api/v1/cases/{id}/rule", "case_rule", "case_rule"),
    endpoint("POST", "/api/v1/cases/{id}/verify", "case_verify", "case_verify"),
    endpoint("POST", "/api/v1/cases/{id}/verify-result", "case_verify_result", "case_verify_result"),
    endpoint("POST", "/api/v1/cases/{id}/send-back", "case_send_back", "case_send_back"),
    // Processes and routing.
    endpoint("GET", "/api/v1/processes", "process_list", "process_view"),
    endpoint("GET", "/api/v1/processes/{code}", "process_view", "process_view"),
    endpoint("POST", "/api/v1/processes/check", "process_check", "process_save"),
    endpoint("POST", "/api/v1/processes", "process_save", "process_save"),
    endpoint("GET", "/api/v1/routes", "route_list", "route_view"),
    endpoint("POST", "/api/v1/routes", "route_create", "route_create"),
    endpoint("PUT", "/api/v1/routes/{id}", "route_update", "route_update"),
    endpoint("DELETE", "/api/v1/routes/{id}", "route_delete", "route_delete"),
    endpoint("POST", "/api/v1/routes/explain", "route_explain", "route_view"),
    endpoint("GET", "/api/v1/routes/accuracy", "route_accuracy", "route_accuracy"),
    endpoint("POST", "/api/v1/routes/rehearse", "route_rehearse", "route_rehearse"),
    // Numbers.
    endpoint("GET", "/api/v1/statistics", "statistics_view", "statistics_view"),
    endpoint("GET", "/api/v1/statistics/measures", "statistics_measures", "statistics_view"),
    endpoint("GET", "/api/v1/statistics/subjects", "statistics_subjects", "statistics_view"),
    endpoint("PUT", "/api/v1/statistics/rates/{code}", "rate_choose", "rate_choose"),
    // Overlays.
    endpoint("POST", "/api/v1/cases/{id}/urge", "case_urge", "case_urge"),
    endpoint("POST", "/api/v1/cases/{id}/mark", "case_mark", "case_mark"),
    endpoint("POST", "/api/v1/cases/{id}/hide-reporter", "case_hide_reporter", "case_hide_reporter"),
    endpoint("POST", "/api/v1/cases/{id}/level", "case_level", "case_level"),
    endpoint("POST", "/api/v1/cases/{id}/recall", "case_recall", "case_recall"),
    endpoint("POST", "/api/v1/cases/{id}/cancel", "case_cancel", "case_cancel"),
    endpoint("POST", "/api/v1/cases/{id}/supervise", "case_supervise", "case_supervise"),
    endpoint("POST", "/api/v1/cases/{id}/supervision/reply", "supervision_reply", "supervision_reply"),
    endpoint("POST", "/api/v1/cases/{id}/supervision/end", "supervision_end", "supervision_end"),
    endpoint("POST", "/api/v1/cases/{id}/reopen", "case_reopen", "case_reopen"),
    endpoint("POST", "/api/v1/cases/{id}/exclude", "case_exclude", "case_exclude"),
    endpoint("POST", "/api/v1/cases/{id}/exclusion/decide", "exclusion_decide", "exclusion_decide"),
    endpoint("POST", "/api/v1/cases/{id}/appeal/review", "appeal_review", "appeal_review"),
    endpoint("POST", "/api/v1/cases/{id}/deadline", "case_deadline_give", "case_deadline_give"),
    endpoint("POST", "/api/v1/cases/{id}/mode", "case_mode_apply", "case_mode_apply"),
    endpoint("POST", "/api/v1/tasks/{id}/extension", "extension_request", "extension_request"),
    endpoint("POST", "/api/v1/tasks/{id}/extension/decide", "extension_decide", "extension_decide"),
    endpoint("POST", "/api/v1/tasks/{id}/suspension", "suspension_request", "suspension_request"),
    endpoint("POST", "/api/v1/tasks/{id}/suspension/decide", "suspension_decide", "suspension_decide"),
    endpoint("POST", "/api/v1/tasks/{id}/suspension/end", "suspension_end", "suspension_end"),
    endpoint("POST", "/api/v1/tasks/{id}/appeal", "appeal_file", "appeal_file"),
];

/// The routes.
pub fn router(casework: Casework) -> OpenApiRouter {
    let mut router = routes(casework);
    forms::describe(router.get_openapi_mut());
    router
}

fn routes(casework: Casework) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(reports::report_list, reports::report_create))
        .routes(routes!(attachments::attachment_create))
        .routes(routes!(uploads::upload_push, uploads::upload_view))
        .routes(routes!(attachments::attachment_view))
        .routes(routes!(attachments::attachment_thumbnail))
        .routes(routes!(reports::report_search))
        .routes(routes!(reports::report_counts))
        .routes(routes!(reports::report_view))
        .routes(routes!(links::report_accept))
        .routes(routes!(reports::report_unmask))
        .routes(routes!(links::report_claim))
        .routes(routes!(links::report_assign))
        .routes(routes!(links::report_release))
        .routes(routes!(links::report_answer))
        .routes(routes!(links::report_reject))
        .routes(routes!(links::report_withdraw))
        .routes(routes!(links::source_list, links::source_create))
        .routes(routes!(links::source_update))
        .routes(routes!(links::report_join))
        .routes(routes!(links::report_callback))
        .routes(routes!(links::report_rate))
        .routes(routes!(links::report_forget))
        .routes(routes!(links::case_split))
        .routes(routes!(links::case_merge))
        .routes(routes!(cases::case_list, links::case_create))
        .routes(routes!(map::case_map))
        .routes(routes!(map::case_near))
        .routes(routes!(cases::case_counts))
        .routes(routes!(search::search))
        .routes(routes!(search::case_similar))
        .routes(routes!(sheets::case_export))
        .routes(routes!(sheets::report_export))
        .routes(routes!(sheets::task_export))
        .routes(routes!(cases::case_watch, cases::case_unwatch))
        .routes(routes!(cases::case_view))
        .routes(routes!(cases::case_file))
        .routes(routes!(cases::case_dispatch))
        .routes(routes!(cases::case_inspect_result))
        .routes(routes!(cases::case_close))
        .routes(routes!(tasks::task_list))
        .routes(routes!(tasks::task_counts))
        .routes(routes!(tasks::task_accept))
        .routes(routes!(tasks::task_finish))
        .routes(routes!(handling::case_self_handle))
        .routes(routes!(handling::fallback_list, handling::fallback_set))
        .routes(routes!(handling::task_assign))
        .routes(routes!(handling::task_contact))
        .routes(routes!(handling::task_return))
        .routes(routes!(handling::task_revoke))
        .routes(routes!(handling::task_reroute))
        .routes(routes!(handling::task_delegate))
        .routes(routes!(handling::task_add_co))
        .routes(routes!(handling::task_co_rate))
        .routes(routes!(handling::ruling_demand))
        .routes(routes!(handling::case_rule))
        .routes(routes!(handling::case_verify))
        .routes(routes!(handling::case_verify_result))
        .routes(routes!(handling::case_send_back))
        .routes(routes!(processes::process_list, processes::process_save))
        .routes(routes!(processes::process_check))
        .routes(routes!(processes::process_view))
        .routes(routes!(routing::route_list, routing::route_create))
        .routes(routes!(routing::route_explain))
        .routes(routes!(routing::route_accuracy))
        .routes(routes!(routing::route_rehearse))
        .routes(routes!(routing::route_update, routing::route_delete))
        // Numbers.
        .routes(routes!(statistics::statistics_view))
        .routes(routes!(statistics::statistics_measures))
        .routes(routes!(statistics::statistics_subjects))
        .routes(routes!(statistics::rate_choose))
        // Overlays.
        .routes(routes!(overlays::case_urge))
        .routes(routes!(overlays::case_mark))
        .routes(routes!(overlays::case_hide_reporter))
        .routes(routes!(overlays::case_level))
        .routes(routes!(overlays::case_recall))
        .routes(routes!(overlays::case_cancel))
        .routes(routes!(overlays::case_supervise))
        .routes(routes!(overlays::supervision_reply))
        .routes(routes!(overlays::supervision_end))
        .routes(routes!(overlays::case_reopen))
        .routes(routes!(overlays::case_exclude))
        .routes(routes!(overlays::exclusion_decide))
        .routes(routes!(overlays::appeal_review))
        .routes(routes!(overlays::case_deadline_give))
        .routes(routes!(overlays::case_mode_apply))
        .routes(routes!(overlays::extension_request))
        .routes(routes!(overlays::extension_decide))
        .routes(routes!(overlays::suspension_request))
        .routes(routes!(overlays::suspension_decide))
        .routes(routes!(overlays::suspension_end))
        .routes(routes!(overlays::appeal_file))
        .with_state(casework)
}

/// The call that a request makes.
fn call(
    access::http::Caller(principal): access::http::Caller,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    IfMatch(expected_version): IfMatch,
) -> Call {
    Call {
        principal,
        idempotency_key,
        expected_version,
        form: None,
        attachment_ids: Vec::new(),
    }
}
