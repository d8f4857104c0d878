//! What both demo cities begin with: areas and rules, organisations.

use crate::city::{self, DemoCity};
use access::{
    Access, AccessError, AccountNew, Means, MembershipNew, Organisation, OrganisationNew, Password,
    Principal, StaffNew,
};
use base::path::TreePath;
use base::{AreaCode, CoordinateSystem, Id};
use casework::input::FallbackSetRequest;
use casework::{Call, Casework, CaseworkError};
use registry::import::{AreaImport, AreaParent, BoundaryImport, StandardImport};
use registry::{Registry, RegistryError, StandardKey};
use std::collections::HashMap;
use std::sync::Arc;
use table::Table;

/// The password of every demo account. A demo listens on the loopback address; a real installation has no such accounts.
pub const DEMO_PASSWORD: &str = "Chengyun#2026";

/// The rooms that the city is brought into.
pub struct Rooms<'a> {
    /// People and roles.
    pub access: &'a Access,
    /// Areas and rules.
    pub registry: &'a Registry,
    /// Reports and cases.
    pub casework: &'a Casework,
}

/// Why the demo city could not be brought in.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// Our own data file.
    #[error("the demo city is not as it should be: {0}")]
    Data(String),
    /// See the inner error.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// See the inner error.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// See the inner error.
    #[error(transparent)]
    Casework(#[from] CaseworkError),
    /// See the inner error.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

pub(crate) fn data(why: &(impl ToString + ?Sized)) -> SeedError {
    SeedError::Data(why.to_string())
}

/// Areas (of a table with `code`, `name`, `lng`, `lat`), the district's outline and the standard.
pub(crate) async fn registry_seed(
    registry: &Registry,
    console: &Principal,
    city: &DemoCity,
    areas: &[u8],
) -> Result<(), SeedError> {
    let code = AreaCode::parse(&city.district.code).map_err(|why| data(&why))?;
    let parent = AreaParent {
        code,
        name: Some(city.district.name.clone()),
    };
    let areas = Table::read(areas, "areas.csv").map_err(|why| data(&why))?;
    let options = AreaImport {
        dry_run: false,
        coordinates: CoordinateSystem::Cgcs2000,
        parent: Some(parent),
        ..AreaImport::default()
    };
    whole(
        &registry
            .area_import(console, &areas, &options, |_| {})
            .await?,
    )?;
    let mut ring = city.district.outline.clone();
    ring.extend(ring.first().copied());
    let outline = serde_json::json!({ "type": "FeatureCollection", "features": [{
        "type": "Feature",
        "properties": { "adcode": city.district.code, "name": city.district.name },
        "geometry": { "type": "Polygon", "coordinates": [ring] },
    }] });
    let options = BoundaryImport::default();
    whole(
        &registry
            .boundary_import(console, outline.to_string().as_bytes(), &options, |_| {})
            .await?,
    )?;
    let rules = Table::read(include_bytes!("../data/standard.csv"), "standard.csv")
        .map_err(|why| data(&why))?;
    let options = StandardImport {
        dry_run: false,
        key: standard_key(city),
        name: city.standard.name.clone(),
        effective_from: None,
        effective_to: None,
        bare_units: calendar::BareUnits::default(),
    };
    whole(
        &registry
            .standard_import(console, &rules, &options, |_| {})
            .await?,
    )
}

pub(crate) fn standard_key(city: &DemoCity) -> StandardKey {
    StandardKey {
        code: city.standard.code.clone(),
        version: city.standard.version.clone(),
    }
}

/// Our own files have no bad rows.
pub(crate) fn whole(report: &table::Report) -> Result<(), SeedError> {
    match report.rejected.first() {
        None => Ok(()),
        Some(rejected) => Err(data(&format!("{rejected:?}"))),
    }
}

/// The organisations, by code.
pub(crate) type Organisations = HashMap<String, Arc<Organisation>>;

/// The first organisation and the others below it, each below its parent or the first.
pub(crate) async fn organisations_seed(
    rooms: &Rooms<'_>,
    console: &Principal,
    district: &str,
    organisations: &[city::Organisation],
) -> Result<Organisations, SeedError> {
    let mut found = Organisations::new();
    let mut root = None;
    for organisation in organisations {
        let area = organisation.area.as_deref().unwrap_or(district);
        let parent = match &organisation.parent {
            Some(code) => Some(found.get(code).ok_or_else(|| data(code))?.id),
            None => root,
        };
        let new = OrganisationNew {
            code: organisation.code.clone(),
            name: organisation.name.clone(),
            kind: organisation.kind,
            parent_id: parent,
            home_area_path: Some(area_path(rooms.registry, area)?),
            credit_code: None,
        };
        let made = rooms.access.organisation_create(console, new, None).await?;
        root = root.or(Some(made.id));
        found.insert(organisation.code.clone(), made);
    }
    Ok(found)
}

/// Somebody who works in the demo city.
pub(crate) struct Person {
    /// Number at work, and what to type at sign-in.
    pub(crate) login: String,
    /// Name.
    pub(crate) name: String,
    /// Where.
    pub(crate) organisation_id: Id,
    /// As what.
    pub(crate) role: String,
    /// What the role reaches besides the organisation.
    pub(crate) area_path: Option<TreePath>,
    /// With which they sign in; none: they do not.
    pub(crate) password: Option<&'static str>,
}

/// Enters somebody; answers how they act. Without an account they do not.
pub(crate) async fn person_enter(
    access: &Access,
    console: &Principal,
    person: Person,
) -> Result<Arc<Principal>, SeedError> {
    let membership = MembershipNew {
        organisation_id: person.organisation_id,
        role: person.role,
        area_path: person.area_path,
        zone_ids: Vec::new(),
    };
    let staff = StaffNew {
        code: person.login.clone(),
        name: person.name,
        phone: None,
        memberships: vec![membership],
    };
    let staff = access.staff_create(console, staff, None).await?;
    let mut account_id = Id(0);
    if let Some(password) = person.password {
        let new = AccountNew {
            staff_id: staff.id,
            login_name: person.login,
            password: Some(Password::new(password.to_owned())),
            must_change_password: false,
        };
        account_id = access.account_create(console, new, None).await?.id;
    }
    Ok(Arc::new(Principal {
        account_id,
        staff_id: staff.id,
        staff_name: staff.name,
        // As if signed in. No session is opened: its secret would be drawn from the seed, which is no secret.
        means: Means::Session(Id(0)),
        memberships: staff.memberships,
        narrowed_to: None,
        must_change_password: false,
    }))
}

/// The people by login name, as they act.
pub(crate) type People = HashMap<String, Arc<Principal>>;

/// Those of `city.toml`.
pub(crate) async fn people_seed(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
    organisations: &Organisations,
    password: &'static str,
) -> Result<People, SeedError> {
    let mut people = People::new();
    for account in &city.accounts {
        let organisation = organisations
            .get(&account.organisation)
            .ok_or_else(|| data(&account.organisation))?;
        let district = area_path(rooms.registry, &city.district.code)?;
        let person = Person {
            login: account.login.clone(),
            name: account.name.clone(),
            organisation_id: organisation.id,
            role: account.role.clone(),
            area_path: account.district.then_some(district),
            password: Some(password),
        };
        let principal = person_enter(rooms.access, console, person).await?;
        people.insert(account.login.clone(), principal);
    }
    Ok(people)
}

/// The path of the area with a code.
pub(crate) fn area_path(registry: &Registry, code: &str) -> Result<TreePath, SeedError> {
    let snapshot = registry.snapshot();
    let area = snapshot
        .areas
        .by_code(AreaCode::parse(code).map_err(|why| data(&why))?);
    area.map(|area| area.path.clone())
        .ok_or_else(|| data(&format!("no area {code}")))
}

/// The district's centre takes what nobody else is named for: every area has somebody.
pub(crate) async fn fallback_of_district(
    casework: &Casework,
    by: &Call,
    city: &DemoCity,
    organisations: &Organisations,
) -> Result<(), SeedError> {
    let centre = city.organisations.first().map(|centre| &centre.code);
    let centre = centre.and_then(|code| organisations.get(code));
    let input = FallbackSetRequest {
        area_code: city.district.code.clone(),
        organisation_id: centre.ok_or_else(|| data("no centre"))?.id,
    };
    casework.fallback_set(by, input).await?;
    Ok(())
}
