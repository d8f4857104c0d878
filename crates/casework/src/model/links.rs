//! How reports and cases are tied: many to many, joined, split, merged, called back.

use super::{Digest, Escalated, NoteRef, OrganisationRef, ProcessRef, TaskState, is_default};
use crate::clocks::Clock;
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use serde::{Deserialize, Serialize};

words! {
    /// Why a report is not accepted (不予受理).
    RejectReason {
        /// 不属于受理范围.
        OutOfScope = "out_of_scope",
        /// 重复诉求: the same reporter, the same matter, answered before.
        Duplicate = "duplicate",
        /// 已进入诉讼、仲裁、复议、信访等法定程序.
        InProceedings = "in_proceedings",
        /// 要素不全，无法核实.
        NotVerifiable = "not_verifiable",
        /// 违反法律法规或公序良俗.
        Unlawful = "unlawful",
        /// 涉及国家秘密、商业秘密、个人隐私.
        Confidential = "confidential",
        /// 应当拨打 110、119、120 等紧急电话; handed over.
        EmergencyNumber = "emergency_number",
        /// 其他.
        Other = "other",
    }
}

words! {
    /// Why what a reporter told is destroyed.
    ForgetReason {
        /// 本人要求删除.
        Asked = "asked",
        /// 超过保存期限.
        Expired = "expired",
        /// 违法违规收集.
        Unlawful = "unlawful",
    }
}

words! {
    /// What kind of channel a source of reports is.
    ChannelKind {
        /// 电话.
        Phone = "phone",
        /// 网络: an application, a mini program, a web page.
        Online = "online",
        /// 巡查: people in the field.
        Field = "field",
        /// 设备: sensors, cameras.
        Device = "device",
        /// 上级、部门与领导.
        Authority = "authority",
        /// 媒体.
        Media = "media",
        /// 来信来访.
        InPerson = "in_person",
        /// 批量导入.
        Batch = "batch",
    }
}

words! {
    /// How satisfied a reporter is.
    Satisfaction {
        /// 非常满意.
        VerySatisfied = "very_satisfied",
        /// 满意.
        Satisfied = "satisfied",
        /// 基本满意: counts as satisfied.
        FairlySatisfied = "fairly_satisfied",
        /// 不满意.
        Dissatisfied = "dissatisfied",
        /// 非常不满意.
        VeryDissatisfied = "very_dissatisfied",
    }
}

/// 回访: the task to call a reporter back. Who does is the report's claim. It ends by `report_callback`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackTask {
    /// The task.
    pub id: Id,
    /// Who must call.
    pub organisation: OrganisationRef,
    /// Assigned, accepted, finished, or revoked because a case is open again.
    pub state: TaskState,
    /// Until when.
    pub clock: Clock,
    /// Whether that passed before it ended.
    pub is_overdue: bool,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who called last.
    pub called_by: Option<Id>,
    /// How often.
    pub attempts: u32,
}

/// What a reporter who was reached said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledBack {
    /// Whether it is solved.
    pub solved: bool,
    /// How satisfied.
    pub satisfaction: Satisfaction,
    /// In whose words.
    pub words: Option<NoteRef>,
    /// When.
    pub called_at: Timestamp,
}

/// 评价: how the reporter rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// How satisfied.
    pub satisfaction: Satisfaction,
    /// In whose words.
    pub words: Option<NoteRef>,
    /// When.
    pub rated_at: Timestamp,
}

/// 历史导入: where what another system did was brought in from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BroughtIn {
    /// The system.
    pub system: String,
    /// The key it has there.
    pub id: String,
    /// When it was brought in: what is dated before was done there.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl BroughtIn {
    pub(crate) fn of(system: &str, id: &str, at: Timestamp) -> Self {
        Self {
            system: system.to_owned(),
            id: id.to_owned(),
            at,
        }
    }
}

/// What a later file tells otherwise of a report or case that was brought in before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// Of a case: its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Id>,
    /// Vouches for the words that stand now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Digest>,
    /// Where it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CorrectedPlace>,
}

/// A place, whole: what is none here is none now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrectedPlace {
    /// The smallest known area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_path: Option<TreePath>,
    /// The point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
}

impl Corrected {
    /// Whether anything is told otherwise.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseLinks {
    /// How many reports joined it after it began.
    pub joined_count: i64,
    /// The organisations that received its reports, apart from the one that accepted it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reported_by: Vec<OrganisationRef>,
    /// The case it was split from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_from: Option<Id>,
    /// The cases split from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split_into: Vec<Id>,
    /// The case it goes on as part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Id>,
    /// The cases that go on as part of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<Id>,
    /// 重办: how often it was done again because a reporter said that it is not solved. Not rework, which inspection asks for.
    #[serde(skip_serializing_if = "is_default")]
    pub redo_count: i64,
    /// Where it was brought in from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brought_in: Option<BroughtIn>,
}

impl CaseLinks {
    /// An organisation received a report of the case.
    pub(crate) fn reported(
        &mut self,
        organisation: &OrganisationRef,
        accepted_by: &OrganisationRef,
    ) {
        if organisation.id != accepted_by.id
            && self
                .reported_by
                .iter()
                .all(|known| known.id != organisation.id)
        {
            self.reported_by.push(organisation.clone());
        }
    }
}

/// Who has taken a report from the pool, or its callback, or was given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The person.
    pub staff_id: Id,
    /// For which organisation.
    pub organisation_id: Id,
    /// Since when.
    pub claimed_at: Timestamp,
}

/// Of a report. Kept as one JSON column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportLinks {
    /// Who has taken it from the pool, or has to call the reporter back; none once that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The last rung of a ladder that was climbed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Escalated>,
    /// Whether its time in the pool ran out with nobody having decided.
    #[serde(skip_serializing_if = "is_default")]
    pub is_overdue: bool,
    /// The process it was accepted under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessRef>,
    /// What the reporter was answered at once or when it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<NoteRef>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<RejectReason>,
    /// The last task to call the reporter back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<CallbackTask>,
    /// What the reporter said when last reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_back: Option<CalledBack>,
    /// 重办: how often it was done again.
    #[serde(skip_serializing_if = "is_default")]
    pub redo_count: u32,
    /// How the reporter rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// When what the reporter told was destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forgotten_at: Option<Timestamp>,
    /// Where it was brought in from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brought_in: Option<BroughtIn>,
}
