//! Who and what there is in the demo city, from `data/city.toml`.

use access::OrganisationKind;
use serde::Deserialize;

/// The demo city as it is written down.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoCity {
    /// The district.
    pub district: District,
    /// The standard its cases are filed by.
    pub standard: StandardName,
    /// Its organisations; the first is the operations centre, the root of all others.
    #[serde(rename = "organisation")]
    pub organisations: Vec<Organisation>,
    /// Its people with an account.
    #[serde(rename = "account")]
    pub accounts: Vec<Account>,
}

/// The district.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// Division code.
    pub code: String,
    /// What users read.
    pub name: String,
    /// Corners, [longitude, latitude] in CGCS2000, not closed.
    pub outline: Vec<[f64; 2]>,
}

/// A standard's key and name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardName {
    /// Code.
    pub code: String,
    /// Edition.
    pub version: String,
    /// Title.
    pub name: String,
}

/// An organisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Code.
    pub code: String,
    /// What users read.
    pub name: String,
    /// What kind.
    pub kind: OrganisationKind,
    /// Division code of the area it is at home in; the district when left out.
    pub area: Option<String>,
    /// Code of the organisation above it; the first one when left out.
    pub parent: Option<String>,
}

/// Somebody with an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What to type at sign-in.
    pub login: String,
    /// Name.
    pub name: String,
    /// Code of the organisation they work for.
    pub organisation: String,
    /// Code of their role there.
    pub role: String,
    /// Whether the role reaches the whole district.
    #[serde(default)]
    pub district: bool,
    /// For the reader: what this account may do.
    pub may: String,
}

impl DemoCity {
    /// The one that comes with the program.
    pub fn built_in() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../data/city.toml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use access::RoleBook;

    #[test]
    fn everybody_works_somewhere_in_a_role_that_exists() {
        let city = DemoCity::built_in().unwrap();
        let roles = RoleBook::built_in().unwrap();
        for account in &city.accounts {
            assert!(
                city.organisations
                    .iter()
                    .any(|o| o.code == account.organisation),
                "{}",
                account.login
            );
            assert!(
                roles.get(&account.role).is_some(),
                "{} is {}",
                account.login,
                account.role
            );
        }
    }
}
