//! What may be done (permissions) and who bundles it (roles). A permission bears the name of its operation.
//!
//! Permissions are code, because each is the name of a function; roles are data (`roles.toml`). Whom a role is given to is a
//! membership (see [`crate::model`]), and how far it goes is decided in [`crate::principal`].

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use thiserror::Error;

/// Whose hands a permission may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The city's work; never an administrator's.
    Business,
    /// The platform's care; never a worker's.
    Administration,
    /// Either.
    Both,
}

/// One thing that may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The operation's name, `<noun>_<verb>`.
    pub name: &'static str,
    /// What users read.
    pub name_zh: &'static str,
    /// Whose hands it may be in.
    pub side: Side,
}

const fn permission(name: &'static str, name_zh: &'static str, side: Side) -> Permission {
    Permission {
        name,
        name_zh,
        side,
    }
}

/// Every permission there is. New ones go to the end: their place is their bit while the program runs (stored by name).
pub const PERMISSIONS: &[Permission] = &[
    permission("report_create", "登记诉求", Side::Business),
    permission("report_view", "查看诉求", Side::Business),
    permission("report_list", "诉求列表", Side::Business),
    permission("report_accept", "受理诉求", Side::Business),
    permission("report_unmask", "查看个人信息原文", Side::Business),
    permission("case_view", "查看案卷", Side::Business),
    permission("case_list", "案卷列表", Side::Business),
    permission("case_file", "立案", Side::Business),
    permission("case_dispatch", "派遣", Side::Business),
    permission("case_inspect_result", "登记核查结果", Side::Business),
    permission("case_close", "结案", Side::Business),
    permission("task_view", "查看工单", Side::Business),
    permission("task_list", "工单列表", Side::Business),
    permission("task_accept", "签收工单", Side::Business),
    permission("task_finish", "办结工单", Side::Business),
    permission("live_view", "实时动态", Side::Business),
    permission("notice_list", "通知", Side::Both),
    permission("area_view", "查看区划", Side::Both),
    permission("area_import", "导入区划", Side::Administration),
    permission("standard_view", "查看标准", Side::Both),
    permission("standard_import", "导入标准", Side::Administration),
    permission("organisation_view", "查看机构", Side::Both),
    permission("organisation_create", "新增机构", Side::Administration),
    permission("organisation_update", "修改机构", Side::Administration),
    permission("staff_view", "查看人员", Side::Both),
    permission("staff_create", "新增人员", Side::Administration),
    permission("staff_update", "修改人员", Side::Administration),
    permission("account_create", "开通账号", Side::Administration),
    permission("role_view", "查看角色", Side::Administration),
    permission("session_list", "查看会话", Side::Administration),
    permission("session_revoke", "终止会话", Side::Administration),
    permission("token_create", "创建访问令牌", Side::Business),
    permission("token_revoke", "吊销访问令牌", Side::Both),
    permission("audit_view", "查看审计", Side::Administration),
    permission("grid_generate", "划分单元网格", Side::Administration),
    permission("zone_create", "新建功能区与责任网格", Side::Administration),
    permission("zone_update", "修改功能区与责任网格", Side::Administration),
    permission("component_view", "查看部件", Side::Both),
    permission("component_create", "新增部件", Side::Both),
    permission("component_update", "变更部件", Side::Both),
    permission("component_import", "导入部件", Side::Administration),
    permission("layer_view", "查看图层", Side::Both),
    permission("layer_create", "新建图层", Side::Administration),
    permission("layer_update", "修改图层", Side::Administration),
    permission("account_view", "查看账号", Side::Administration),
    permission("account_password_set", "重置密码", Side::Administration),
    permission("account_lock", "停用账号", Side::Administration),
    permission("account_unlock", "恢复账号", Side::Administration),
    permission("membership_change", "调整岗位", Side::Administration),
    // Reports and cases.
    permission("report_claim", "认领诉求", Side::Business),
    permission("report_assign", "指派诉求", Side::Business),
    permission("report_release", "退回公共池", Side::Business),
    permission("report_answer", "即接即办", Side::Business),
    permission("report_reject", "不予受理", Side::Business),
    permission("report_withdraw", "撤回诉求", Side::Business),
    permission("report_forget", "删除诉求人信息", Side::Business),
    permission("report_join", "诉求并案", Side::Business),
    permission("case_create", "登记工作任务", Side::Business),
    permission("case_split", "拆单", Side::Business),
    permission("case_merge", "案卷合并", Side::Business),
    permission("report_callback", "回访", Side::Business),
    permission("report_rate", "代录评价", Side::Business),
    permission("source_list", "查看来源", Side::Both),
    permission("source_create", "新建来源", Side::Administration),
    permission("source_update", "修改来源", Side::Administration),
    // Casework: handling together.
    permission("task_assign", "指派工单", Side::Business),
    permission("task_contact", "登记联系群众", Side::Business),
    permission("task_return", "退单", Side::Business),
    permission("task_revoke", "撤回工单", Side::Business),
    permission("task_reroute", "改派", Side::Business),
    permission("task_delegate", "转派", Side::Business),
    permission("task_add_co", "吹哨", Side::Business),
    permission("task_co_rate", "评价协办", Side::Business),
    permission("ruling_demand", "申请裁定", Side::Business),
    permission("case_rule", "裁定", Side::Business),
    permission("case_verify", "送核实", Side::Business),
    permission("case_verify_result", "登记核实结果", Side::Business),
    permission("case_send_back", "退回受理", Side::Business),
    permission("case_self_handle", "自行处置", Side::Business),
    permission("fallback_set", "设置兜底机构", Side::Both),
    permission("fallback_list", "查看兜底机构", Side::Both),
    // Processes and routing.
    permission("process_view", "查看流程", Side::Both),
    permission("process_save", "维护流程", Side::Administration),
    permission("route_view", "查看派遣规则与建议", Side::Both),
    permission("route_create", "新增派遣规则", Side::Administration),
    permission("route_update", "修改派遣规则", Side::Administration),
    permission("route_delete", "删除派遣规则", Side::Administration),
    permission("route_accuracy", "准确派遣率", Side::Business),
    // Of casework: what lies over the stages.
    permission("case_urge", "催办", Side::Business),
    permission("case_mark", "标记重要", Side::Business),
    permission("case_hide_reporter", "隐藏诉求人", Side::Business),
    permission("case_level", "调整等级", Side::Business),
    permission("case_recall", "撤回派遣", Side::Business),
    permission("case_cancel", "作废", Side::Business),
    permission("extension_request", "延期申请", Side::Business),
    permission("extension_decide", "延期审批", Side::Business),
    permission("suspension_request", "挂账申请", Side::Business),
    permission("suspension_decide", "挂账审批", Side::Business),
    permission("suspension_end", "解除挂账", Side::Business),
    permission("case_supervise", "督办", Side::Business),
    permission("supervision_reply", "督办反馈", Side::Business),
    permission("supervision_end", "解除督办", Side::Business),
    permission("case_reopen", "重新打开", Side::Business),
    permission("case_exclude", "申请剔除", Side::Business),
    permission("exclusion_decide", "剔除审批", Side::Business),
    permission("appeal_file", "超时申诉", Side::Business),
    permission("appeal_review", "申诉审核", Side::Business),
    permission("case_deadline_give", "指定时限", Side::Business),
    permission("case_mode_apply", "平急转换", Side::Business),
    // Of casework: numbers.
    permission("statistics_view", "查看统计", Side::Business),
    permission("rate_choose", "设定评价指标分母", Side::Business),
    permission("route_rehearse", "派遣规则预演", Side::Both),
    permission("area_update", "修改区划", Side::Administration),
    permission("attachment_create", "上传附件", Side::Business),
    permission("attachment_view", "查看附件", Side::Business),
    permission("case_export", "案卷导出", Side::Business),
    permission("report_export", "诉求导出", Side::Business),
    permission("task_export", "工单导出", Side::Business),
    // Of the portal.
    permission("case_publish", "公开案卷", Side::Business),
];

