//! Who asks, and the authorisation decision: a pure function over memberships, roles and what the thing is tied to.
//!
//! The decision has two forms that always agree (a test holds them together): [`Principal::acting`] for one thing, and
//! [`Principal::scope`] for lists, which becomes SQL.
//!
//! | the role's reach | covers a thing when |
//! |---|---|
//! | `organisation` | an organisation in the subtree of the membership's organisation holds, held or reported it |
//! | `area` | that, or it lies in the membership's area, or in one of its zones (none named: none) |
//! | `everything` | always |

use crate::model::Membership;
use crate::permission::{ExclusiveGroup, PermissionSet, Role, RoleReach};
use crate::scope::{Reach, Scope};
use base::{FailureKind, Id, Problem, TreePath};
use std::sync::Arc;
use thiserror::Error;

/// By what means somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Signed in with a password; the session's id.
    Session(Id),
    /// With an API token; its id.
    Token(Id),
    /// At the machine itself, with its files and commands. Never over HTTP.
    Console,
    /// From the public, without an account: `portal` lets them do what they have shown to be theirs.
    Portal,
}

/// Who asks, with all that decisions need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account; zero at the console.
    pub account_id: Id,
    /// The person; zero at the console.
    pub staff_id: Id,
    /// The person's name.
    pub staff_name: String,
    /// How they came in.
    pub means: Means,
    /// Where they work and as what, by id.
    pub memberships: Vec<Membership>,
    /// For a token: what it was narrowed to.
    pub narrowed_to: Option<PermissionSet>,
    /// Until the password is changed nothing else is allowed.
    pub must_change_password: bool,
}

/// Who acts, in which capacity: what events and audit entries record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub account_id: Id,
    /// The person.
    pub staff_id: Id,
    /// For which organisation they act.
    pub organisation_id: Id,
    /// That organisation's place in the tree.
    pub organisation_path: TreePath,
    /// In which role.
    pub role: String,
}

/// A lawful no: no role allows it, or none that reaches so far.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{permission} is not allowed{}", if *.out_of_reach { " here" } else { "" })]
pub struct Denied {
    /// What was asked for.
    pub permission: String,
    /// True when some role allows it, elsewhere. Where existence is secret the answer is then 404.
    pub out_of_reach: bool,
}

impl Denied {
    /// For things whose existence is secret from who may not see them: 404 when out of reach, 403 when never allowed.
    pub fn hiding(self, what: &str) -> Problem {
        if self.out_of_reach {
            Problem::not_found(what)
        } else {
            self.into()
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::forbidden(&denied.permission)
    }
}

/// How near a membership is to a thing; the nearest one acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    OwnOrganisation,
    OrganisationBelow,
    Area,
    Everything,
}

impl Membership {
    /// How near it is to the thing, if the role reaches it.
    fn nearness(&self, reach: &Reach<'_>, zone_ids: &[Id]) -> Option<Nearness> {
        if reach.organisation_paths.contains(&self.organisation_path) {
            return Some(Nearness::OwnOrganisation);
        }
        if reach
            .organisation_paths
            .iter()
            .any(|path| self.organisation_path.contains(path))
        {
            return Some(Nearness::OrganisationBelow);
        }
        match self.granted.reach {
            RoleReach::Organisation => None,
            RoleReach::Everything => Some(Nearness::Everything),
            RoleReach::Area => {
                let in_area = match (&self.area_path, reach.area_path) {
                    (Some(top), Some(path)) => top.contains(path),
                    _ => false,
                };
                let in_zone = zone_ids.iter().any(|zone| self.zone_ids.contains(zone));
                (in_area || in_zone).then_some(Nearness::Area)
            }
        }
    }
}

impl Principal {
    /// Whoever sits at the machine, for imports, the first accounts and repairs: everything is allowed, and recorded as done
    /// at the console for `organisation_id`. It holds no account and cannot be reached over HTTP.
    pub fn console(organisation_id: Id, organisation_path: TreePath) -> Self {
        let granted = Role {
            code: "console".to_owned(),
            name_zh: "控制台".to_owned(),
            name_en: "Console".to_owned(),
            permissions: PermissionSet::all(),
            reach: RoleReach::Everything,
            exclusive_group: Some(ExclusiveGroup::System),
        };
        Self::without_account(granted, organisation_id, organisation_path, Means::Console)
    }

    /// Whoever reports something, told to `organisation_id`. It holds no account; whatever is done in this role `portal` has looked at
    /// first, so its reach has no bounds of its own. `granted` is the role [`crate::permission::REPORTER`].
    pub fn reporter(granted: &Role, organisation_id: Id, organisation_path: TreePath) -> Self {
        let granted = Role {
            reach: RoleReach::Everything,
            ..granted.clone()
        };
        Self::without_account(granted, organisation_id, organisation_path, Means::Portal)
    }

    /// Called by the code of the role.
    fn without_account(
        granted: Role,
        organisation_id: Id,
        organisation_path: TreePath,
        means: Means,
    ) -> Self {
        let staff_name = granted.code.clone();
        let membership = Membership {
            id: Id(0),
            organisation_id,
            organisation_name: granted.name_zh.clone(),
            organisation_path,
            role: granted.code.clone(),
            area_path: None,
            zone_ids: Vec::new(),
            granted: Arc::new(granted),
        };
        Self {
            account_id: Id(0),
            staff_id: Id(0),
            staff_name,
            means,
            memberships: vec![membership],
            narrowed_to: None,
            must_change_password: false,
        }
    }

