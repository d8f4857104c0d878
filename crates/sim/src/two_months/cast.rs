//! Who works in the city of two months: the centre's shifts, inspectors of every street, clerks and handlers of every organisation.

use super::grounds::{GRIDDED, Grounds, station_code};
use crate::city::{self, DemoCity};
use crate::dice::Dice;
use crate::founding::{
    DEMO_PASSWORD, Organisations, Person, Rooms, SeedError, area_path, data, organisations_seed,
    people_seed, person_enter,
};
use crate::messages::staff_name;
use access::{OrganisationKind, Password, Principal};
use base::Id;
use base::path::TreePath;
use std::collections::HashMap;
use std::sync::Arc;

/// People who act, by what they do.
#[derive(Debug, Default)]
pub(super) struct Cast {
    /// 受理员
    pub(super) intake: Vec<Arc<Principal>>,
    /// 值班长
    pub(super) shift_leaders: Vec<Arc<Principal>>,
    /// 派遣员
    pub(super) dispatchers: Vec<Arc<Principal>>,
    /// 系统管理员
    pub(super) administrator: Option<Arc<Principal>>,
    /// 监督员 of each street, by its place.
    pub(super) inspectors: Vec<Vec<Arc<Principal>>>,
    /// Clerks of each organisation, by its code.
    pub(super) clerks: HashMap<String, Vec<Arc<Principal>>>,
    /// Staff ids of the handlers of each organisation that gives tasks to persons, by its code. In a village there is but one.
    pub(super) handlers: HashMap<String, Vec<Id>>,
    /// Those of `city.toml`, whom visitors are told of.
    pub(super) personas: Vec<Arc<Principal>>,
    /// Everybody, with or without an account.
    pub(super) staff: usize,
}

/// All organisations of the city: those of `city.toml` first, as they are in the small city.
pub(super) async fn organisations(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
    grounds: &Grounds,
) -> Result<Organisations, SeedError> {
    let mut all = city.organisations.clone();
    all.extend(grounds.organisations.iter().cloned());
    for (street, name) in &grounds.streets {
        if all.iter().any(|known| known.code == street.organisation) {
            continue;
        }
        all.push(city::Organisation {
            code: street.organisation.clone(),
            name: format!("{name}城运中心"),
            kind: OrganisationKind::Street,
            area: Some(street.area.clone()),
            parent: None,
        });
    }
    for (street, name) in &grounds.streets {
        for nth in 0..street.stations {
            all.push(city::Organisation {
                code: station_code(street, nth),
                name: format!("{name}第{}联勤联动工作站", numeral(nth + 1)),
                kind: OrganisationKind::Station,
                area: Some(street.area.clone()),
                parent: Some(street.organisation.clone()),
            });
        }
    }
    for village in &grounds.villages {
        all.push(city::Organisation {
            code: village.code.clone(),
            name: format!("{}工作站", village.short_name()),
            kind: OrganisationKind::Village,
            area: Some(village.code.clone()),
            parent: grounds.station(village),
        });
    }
    organisations_seed(rooms, console, &city.district.code, &all).await
}

/// What those of `city.toml` sign in with until the story ends.
const FIRST_PASSWORD: &str = "Kaicheng#0926";

/// At the end those of `city.toml` choose the password that visitors are told, so that it is new to whoever looks.
pub(super) async fn passwords(rooms: &Rooms<'_>, cast: &Cast) -> Result<(), SeedError> {
    let first = Password::new(FIRST_PASSWORD.to_owned());
    let told = Password::new(DEMO_PASSWORD.to_owned());
    for persona in &cast.personas {
        rooms.access.password_change(persona, &first, &told).await?;
    }
    Ok(())
}

fn numeral(number: usize) -> &'static str {
    ["一", "二", "三", "四", "五"]
        .get(number.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// Enters people one after the other.
struct Hiring<'a> {
    rooms: &'a Rooms<'a>,
    console: &'a Principal,
    organisations: &'a Organisations,
    dice: Dice,
    count: usize,
}

impl Hiring<'_> {
    async fn hire(
        &mut self,
        login: String,
        organisation: &str,
        role: &str,
        area_path: Option<TreePath>,
        has_account: bool,
    ) -> Result<Arc<Principal>, SeedError> {
        let known = self.organisations.get(organisation);
        let person = Person {
            login,
            name: staff_name(&self.dice),
            organisation_id: known.ok_or_else(|| data(organisation))?.id,
            role: role.to_owned(),
            area_path,
            password: has_account.then_some(DEMO_PASSWORD),
        };
        self.count += 1;
        person_enter(self.rooms.access, self.console, person).await
    }
}

