//! Brings the demo city into an empty installation.

use crate::city::{Account, DemoCity};
use crate::messages::{self, Message};
use access::{
    Access, AccessError, AccountNew, MembershipNew, Organisation, OrganisationNew, Password,
    Principal, StaffNew,
};
use base::chance::{Chance, SeededChance};
use base::path::TreePath;
use base::{AreaCode, CoordinateSystem, Id};
use casework::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseFileRequest, CaseInspectResultRequest,
    CaseOpenRequest, PlaceRequest, ReportCreateRequest, ReporterRequest, TaskAcceptRequest,
    TaskFinishRequest,
};
use casework::model::TaskRole;
use casework::view::CaseStateView;
use casework::{Call, Casework, CaseworkError};
use registry::import::{AreaImport, AreaParent, BoundaryImport, StandardImport};
use registry::{CategoryKind, Registry, RegistryError, StandardKey};
use std::collections::HashMap;
use std::sync::Arc;
use table::Table;

/// The password of every demo account. A demo listens on the loopback address; a real installation has no such accounts.
pub const DEMO_PASSWORD: &str = "Chengyun#2026";

/// Messages that the demo begins with, and how far each group of them has come.
const MESSAGES: usize = 60;

/// The rooms that the city is brought into.
pub struct Rooms<'a> {
    /// People and roles.
    pub access: &'a Access,
    /// Areas and rules.
    pub registry: &'a Registry,
    /// Reports and cases.
    pub casework: &'a Casework,
}

