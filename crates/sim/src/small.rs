//! The small demo city: eight organisations and sixty messages, each taken as far as its turn; made in a second.

use crate::city::{Account, DemoCity};
use crate::dice::Dice;
use crate::founding::{
    DEMO_PASSWORD, Organisations, People, Rooms, SeedError, data, fallback_of_district,
    organisations_seed, people_seed, registry_seed, standard_key,
};
use crate::messages::{self, Message, Spot};
use crate::subject::Subject;
use access::Principal;
use base::{CoordinateSystem, Id};
use casework::Call;
use casework::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseFileRequest, CaseInspectResultRequest,
    CaseOpenRequest, PlaceRequest, ReportCreateRequest, ReporterRequest, TaskAcceptRequest,
    TaskFinishRequest,
};
use casework::model::TaskRole;
use casework::view::CaseStateView;
use registry::StandardKey;

/// Messages that the demo begins with, and how far each group of them has come.
const MESSAGES: usize = 60;

/// What was brought in.
#[derive(Debug)]
pub struct Seeded {
    /// The accounts; each has [`crate::DEMO_PASSWORD`].
    pub accounts: Vec<Account>,
    /// Reports received.
    pub reports: usize,
    /// Cases opened.
    pub cases: usize,
}

/// Brings the small city in, as the console's principal, and then as its people. The same `seed` tells the same story.
pub async fn seed(rooms: &Rooms<'_>, console: &Principal, seed: u64) -> Result<Seeded, SeedError> {
    let city = DemoCity::built_in().map_err(|why| data(&why))?;
    let subjects = Subject::built_in().map_err(|why| data(&why))?;
    let areas = include_bytes!("../data/areas.csv");
    registry_seed(rooms.registry, console, &city, areas).await?;
    let (district, known) = (&city.district.code, &city.organisations);
    let organisations = organisations_seed(rooms, console, district, known).await?;
    let people = people_seed(rooms, console, &city, &organisations, DEMO_PASSWORD).await?;
    let story = Story {
        rooms,
        people: &people,
        organisations: &organisations,
        standard: standard_key(&city),
    };
    let by_leader = story.call("zhibanzhang")?;
    fallback_of_district(rooms.casework, &by_leader, &city, &organisations).await?;
    let dice = Dice::new(seed, 0);
    let mut cases = 0;
    for n in 0..MESSAGES {
        let subject = dice.pick(&subjects).ok_or_else(|| data("no subjects"))?;
        let message = messages::draw(subject, Spot::Road, &dice);
        cases += usize::from(story.tell(n, subject, &message, &dice).await?);
    }
    Ok(Seeded {
        accounts: city.accounts,
        reports: MESSAGES,
        cases,
    })
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
        subject: &Subject,
        message: &Message,
        dice: &Dice,
    ) -> Result<bool, SeedError> {
        let code = &subject.code;
        let snapshot = self.rooms.registry.snapshot();
        let kind = subject.category_kind().ok_or_else(|| data(code))?;
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
            place: place(dice),
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
fn place(dice: &Dice) -> PlaceRequest {
    let within = |low: f64, width: f64| low + width * dice.share();
    PlaceRequest {
        lon: Some(within(121.09, 0.05)),
        lat: Some(within(31.13, 0.05)),
        coordinate_system: CoordinateSystem::Cgcs2000,
        area_code: None,
    }
}
