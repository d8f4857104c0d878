//! The nouns: organisations, staff, memberships. Constructors refuse nonsense; nothing here reads or writes.

use crate::permission::Role;
use base::{CreditCode, FieldError, Id, Timestamp, TreePath, limits};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use utoipa::ToSchema;

/// What an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationKind {
    /// 城运中心
    Centre,
    /// 部门
    Department,
    /// 街镇
    Street,
    /// 联勤联动工作站
    Station,
    /// 村居
    Village,
    /// 企业
    Company,
}

impl OrganisationKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Centre,
        Self::Department,
        Self::Street,
        Self::Station,
        Self::Village,
        Self::Company,
    ];

    /// As stored and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Department => "department",
            Self::Street => "street",
            Self::Station => "station",
            Self::Village => "village",
            Self::Company => "company",
        }
    }

    /// The kind written `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A department, centre, station or company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: Id,
    /// Unique code given by the city.
    pub code: String,
    /// Official name.
    pub name: String,
    /// What it is.
    pub kind: OrganisationKind,
    /// The one above, if any.
    pub parent_id: Option<Id>,
    /// Place in the tree of organisations.
    pub path: TreePath,
    /// The area it is at home in; the registry's path.
    pub home_area_path: Option<TreePath>,
    /// Unified social credit code (GB 32100), where it has one.
    pub credit_code: Option<CreditCode>,
    /// Row version.
    pub version: i64,
}

/// What is needed to enter an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationNew {
    /// Unique code given by the city.
    pub code: String,
    /// Official name.
    pub name: String,
    /// What it is.
    pub kind: OrganisationKind,
    /// The one above; none for a root.
    pub parent_id: Option<Id>,
    /// The area it is at home in.
    pub home_area_path: Option<TreePath>,
    /// Unified social credit code, if known.
    pub credit_code: Option<CreditCode>,
}

impl OrganisationNew {
    /// Every wrong field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        check_code("code", &self.code, &mut wrong);
        check_name("name", &self.name, &mut wrong);
        wrong
    }
}

/// What an organisation is from now on. Its code and its place in the tree stay: rights and cases name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationChange {
    /// Official name.
    pub name: String,
    /// What it is.
    pub kind: OrganisationKind,
    /// The area it is at home in.
    pub home_area_path: Option<TreePath>,
    /// Unified social credit code, if known.
    pub credit_code: Option<CreditCode>,
}

/// A person who works for one or more organisations, as others see them: the phone number is masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Their id.
    pub id: Id,
    /// Unique number at work (工号).
    pub code: String,
    /// Name; staff act in public office, so it is not sealed.
    pub name: String,
    /// Phone number, masked; none when none is known.
    pub phone_masked: Option<String>,
    /// Where they work and as what.
    pub memberships: Vec<Membership>,
    /// Row version.
    pub version: i64,
}

/// What is needed to enter a person.
#[derive(Clone, PartialEq, Eq)]
pub struct StaffNew {
    /// Unique number at work (工号).
    pub code: String,
    /// Name.
    pub name: String,
    /// Phone number, as typed. Sealed when stored.
    pub phone: Option<String>,
    /// Where they work and as what; at least one.
    pub memberships: Vec<MembershipNew>,
}

impl fmt::Debug for StaffNew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaffNew")
            .field("code", &self.code)
            .field("memberships", &self.memberships)
            .finish_non_exhaustive()
    }
}

/// What of a person is another from now on; what is not named stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StaffChange {
    /// Name.
    pub name: Option<String>,
    /// Phone number, as typed. Sealed when stored.
    pub phone: Option<String>,
    /// Where they work and as what: all of it, so that what is not among these ends.
    pub memberships: Option<Vec<MembershipNew>>,
}

impl StaffChange {
    /// Every wrong field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        if let Some(name) = &self.name {
            check_name("name", name, &mut wrong);
        }
        check_phone(self.phone.as_deref(), &mut wrong);
        if let Some(memberships) = &self.memberships {
            check_memberships(memberships, &mut wrong);
        }
        wrong
    }
}

fn check_phone(phone: Option<&str>, wrong: &mut Vec<FieldError>) {
    if phone.is_some_and(|phone| crate::mask::normalised_phone(phone).is_none()) {
        wrong.push(FieldError::new(
            "phone",
            "malformed",
            "a phone number has 7 to 15 digits",
        ));
    }
}

/// Memberships one person may have. Bounds the clauses composed from them.
pub const MEMBERSHIPS_MAX: usize = 16;
/// Zones one membership may name.
pub const ZONES_MAX: usize = 32;

impl StaffNew {
    /// Every wrong field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        check_code("code", &self.code, &mut wrong);
        check_name("name", &self.name, &mut wrong);
        check_phone(self.phone.as_deref(), &mut wrong);
        check_memberships(&self.memberships, &mut wrong);
        wrong
    }
}

/// A role in an organisation to be given to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipNew {
    /// For whom they work.
    pub organisation_id: Id,
    /// Code of the role.
    pub role: String,
    /// For roles whose reach is an area: which.
    pub area_path: Option<TreePath>,
    /// For roles whose reach is an area: zones besides it.
    pub zone_ids: Vec<Id>,
}