/// What was brought in.
#[derive(Debug)]
pub struct Seeded {
    /// The accounts; each has [`DEMO_PASSWORD`].
    pub accounts: Vec<Account>,
    /// Reports received.
    pub reports: usize,
    /// Cases opened.
    pub cases: usize,
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

fn data(why: &(impl ToString + ?Sized)) -> SeedError {
    SeedError::Data(why.to_string())
}

/// Brings the demo city in, as the console's principal, and then as its people. The same `seed` tells the same story.
pub async fn seed(rooms: &Rooms<'_>, console: &Principal, seed: u64) -> Result<Seeded, SeedError> {
    let city = DemoCity::built_in().map_err(|why| data(&why))?;
    registry_seed(rooms.registry, console, &city).await?;
    let organisations = organisations_seed(rooms, console, &city).await?;
    let people = people_seed(rooms, console, &city, &organisations).await?;
    let story = Story {
        rooms,
        people: &people,
        organisations: &organisations,
        standard: standard_key(&city),
    };
    let chance = SeededChance::new(seed);
    let mut cases = 0;
    for n in 0..MESSAGES {
        let message = messages::draw(&chance);
        cases += usize::from(story.tell(n, &message, &chance).await?);
    }
    Ok(Seeded {
        accounts: city.accounts,
        reports: MESSAGES,
        cases,
    })
}

async fn registry_seed(
    registry: &Registry,
    console: &Principal,
    city: &DemoCity,
) -> Result<(), SeedError> {
    let code = AreaCode::parse(&city.district.code).map_err(|why| data(&why))?;
    let parent = AreaParent {
        code,
        name: Some(city.district.name.clone()),
    };
    let areas =
        Table::read(include_bytes!("../data/areas.csv"), "areas.csv").map_err(|why| data(&why))?;
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

fn standard_key(city: &DemoCity) -> StandardKey {
    StandardKey {
        code: city.standard.code.clone(),
        version: city.standard.version.clone(),
    }
}

/// Our own files have no bad rows.
fn whole(report: &table::Report) -> Result<(), SeedError> {
    match report.rejected.first() {
        None => Ok(()),
        Some(rejected) => Err(data(&format!("{rejected:?}"))),
    }
}

type Organisations = HashMap<String, Arc<Organisation>>;

async fn organisations_seed(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
) -> Result<Organisations, SeedError> {
    let mut found = Organisations::new();
    let mut root = None;
    for organisation in &city.organisations {
        let area = organisation.area.as_deref().unwrap_or(&city.district.code);
        let new = OrganisationNew {
            code: organisation.code.clone(),
            name: organisation.name.clone(),
            kind: organisation.kind,
            parent_id: root,
            home_area_path: Some(area_path(rooms.registry, area)?),
            credit_code: None,
        };
        let made = rooms.access.organisation_create(console, new, None).await?;
        root = root.or(Some(made.id));
        found.insert(organisation.code.clone(), made);
    }
    Ok(found)
}

fn area_path(registry: &Registry, code: &str) -> Result<TreePath, SeedError> {
    let snapshot = registry.snapshot();
    let area = snapshot
        .areas
        .by_code(AreaCode::parse(code).map_err(|why| data(&why))?);
    area.map(|area| area.path.clone())
        .ok_or_else(|| data(&format!("no area {code}")))
}

/// The principals of the demo's people, by login name.
type People = HashMap<String, Arc<Principal>>;

async fn people_seed(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
    organisations: &Organisations,
) -> Result<People, SeedError> {
    let mut people = People::new();
    for account in &city.accounts {
        let organisation = organisations
            .get(&account.organisation)
            .ok_or_else(|| data(&account.organisation))?;
        let district = area_path(rooms.registry, &city.district.code)?;
        let membership = MembershipNew {
            organisation_id: organisation.id,
            role: account.role.clone(),
            area_path: account.district.then_some(district),
            zone_ids: Vec::new(),
        };
        let staff = StaffNew {
            code: account.login.clone(),
            name: account.name.clone(),
            phone: None,
            memberships: vec![membership],
        };
        let staff = rooms.access.staff_create(console, staff, None).await?;
        let new = AccountNew {
            staff_id: staff.id,
            login_name: account.login.clone(),
            password: Some(Password::new(DEMO_PASSWORD.to_owned())),
            must_change_password: false,
        };
        rooms.access.account_create(console, new, None).await?;
        let session = rooms
            .access
            .session_open(
                &account.login,
                &Password::new(DEMO_PASSWORD.to_owned()),
                "console",
            )
            .await?;
        people.insert(account.login.clone(), session.principal);
    }
    Ok(people)
}

/// Takes messages into the loop, each as far as its turn.
struct Story<'a> {
    rooms: &'a Rooms<'a>,
    people: &'a People,
    organisations: &'a Organisations,
    standard: StandardKey,
}

/// Who handles what a subject's rule row calls the responsible unit.
const RESPONSIBLE: &[(&str, &str, &str)] = &[
    ("区水务局", "SWJ", "shuiwu"),
    ("区建管委", "JGW", "jianguan"),
    ("区绿化市容局", "LHSR", "lvhua"),
    ("区城管执法局", "CGJ", "chengguan"),
];

impl Story<'_> {
    fn call(&self, login: &str) -> Result<Call, SeedError> {
        let principal = self
            .people
            .get(login)
            .ok_or_else(|| data(&format!("nobody signs in as {login}")))?;
        Ok(Call::of(principal.clone()))
    }

    fn organisation(&self, code: &str) -> Result<Id, SeedError> {
        self.organisations
            .get(code)
            .map(|organisation| organisation.id)
            .ok_or_else(|| data(&format!("no organisation {code}")))
    }