    /// Whether `permission` is allowed anywhere at all.
    pub fn allows(&self, permission: &str) -> bool {
        self.holding(permission).next().is_some()
    }

    /// All that is allowed somewhere.
    pub fn permissions(&self) -> PermissionSet {
        if self.must_change_password {
            return PermissionSet::default();
        }
        let held = self
            .memberships
            .iter()
            .fold(PermissionSet::default(), |set, membership| {
                set.union(membership.granted.permissions)
            });
        self.narrowed_to
            .map_or(held, |narrow| held.intersection(narrow))
    }

    /// In which capacity `permission` may be used on a thing. When several memberships reach it the nearest acts: one of an
    /// organisation that has to do with it, then one above such an organisation, then one of its area, then an administrator.
    pub fn acting(&self, permission: &str, reach: &Reach<'_>) -> Result<Actor, Denied> {
        self.acting_in_zones(permission, reach, &[])
    }

    /// Like [`Principal::acting`] for a thing that lies in zones.
    pub fn acting_in_zones(
        &self,
        permission: &str,
        reach: &Reach<'_>,
        zone_ids: &[Id],
    ) -> Result<Actor, Denied> {
        let near = |membership: &'_ Membership| membership.nearness(reach, zone_ids);
        self.holding(permission)
            .filter_map(|membership| Some((near(membership)?, membership)))
            .min_by_key(|(nearness, _)| *nearness)
            .map(|(_, membership)| self.actor(membership))
            .ok_or_else(|| self.denied(permission))
    }

    /// In which capacity `permission` may be used where there is no thing yet that could be out of reach (to enter a report,
    /// to list): the first membership that allows it.
    pub fn acting_anywhere(&self, permission: &str) -> Result<Actor, Denied> {
        self.holding(permission)
            .next()
            .map(|membership| self.actor(membership))
            .ok_or_else(|| self.denied(permission))
    }

    /// How far `permission` goes, for lists.
    pub fn scope(&self, permission: &str) -> Scope {
        let mut scope = Scope::default();
        for membership in self.holding(permission) {
            scope
                .organisations
                .push(membership.organisation_path.clone());
            match membership.granted.reach {
                RoleReach::Organisation => {}
                RoleReach::Everything => scope.everything = true,
                RoleReach::Area => {
                    scope.areas.extend(membership.area_path.clone());
                    scope.zones.extend(&membership.zone_ids);
                }
            }
        }
        scope.merged()
    }

    fn holding(&self, permission: &str) -> impl Iterator<Item = &Membership> {
        let open = !self.must_change_password
            && self
                .narrowed_to
                .is_none_or(|narrow| narrow.contains(permission));
        let wanted = PermissionSet::from_names([permission]).unwrap_or_default();
        self.memberships.iter().filter(move |membership| {
            open && !wanted.is_empty() && wanted.is_within(membership.granted.permissions)
        })
    }

    fn actor(&self, membership: &Membership) -> Actor {
        Actor {
            account_id: self.account_id,
            staff_id: self.staff_id,
            organisation_id: membership.organisation_id,
            organisation_path: membership.organisation_path.clone(),
            role: membership.role.clone(),
        }
    }

    fn denied(&self, permission: &str) -> Denied {
        Denied {
            permission: permission.to_owned(),
            out_of_reach: self.allows(permission),
        }
    }
}

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: anybody may call it.
    Public,
    /// To be signed in, even if the password must be changed first.
    SignedIn,
    /// To hold this permission somewhere; how far it reaches is the operation's own question.
    Permission(&'static str),
}

/// One line of the table of all operations that can be called over HTTP. Whatever is in no line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The route as declared, e.g. `/api/v1/cases/{id}/dispatch`.
    pub path: &'static str,
    /// The operation's one name.
    pub operation: &'static str,
    /// What it asks of its caller.
    pub needs: Needs,
}

impl Endpoint {
    /// Whether `caller` may call it at all.
    pub fn check(&self, caller: Option<&Principal>) -> Result<(), Problem> {
        match (self.needs, caller) {
            (Needs::Public, _) | (Needs::SignedIn, Some(_)) => Ok(()),
            (Needs::SignedIn | Needs::Permission(_), None) => Err(unauthenticated()),
            (Needs::Permission(_), Some(caller)) if caller.must_change_password => {
                Err(Problem::new(
                    FailureKind::Forbidden,
                    "password_change_required",
                    "Change your password first; until then nothing else is allowed.",
                ))
            }
            (Needs::Permission(permission), Some(caller)) if caller.allows(permission) => Ok(()),
            (Needs::Permission(permission), Some(_)) => Err(Problem::forbidden(permission)),
        }
    }
}

/// Who asks is not known.
pub(crate) fn unauthenticated() -> Problem {
    Problem::new(
        FailureKind::Unauthenticated,
        "unauthenticated",
        "Sign in, or send a valid token.",
    )
}

#[cfg(test)]
#[path = "principal_tests.rs"]
mod tests;