static PLACES: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    (0..)
        .zip(PERMISSIONS)
        .map(|(place, p)| (p.name, place))
        .collect()
});

/// There is no such permission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no permission {0:?}")]
pub struct UnknownPermission(pub String);

/// A set of permissions; a copy costs nothing. On the wire a list of names.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u128);

const _: () = assert!(PERMISSIONS.len() <= 128, "a set has one bit for each");

impl PermissionSet {
    /// All there are.
    pub fn all() -> Self {
        PERMISSIONS
            .iter()
            .fold(Self::default(), |set, p| set.union(Self::one(p.name)))
    }

    /// Exactly these.
    pub fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, UnknownPermission> {
        let mut set = Self::default();
        for name in names {
            let one = Self::one(name);
            if one == Self::default() {
                return Err(UnknownPermission(name.to_owned()));
            }
            set = set.union(one);
        }
        Ok(set)
    }

    /// The set of `name` alone; empty when there is no such permission.
    fn one(name: &str) -> Self {
        Self(
            PLACES
                .get(name)
                .and_then(|place| 1_u128.checked_shl(*place))
                .unwrap_or(0),
        )
    }

    /// Whether `name` is in it. A name that is no permission is in no set.
    pub fn contains(self, name: &str) -> bool {
        self.0 & Self::one(name).0 != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of it is in `other`.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether it allows nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its permissions, in the order of [`PERMISSIONS`].
    pub fn iter(self) -> impl Iterator<Item = &'static Permission> {
        PERMISSIONS
            .iter()
            .filter(move |permission| self.contains(permission.name))
    }

    /// Its names, in the order of [`PERMISSIONS`].
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(|permission| permission.name).collect()
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|permission| permission.name))
            .finish()
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|permission| permission.name))
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::from_names(names.iter().map(String::as_str)).map_err(serde::de::Error::custom)
    }
}

/// The role of whoever reports something: no membership has it.
pub const REPORTER: &str = "reporter";

/// How far a membership with a role goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleReach {
    /// What the subtree of the membership's organisation holds, held or reported.
    Organisation,
    /// That, and what lies in the area or the zones named by the membership. Where none is named there is none.
    Area,
    /// All of the kind of thing that the permission speaks of.
    Everything,
}

