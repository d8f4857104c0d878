//! States as people of a city read them.

use crate::model::{CaseStage, Level, ReportStage, TaskKind, TaskRole, TaskState};

pub(in crate::service) const fn case_stage(stage: CaseStage) -> &'static str {
    match stage {
        CaseStage::Accepted => "待立案",
        CaseStage::Filed => "待派遣",
        CaseStage::Handling => "处置中",
        CaseStage::Inspecting => "待核查",
        CaseStage::Closing => "待结案",
        CaseStage::Closed => "已结案",
        CaseStage::Cancelled => "作废",
        CaseStage::Merged => "并案",
    }
}

pub(in crate::service) const fn report_stage(stage: ReportStage) -> &'static str {
    match stage {
        ReportStage::Received => "待受理",
        ReportStage::Accepted => "办理中",
        ReportStage::CallingBack => "待回访",
        ReportStage::Settled => "已办结",
        ReportStage::Answered => "已答复",
        ReportStage::Rejected => "不予受理",
        ReportStage::Withdrawn => "撤回",
    }
}

pub(in crate::service) const fn level(level: Level) -> &'static str {
    match level {
        Level::Normal => "一般",
        Level::Urgent => "紧急",
        Level::Critical => "特急",
    }
}

pub(in crate::service) const fn task_kind(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Handle => "处置",
        TaskKind::Verify => "核实",
        TaskKind::Inspect => "核查",
        TaskKind::Callback => "回访",
    }
}

pub(in crate::service) const fn task_role(role: TaskRole) -> &'static str {
    match role {
        TaskRole::Lead => "主办",
        TaskRole::Co => "协办",
        TaskRole::Delegated => "转派",
    }
}

pub(in crate::service) const fn task_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Assigned => "待签收",
        TaskState::Accepted => "处置中",
        TaskState::Finished => "已处置",
        TaskState::Returned => "已退单",
        TaskState::Revoked => "已撤回",
    }
}