    /// Every sixth message stays a report; the others open a case and go on for as many steps as their number says.
    async fn tell(
        &self,
        n: usize,
        message: &Message,
        chance: &dyn Chance,
    ) -> Result<bool, SeedError> {
        let (kind, code, ..) = messages::SUBJECTS
            .get(message.subject)
            .copied()
            .ok_or_else(|| data("an unknown subject"))?;
        let snapshot = self.rooms.registry.snapshot();
        let kind = CategoryKind::from_text(kind).ok_or_else(|| data(kind))?;
        let standard = snapshot
            .rules
            .standard_by_key(&self.standard)
            .ok_or_else(|| data("no standard"))?;
        let category = snapshot.rules.category_by_code(standard.id, kind, code);
        let category = category.ok_or_else(|| data(&format!("no category {code}")))?;
        let open_case = (!n.is_multiple_of(6)).then(|| CaseOpenRequest {
            category_id: Some(category.id),
            ..CaseOpenRequest::default()
        });
        let input = ReportCreateRequest {
            level: None,
            source: if n.is_multiple_of(4) {
                "citizen_app"
            } else {
                "hotline"
            }
            .into(),
            title: message.title.clone(),
            detail: message.detail.clone(),
            address: Some(message.address.clone()),
            place: place(chance),
            reporter: Some(ReporterRequest {
                name: Some(message.name.clone()),
                phone: Some(message.phone.clone()),
                hidden: n % 10 == 3,
            }),
            external: None,
            occurred_at: None,
            open_case,
        };
        let created = self
            .rooms
            .casework
            .report_create(&self.call("shouli")?, input)
            .await?;
        let Some(case) = created.case else {
            return Ok(false);
        };
        let rows = self.rooms.registry.rule_rows_of(category.id);
        let row = rows
            .first()
            .ok_or_else(|| data(&format!("no rule row for {code}")))?;
        let unit = RESPONSIBLE.iter().find(|(name, ..)| {
            row.text
                .responsible_units
                .as_deref()
                .is_some_and(|units| units.contains(name))
        });
        let (_, department, clerk) = unit.copied().unwrap_or(("", "CGJ", "chengguan"));
        self.go_on(n % 8, &case, row.id, department, clerk).await?;
        Ok(true)
    }

    async fn go_on(
        &self,
        steps: usize,
        case: &CaseStateView,
        rule: Id,
        department: &str,
        clerk: &str,
    ) -> Result<(), SeedError> {
        let casework = self.rooms.casework;
        if steps < 1 {
            return Ok(());
        }
        casework
            .case_file(
                &self.call("zhibanzhang")?,
                case.id,
                CaseFileRequest {
                    rule_row_id: Some(rule),
                },
            )
            .await?;
        if steps < 2 {
            return Ok(());
        }
        let input = CaseDispatchRequest {
            lead_organisation_id: self.organisation(department)?,
            co_organisation_ids: vec![self.organisation("XYJD")?],
        };
        let dispatched = casework
            .case_dispatch(&self.call("paiqian")?, case.id, input)
            .await?;
        if steps < 3 {
            return Ok(());
        }
        for (role, login) in [(TaskRole::Co, "xiayang"), (TaskRole::Lead, clerk)] {
            let task = dispatched
                .tasks
                .iter()
                .find(|task| task.role == role)
                .ok_or_else(|| data("a dispatch without tasks"))?;
            casework
                .task_accept(&self.call(login)?, task.id, TaskAcceptRequest::default())
                .await?;
            if steps >= 5 {
                let result = Some("已到现场处理完毕".to_owned());
                casework
                    .task_finish(
                        &self.call(login)?,
                        task.id,
                        TaskFinishRequest {
                            result,
                            occurred_at: None,
                        },
                    )
                    .await?;
            }
        }
        if steps < 6 {
            return Ok(());
        }
        let input = CaseInspectResultRequest {
            passed: true,
            failed_task_ids: Vec::new(),
            opinion: Some("现场已恢复".to_owned()),
            occurred_at: None,
        };
        casework
            .case_inspect_result(&self.call("jianduyuan")?, case.id, input)
            .await?;
        if steps < 7 {
            return Ok(());
        }
        let input = CaseCloseRequest {
            rule_row_id: Some(rule),
            opinion: None,
        };
        casework
            .case_close(&self.call("zhibanzhang")?, case.id, input)
            .await?;
        Ok(())
    }
}

/// Somewhere in the built-up middle of the district.
fn place(chance: &dyn Chance) -> PlaceRequest {
    let within = |low: f64, width: f64| low + width * (chance.below(10_000) as f64 / 10_000.0);
    PlaceRequest {
        lon: Some(within(121.09, 0.05)),
        lat: Some(within(31.13, 0.05)),
        coordinate_system: CoordinateSystem::Cgcs2000,
        area_code: None,
    }
}