impl RoleReach {
    /// As stored and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Area => "area",
            Self::Everything => "everything",
        }
    }
}

/// The three separated administrators (三员分立, GB/T 22239-2019 level 3): one natural person is one of them and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusiveGroup {
    /// 系统管理员
    System,
    /// 安全管理员
    Security,
    /// 审计管理员
    Audit,
}

impl ExclusiveGroup {
    /// As stored and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }
}

/// A bundle of permissions with a reach.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Machine name, e.g. `dispatcher`.
    pub code: String,
    /// What users read.
    pub name_zh: String,
    /// The English name.
    pub name_en: String,
    /// What it allows.
    pub permissions: PermissionSet,
    /// How far a membership with it goes.
    pub reach: RoleReach,
    /// Which of the three administrators it is, if one.
    #[serde(default)]
    pub exclusive_group: Option<ExclusiveGroup>,
}

/// What is wrong with a role, or with the roles of one person.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RoleError {
    /// The data file cannot be read.
    #[error("the roles cannot be read: {0}")]
    Unreadable(String),
    /// Two roles with one code.
    #[error("there are two roles {0:?}")]
    Twice(String),
    /// An administrator with business permissions, or a worker with administrative ones.
    #[error("role {role:?} may not hold {permission:?}: it is on the other side")]
    OtherSide {
        /// The role.
        role: String,
        /// What it may not hold.
        permission: &'static str,
    },
    /// Only administrators reach everything.
    #[error("role {0:?} reaches everything without being an administrator's")]
    BoundlessWorker(String),
    /// There is no such role.
    #[error("there is no role {0:?}")]
    Unknown(String),
    /// One person, two roles that exclude each other.
    #[error("who is {administrator:?} cannot also be {other:?}")]
    Excluded {
        /// The administrator's role.
        administrator: String,
        /// What it excludes.
        other: String,
    },
}

impl Role {
    /// Whether the role keeps the separation of administrators and workers.
    fn check(&self) -> Result<(), RoleError> {
        let wrong = match self.exclusive_group {
            Some(_) => Side::Business,
            None => Side::Administration,
        };
        if let Some(permission) = self.permissions.iter().find(|p| p.side == wrong) {
            return Err(RoleError::OtherSide {
                role: self.code.clone(),
                permission: permission.name,
            });
        }
        if self.reach == RoleReach::Everything && self.exclusive_group.is_none() {
            return Err(RoleError::BoundlessWorker(self.code.clone()));
        }
        Ok(())
    }
}

/// All roles of the installation, by code.
#[derive(Clone, Debug, Default)]
pub struct RoleBook(HashMap<String, Arc<Role>>);

impl RoleBook {
    /// The roles that are shipped.
    pub fn built_in() -> Result<Self, RoleError> {
        Self::from_toml(include_str!("roles.toml"))
    }

    /// From a file like `roles.toml`.
    pub fn from_toml(text: &str) -> Result<Self, RoleError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            role: Vec<Role>,
        }
        let file: File =
            toml::from_str(text).map_err(|error| RoleError::Unreadable(error.to_string()))?;
        Self::from_roles(file.role)
    }

    /// From roles, each of them checked.
    pub fn from_roles(roles: impl IntoIterator<Item = Role>) -> Result<Self, RoleError> {
        let mut book = HashMap::new();
        for role in roles {
            role.check()?;
            if let Some(twin) = book.insert(role.code.clone(), Arc::new(role)) {
                return Err(RoleError::Twice(twin.code.clone()));
            }
        }
        Ok(Self(book))
    }

    /// The role called `code`.
    pub fn get(&self, code: &str) -> Option<&Arc<Role>> {
        self.0.get(code)
    }

    /// The roles that people may be given, in alphabetical order.
    pub fn given(&self) -> Vec<&Arc<Role>> {
        let mut roles = self.sorted();
        roles.retain(|role| role.code != REPORTER);
        roles
    }

    /// All roles by code, in alphabetical order.
    pub fn sorted(&self) -> Vec<&Arc<Role>> {
        let mut roles: Vec<_> = self.0.values().collect();
        roles.sort_by(|a, b| a.code.cmp(&b.code));
        roles
    }

    /// Whether one natural person may hold all of `codes`.
    pub fn check_person<'a>(
        &self,
        codes: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), RoleError> {
        let mut held: Vec<&Arc<Role>> = Vec::new();
        for code in codes {
            held.push(
                self.get(code)
                    .filter(|role| role.code != REPORTER)
                    .ok_or_else(|| RoleError::Unknown(code.to_owned()))?,
            );
        }
        let administrator = held.iter().find(|role| role.exclusive_group.is_some());
        let Some(administrator) = administrator else {
            return Ok(());
        };
        match held
            .iter()
            .find(|role| role.exclusive_group != administrator.exclusive_group)
        {
            None => Ok(()),
            Some(other) => Err(RoleError::Excluded {
                administrator: administrator.code.clone(),
                other: other.code.clone(),
            }),
        }
    }
}

#[cfg(test)]
#[path = "permission_tests.rs"]
mod tests;