/// A person in an organisation in a role: what authority is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its id.
    pub id: Id,
    /// For whom they work.
    pub organisation_id: Id,
    /// The organisation's name.
    pub organisation_name: String,
    /// The organisation's place in the tree.
    pub organisation_path: TreePath,
    /// Code of the role.
    pub role: String,
    /// For roles whose reach is an area: which.
    pub area_path: Option<TreePath>,
    /// For roles whose reach is an area: zones besides it.
    pub zone_ids: Vec<Id>,
    /// What the role allows and how far.
    pub granted: Arc<Role>,
}

/// An account, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Id,
    /// What is typed at sign-in.
    pub login_name: String,
    /// Whose it is.
    pub staff_id: Id,
    /// The person's name.
    pub staff_name: String,
    /// Codes of the person's roles, each once.
    pub roles: Vec<String>,
    /// False: an administrator has locked it; nobody comes in with it.
    pub is_active: bool,
    /// Until then nobody comes in, because of wrong passwords.
    pub locked_until: Option<Timestamp>,
    /// The password must be changed at the next sign-in.
    pub must_change_password: bool,
    /// When the password was last set.
    pub password_changed_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// Every wrong thing about the memberships of one person that can be seen without asking.
pub(crate) fn check_memberships(memberships: &[MembershipNew], wrong: &mut Vec<FieldError>) {
    if memberships.is_empty() {
        wrong.push(FieldError::new(
            "memberships",
            "required",
            "a person works for at least one organisation",
        ));
    }
    if memberships.len() > MEMBERSHIPS_MAX {
        wrong.push(FieldError::new(
            "memberships",
            "too_many",
            format!("at most {MEMBERSHIPS_MAX} memberships"),
        ));
    }
    for (index, membership) in memberships.iter().enumerate() {
        if membership.zone_ids.len() > ZONES_MAX {
            wrong.push(FieldError::new(
                format!("memberships[{index}].zone_ids"),
                "too_many",
                format!("at most {ZONES_MAX} zones"),
            ));
        }
    }
}

fn check_code(field: &str, code: &str, wrong: &mut Vec<FieldError>) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if code.is_empty() {
        wrong.push(FieldError::new(field, "required", "a code is required"));
    } else if code.chars().count() > limits::CODE_CHARACTERS_MAX {
        wrong.push(too_long(field, limits::CODE_CHARACTERS_MAX));
    } else if !code.chars().all(fits) {
        wrong.push(FieldError::new(
            field,
            "malformed",
            "letters, digits, '-', '_' and '.' only",
        ));
    }
}

pub(crate) fn check_name(field: &str, name: &str, wrong: &mut Vec<FieldError>) {
    if name.trim().is_empty() {
        wrong.push(FieldError::new(field, "required", "a name is required"));
    } else if name.chars().count() > limits::NAME_CHARACTERS_MAX {
        wrong.push(too_long(field, limits::NAME_CHARACTERS_MAX));
    } else if name.chars().any(char::is_control) {
        wrong.push(FieldError::new(
            field,
            "malformed",
            "control characters are not taken",
        ));
    }
}

pub(crate) fn too_long(field: &str, characters_max: usize) -> FieldError {
    FieldError::new(
        field,
        "too_long",
        format!("at most {characters_max} characters"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff() -> StaffNew {
        StaffNew {
            code: "QP-0001".into(),
            name: "张三".into(),
            phone: Some("13812341234".into()),
            memberships: vec![MembershipNew {
                organisation_id: Id(1),
                role: "leader".into(),
                area_path: None,
                zone_ids: vec![],
            }],
        }
    }

    fn fields(wrong: &[FieldError]) -> Vec<(&str, &str)> {
        wrong.iter().map(|e| (e.field.as_str(), e.code)).collect()
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in OrganisationKind::ALL {
            assert_eq!(OrganisationKind::parse(kind.as_str()), Some(kind));
            assert_eq!(
                serde_json::to_value(kind).unwrap(),
                serde_json::json!(kind.as_str())
            );
        }
        assert_eq!(OrganisationKind::parse("guild"), None);
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        assert_eq!(fields(&staff().check()), []);
        let wrong = StaffNew {
            code: "工号一".into(),
            name: " ".into(),
            phone: Some("12".into()),
            memberships: vec![],
        };
        assert_eq!(
            fields(&wrong.check()),
            [
                ("code", "malformed"),
                ("name", "required"),
                ("phone", "malformed"),
                ("memberships", "required")
            ]
        );
        let mut many = staff();
        many.code = "x".repeat(65);
        many.name = "字".repeat(101);
        many.memberships = vec![many.memberships[0].clone(); 17];
        many.memberships[3].zone_ids = vec![Id(1); 33];
        assert_eq!(
            fields(&many.check()),
            [
                ("code", "too_long"),
                ("name", "too_long"),
                ("memberships", "too_many"),
                ("memberships[3].zone_ids", "too_many")
            ]
        );
    }

    #[test]
    fn a_persons_name_and_phone_are_not_in_the_debug_text() {
        let text = format!("{:?}", staff());
        assert!(!text.contains("张三") && !text.contains("138"), "{text}");
    }
}
