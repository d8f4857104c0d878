//! One row for each operation that changes something.

use super::stages::{self, Ready, desk};
use crate::town::*;
use access::Principal;
use casework::Processes;
use serde_json::{Value, json};
use std::sync::Arc;

/// When it is too late for a command.
#[derive(Clone, Copy)]
pub enum Late {
    /// Given a second time.
    Again(&'static str),
    /// The case has been cancelled.
    Ended(&'static str),
    /// The report has been withdrawn.
    Withdrawn(&'static str),
    /// It may be given whenever and as often as one likes.
    Never,
}

pub struct Row {
    pub operation: &'static str,
    /// Who may.
    pub who: Arc<Principal>,
    /// The role of the stranger from another organisation.
    pub stranger: &'static str,
    pub ready: fn(&Town) -> Ready,
    pub body: fn(&Ready) -> Value,
    /// What stands for `{code}` in the path.
    pub code: &'static str,
    pub late: Late,
    /// Takes `Idempotency-Key`.
    pub keyed: bool,
    /// Takes `If-Match`.
    pub versioned: bool,
    /// Leaves an entry on a timeline.
    pub tells: bool,
    /// Another body, for operations without a subject.
    pub other: Option<Value>,
    /// Another value of a field.
    pub altered: Option<(&'static str, Value)>,
}

fn row(
    operation: &'static str,
    role: &'static str,
    ready: fn(&Town) -> Ready,
    body: fn(&Ready) -> Value,
    late: Late,
) -> Row {
    let (who, stranger) = match role {
        "roads" => (desk(ROADS), "department_clerk"),
        "handler" => (person(ROADS, "handler", None), "handler"),
        "system_admin" => (person(CENTRE, role, None), "handler"),
        role => (centre(role), role),
    };
    Row {
        operation,
        who,
        stranger,
        ready,
        body,
        code: "hotline",
        late,
        keyed: true,
        versioned: true,
        tells: true,
        other: None,
        altered: None,
    }
}

impl Row {
    /// Without a subject: another body under the same key is another request.
    fn creates(mut self, field: &'static str, value: Value) -> Self {
        let mut other = (self.body)(&stages::nothing_at_all());
        other[field] = value;
        (self.other, self.versioned) = (Some(other), false);
        self
    }

    fn or(mut self, field: &'static str, value: Value) -> Self {
        self.altered = Some((field, value));
        self
    }

    fn coded(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// Neither case nor report is changed.
    fn aside(mut self) -> Self {
        self.tells = false;
        self
    }

    fn plain(mut self) -> Self {
        (self.keyed, self.versioned, self.tells) = (false, false, false);
        self
    }
}

fn document() -> Value {
    let text = Processes::BUILT_IN[0];
    let mut document: Value = toml::from_str(text).unwrap();
    document["code"] = json!("bad-input");
    document["default_sources"] = json!([]);
    document
}

fn other_document() -> Value {
    let mut document = document();
    document["name"] = json!("另一流程");
    document
}

fn report() -> Value {
    json!({"source": "hotline", "title": "井盖缺失", "place": {"lon": 121.1, "lat": 31.1},
           "open_case": {"category_id": CATEGORY}})
}

fn why(_: &Ready) -> Value {
    json!({"reason": "另有安排"})
}

fn empty(_: &Ready) -> Value {
    json!({})
}

fn yes(_: &Ready) -> Value {
    json!({"approved": true})
}

fn none(_: &Ready) -> Value {
    Value::Null
}

const STAGE: &str = "case_wrong_stage";

/// Every operation.
#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    use Late::{Again, Ended, Never, Withdrawn};
    let reason = || json!("别的理由");
    let mut rows = vec![
        // Reports.
        row("report_create", "intake_clerk", stages::nothing, |_| report(), Never).creates("title", json!("路灯不亮")),
        row("report_accept", "intake_clerk", stages::received,
            |_| json!({"open_cases": [{"category_id": CATEGORY}]}), Again("report_wrong_stage")),
        row("report_unmask", "intake_clerk", stages::received, |_| json!({"reason": "callback"}), Never).plain(),
        row("report_claim", "intake_clerk", stages::received, none, Withdrawn("report_wrong_stage")),
        row("report_assign", "shift_leader", stages::received, |_| json!({"staff_id": "1100"}), Withdrawn("report_wrong_stage")).or("staff_id", json!("2100")),
        row("report_release", "intake_clerk", stages::claimed, none, Again("report_not_claimed")),
        row("report_answer", "intake_clerk", stages::received, |_| json!({"answer": "已解答"}), Again("report_wrong_stage")).or("answer", json!("别的")),
        row("report_reject", "intake_clerk", stages::received,
            |_| json!({"reason": "out_of_scope", "answer": "不属于受理范围"}), Again("report_wrong_stage")).or("answer", json!("别的")),
        row("report_withdraw", "intake_clerk", stages::received,
            |_| json!({"by_reporter": true, "reason": "已解决"}), Again("report_wrong_stage")).or("reason", reason()),
        row("report_join", "intake_clerk", stages::two_accepted, |ready| json!({"case_id": ready.other}), Again("report_joined_already")),
        row("report_callback", "intake_clerk", stages::calling_back,
            |_| json!({"reached": true, "solved": true, "satisfaction": "satisfied"}), Again("report_wrong_stage")).or("satisfaction", json!("very_satisfied")),
        row("report_rate", "intake_clerk", stages::settled, |_| json!({"satisfaction": "satisfied"}), Again("rated_already")).or("words", json!("好")),
        row("report_forget", "shift_leader", stages::settled, |_| json!({"reason": "asked"}), Never).or("reason", json!("expired")),
        row("source_create", "system_admin", stages::nothing,
            |_| json!({"code": "drone", "name_zh": "无人机", "name_en": "Drone", "channel": "device"}), Again("invalid_input"))
            .creates("name_zh", json!("飞机")).aside(),
        row("source_update", "system_admin", stages::nothing, |_| json!({"name_zh": "热线"}), Never).plain(),
        // Cases.
        row("case_create", "intake_clerk", stages::nothing,
            |_| json!({"source": "leader", "title": "整治", "category_id": CATEGORY, "place": {"lon": 121.1, "lat": 31.1}}), Never)
            .creates("title", json!("清扫")),
        row("case_self_handle", "inspector", stages::nothing,
            |_| json!({"source": "inspector", "title": "小广告", "place": {"lon": 121.1, "lat": 31.1}, "category_id": CATEGORY,
                       "rule_row_id": RULE, "result": "已清除"}), Never).creates("title", json!("垃圾")),
        row("case_split", "intake_clerk", stages::accepted,
            |_| json!({"cases": [{"category_id": CATEGORY, "title": "井盖"}, {"category_id": CATEGORY, "title": "路面"}]}), Ended(STAGE)),
        row("case_merge", "intake_clerk", stages::two_accepted, |ready| json!({"into_case_id": ready.other}), Again(STAGE)),
        row("case_watch", "leader", stages::accepted, none, Never).plain(),
        row("case_unwatch", "leader", stages::accepted, none, Never).plain(),
        row("case_file", "shift_leader", stages::accepted, |_| json!({"rule_row_id": RULE}), Again(STAGE)),
        row("case_dispatch", "dispatcher", stages::filed, |_| json!({"lead_organisation_id": ROADS}), Again(STAGE))
            .or("lead_organisation_id", json!(WATER)),
        row("case_inspect_result", "inspector", stages::handled, |_| json!({"passed": true}), Again(STAGE)).or("opinion", json!("好")),
        row("case_close", "shift_leader", stages::inspected, |_| json!({"rule_row_id": RULE}), Again(STAGE)).or("opinion", json!("好")),
        row("case_rule", "leader", stages::ruling_demanded,
            |_| json!({"organisation_id": WATER, "reason": "由水务牵头"}), Ended(STAGE)).or("reason", reason()),
        row("case_verify", "intake_clerk", stages::accepted, |_| json!({"organisation_id": CENTRE}), Again("verification_open")),
        row("case_verify_result", "inspector", stages::verifying, |_| json!({"is_true": true}), Again("no_verification")).or("opinion", json!("好")),
        row("case_send_back", "dispatcher", stages::filed, why, Again(STAGE)).or("reason", reason()),
        // Tasks.
        row("task_accept", "handler", stages::dispatched, empty, Again("task_wrong_state")),
        row("task_finish", "handler", stages::finishing, |_| json!({"result": "已修复"}), Again(STAGE)).or("result", json!("好")),
        row("task_assign", "roads", stages::working,
            |_| json!({"staff_id": person(ROADS, "handler", None).staff_id}), Ended(STAGE)),
        row("task_contact", "roads", stages::working, |_| json!({"reached": true}), Ended(STAGE)).or("note", json!("好")),
        row("task_return", "roads", stages::dispatched, why, Again("task_wrong_state")).or("reason", reason()),
        row("task_revoke", "dispatcher", stages::dispatched, why, Again("task_wrong_state")).or("reason", reason()),
        row("task_reroute", "dispatcher", stages::returned, |_| json!({"organisation_id": STATION}), Again("task_wrong_state"))
            .or("organisation_id", json!(WATER)),
        row("task_delegate", "roads", stages::working, |_| json!({"organisation_id": STATION}), Again("organisation_twice"))
            .or("organisation_id", json!(WATER)),
        row("task_add_co", "roads", stages::alone, |_| json!({"organisation_id": WATER}), Again("organisation_twice"))
            .or("organisation_id", json!(STATION)),
        row("task_co_rate", "roads", stages::called_in, |_| json!({"score": 4}), Again("already_rated")).or("score", json!(5)),
        row("ruling_demand", "roads", stages::returned_twice, why, Again("ruling_demanded_already")).or("reason", reason()),
        // What lies over the stages.
        row("case_urge", "dispatcher", stages::dispatched, empty, Ended(STAGE)).or("note", json!("快")),
        row("case_mark", "dispatcher", stages::dispatched, |_| json!({"important": true}), Never).or("important", json!(false)),
        row("case_hide_reporter", "shift_leader", stages::dispatched, |_| json!({"hidden": true}), Never).or("hidden", json!(false)),
        row("case_level", "shift_leader", stages::dispatched, |_| json!({"level": "urgent"}), Ended(STAGE)).or("level", json!("critical")),
        row("case_recall", "dispatcher", stages::dispatched, empty, Again(STAGE)).or("reason", reason()),
        row("case_cancel", "shift_leader", stages::dispatched, why, Again(STAGE)).or("reason", reason()),
        row("case_supervise", "leader", stages::working, |_| json!({"demand": "今日办结"}), Again("supervised_already")).or("demand", json!("快")),
        row("supervision_reply", "roads", stages::supervised, |_| json!({"reply": "正在抢修"}), Ended(STAGE)).or("reply", json!("快了")),
        row("supervision_end", "leader", stages::supervised, empty, Again("not_supervised")).or("opinion", json!("好")),
        row("case_reopen", "shift_leader", stages::closed, why, Again(STAGE)).or("reason", reason()),
        row("case_exclude", "dispatcher", stages::closed, why, Again("exclusion_twice")).or("reason", reason()),
        row("exclusion_decide", "shift_leader", stages::excluding, yes, Again("exclusion_none")).or("opinion", json!("好")),
        row("appeal_file", "roads", stages::closed_late, why, Again("appeal_twice")).or("reason", reason()),
        row("appeal_review", "dispatcher", stages::appealed, yes, Again("review_turn")).or("opinion", json!("好")),
        row("case_deadline_give", "shift_leader", stages::working, |_| json!({"due_at": "2026-11-25T10:00:00+08:00"}), Ended(STAGE))
            .or("reason", reason()),
        row("case_mode_apply", "shift_leader", stages::working, |_| json!({"mode": "emergency"}), Ended(STAGE)),
        row("extension_request", "roads", stages::working, |_| json!({"reason": "等配件"}), Again("extension_pending")).or("reason", reason()),
        row("extension_decide", "dispatcher", stages::extending, yes, Again("extension_none")).or("opinion", json!("好")),
        row("suspension_request", "roads", stages::working,
            |_| json!({"until": "2026-11-23T10:00:00+08:00", "reason": "待产权"}), Again("suspension_pending")).or("reason", reason()),
        row("suspension_decide", "shift_leader", stages::suspending, yes, Again("suspension_none")).or("opinion", json!("好")),
        row("suspension_end", "shift_leader", stages::suspended, empty, Again("task_not_suspended")).or("reason", reason()),
        // Tables.
        row("fallback_set", "shift_leader", stages::nothing,
            |_| json!({"area_code": "310118", "organisation_id": CENTRE}), Never).creates("organisation_id", json!(ROADS)).aside(),
        row("rate_choose", "leader", stages::nothing, |_| json!({"denominator": "reports"}), Never).plain().coded("filing"),
        row("process_save", "system_admin", stages::nothing, |_| json!({"document": document()}), Never)
            .creates("document", other_document()).aside(),
        row("route_create", "system_admin", stages::nothing,
            |_| json!({"kind": "route", "category_id": FREE_CATEGORY, "organisation_id": ROADS}), Again("route_exists"))
            .creates("organisation_id", json!(WATER)).aside(),
        row("route_update", "system_admin", stages::routed,
            |_| json!({"kind": "route", "category_id": CATEGORY, "organisation_id": WATER}), Never).aside(),
        row("route_delete", "system_admin", stages::routed, none, Again("not_found")).aside(),
    ];
    for row in rows.iter_mut().filter(|row| ["route_update", "route_delete"].contains(&row.operation)) {
        row.keyed = false;
    }
    rows
}