/// Enters everybody. Those of `city.toml` come first and take part.
pub(super) async fn hire(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
    grounds: &Grounds,
    organisations: &Organisations,
    dice: Dice,
) -> Result<Cast, SeedError> {
    let known = people_seed(rooms, console, city, organisations, FIRST_PASSWORD).await?;
    let mut cast = Cast::default();
    for account in &city.accounts {
        let Some(principal) = known.get(&account.login).cloned() else {
            continue;
        };
        cast.personas.push(principal.clone());
        match account.role.as_str() {
            "intake_clerk" => cast.intake.push(principal),
            "shift_leader" => cast.shift_leaders.push(principal),
            "dispatcher" => cast.dispatchers.push(principal),
            "system_admin" => cast.administrator = Some(principal),
            "department_clerk" => {
                let clerks = cast.clerks.entry(account.organisation.clone());
                clerks.or_default().push(principal);
            }
            _ => {}
        }
    }
    let mut hiring = Hiring {
        rooms,
        console,
        organisations,
        dice,
        count: known.len(),
    };
    centre(&mut hiring, &mut cast, city).await?;
    office(&mut hiring, &mut cast, "CYZX", 1).await?;
    inspectors(&mut hiring, &mut cast, grounds).await?;
    for organisation in city.organisations.iter().chain(&grounds.organisations) {
        if organisation.kind != OrganisationKind::Centre
            && organisation.kind != OrganisationKind::Street
        {
            office(&mut hiring, &mut cast, &organisation.code, 2).await?;
        }
    }
    for (street, _) in &grounds.streets {
        let area = area_path(rooms.registry, &street.area)?;
        office(&mut hiring, &mut cast, &street.organisation, 2).await?;
        let login = format!("{}-ld", street.organisation.to_lowercase());
        hiring
            .hire(login, &street.organisation, "leader", Some(area), true)
            .await?;
        for nth in 0..street.stations {
            office(&mut hiring, &mut cast, &station_code(street, nth), 1).await?;
        }
    }
    for village in &grounds.villages {
        // Only those of the gridded street sign in; elsewhere the stations speak for their villages.
        let login = format!("v{}", village.code);
        let signs_in = village.code.starts_with(GRIDDED);
        let handler = hiring
            .hire(login, &village.code, "handler", None, signs_in)
            .await?;
        if signs_in {
            cast.clerks.insert(village.code.clone(), vec![handler]);
        }
    }
    cast.staff = hiring.count;
    Ok(cast)
}

/// The shifts of the district's centre.
async fn centre(
    hiring: &mut Hiring<'_>,
    cast: &mut Cast,
    city: &DemoCity,
) -> Result<(), SeedError> {
    let district = area_path(hiring.rooms.registry, &city.district.code)?;
    for (login, role, more) in [
        ("shouli", "intake_clerk", 7),
        ("zhibanzhang", "shift_leader", 3),
        ("paiqian", "dispatcher", 4),
    ] {
        for nth in 0..more {
            let login = format!("{login}{}", nth + 2);
            let area = Some(district.clone());
            let principal = hiring.hire(login, "CYZX", role, area, true).await?;
            match role {
                "intake_clerk" => cast.intake.push(principal),
                "shift_leader" => cast.shift_leaders.push(principal),
                _ => cast.dispatchers.push(principal),
            }
        }
    }
    Ok(())
}

/// Inspectors work for the centre, each in one street.
async fn inspectors(
    hiring: &mut Hiring<'_>,
    cast: &mut Cast,
    grounds: &Grounds,
) -> Result<(), SeedError> {
    for (street, _) in &grounds.streets {
        let area = area_path(hiring.rooms.registry, &street.area)?;
        let mut of_street = Vec::new();
        for nth in 0..(2 + street.share / 50) {
            let login = format!("jd-{}{}", street.organisation.to_lowercase(), nth + 1);
            let area = Some(area.clone());
            of_street.push(hiring.hire(login, "CYZX", "inspector", area, true).await?);
        }
        cast.inspectors.push(of_street);
    }
    Ok(())
}

/// Clerks with an account, and two handlers of an organisation.
async fn office(
    hiring: &mut Hiring<'_>,
    cast: &mut Cast,
    code: &str,
    clerks: usize,
) -> Result<(), SeedError> {
    let stem = code.to_lowercase();
    for nth in 0..clerks {
        let login = format!("{stem}{}", nth + 1);
        let clerk = hiring
            .hire(login, code, "department_clerk", None, true)
            .await?;
        cast.clerks.entry(code.to_owned()).or_default().push(clerk);
    }
    for nth in 0..2 {
        let login = format!("{stem}-cz{}", nth + 1);
        let handler = hiring.hire(login, code, "handler", None, false).await?;
        let handlers = cast.handlers.entry(code.to_owned()).or_default();
        handlers.push(handler.staff_id);
    }
    Ok(())
}

impl Cast {
    /// The inspectors' staff ids of a street.
    pub(super) fn inspector_ids(&self, street: usize) -> Vec<Id> {
        let of_street = self.inspectors.get(street);
        of_street
            .into_iter()
            .flatten()
            .map(|inspector| inspector.staff_id)
            .collect()
    }
}
