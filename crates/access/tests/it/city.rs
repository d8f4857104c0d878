//! A small city for the tests: a centre, two streets and a company, with people in all roles.

use access::{
    Access, AccessOptions, AccountNew, Means, MembershipNew, Organisation, OrganisationKind,
    OrganisationNew, Password, PasswordCost, Principal, ROOM, Sealer, SessionOpened, Staff,
    StaffNew,
};
use base::{Clock, Id, ManualClock, SeededChance, Timestamp, TreePath};
use std::sync::Arc;
use store::testing::{TestStore, each_engine_at};

/// 2026-11-23 09:00 in China, a Monday.
pub const BEGIN: Timestamp = Timestamp(1_795_395_600_000_000);
pub const PASSWORD: &str = "Sunny-Day-42";

pub struct City<'a> {
    pub access: Access,
    pub clock: Arc<ManualClock>,
    pub test: &'a TestStore,
    pub console: Principal,
}

/// Runs `test` in a fresh city on each engine.
#[expect(
    clippy::needless_pass_by_value,
    reason = "so that a test is written as `each_city(async |city| …)`"
)]
pub fn each_city(test: impl AsyncFn(City<'_>)) {
    let clock = Arc::new(ManualClock::new(BEGIN));
    let as_clock: Arc<dyn Clock> = clock.clone();
    each_engine_at(&[ROOM], &as_clock, |store| {
        let sealer = Sealer::ephemeral(Arc::new(SeededChance::new(5)));
        let access = Access::open(store.store.clone(), sealer, cheap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let console = Principal::console(Id(0), TreePath::root(0).unwrap());
        runtime.block_on(test(City {
            access,
            clock: clock.clone(),
            test: store,
            console,
        }));
    });
}

/// Hashing that costs little.
pub fn cheap() -> AccessOptions {
    AccessOptions {
        password_cost: PasswordCost {
            memory_kib: 64,
            passes: 1,
        },
        ..AccessOptions::default()
    }
}

pub fn organisation(code: &str, parent_id: Option<Id>) -> OrganisationNew {
    OrganisationNew {
        code: code.into(),
        name: format!("机构{code}"),
        kind: if parent_id.is_some() {
            OrganisationKind::Street
        } else {
            OrganisationKind::Centre
        },
        parent_id,
        home_area_path: None,
        credit_code: None,
    }
}

pub fn member(organisation: &Organisation, role: &str, area: Option<&str>) -> MembershipNew {
    MembershipNew {
        organisation_id: organisation.id,
        role: role.into(),
        area_path: area.map(|path| path.parse().unwrap()),
        zone_ids: vec![],
    }
}

pub fn person(code: &str, memberships: Vec<MembershipNew>) -> StaffNew {
    StaffNew {
        code: code.into(),
        name: format!("张{code}"),
        phone: Some("138 1234 1234".into()),
        memberships,
    }
}

impl City<'_> {
    pub async fn organisation(
        &self,
        code: &str,
        parent: Option<&Organisation>,
    ) -> Arc<Organisation> {
        let new = organisation(code, parent.map(|p| p.id));
        self.access
            .organisation_create(&self.console, new, None)
            .await
            .unwrap()
    }

    /// A person with one membership and an account of the same name, whose password is [`PASSWORD`].
    pub async fn account(&self, name: &str, membership: MembershipNew) -> Staff {
        let staff = self
            .access
            .staff_create(&self.console, person(name, vec![membership]), None)
            .await
            .unwrap();
        let new = AccountNew {
            staff_id: staff.id,
            login_name: name.into(),
            password: Some(password(PASSWORD)),
            must_change_password: false,
        };
        self.access
            .account_create(&self.console, new, None)
            .await
            .unwrap();
        staff
    }

    pub async fn sign_in(&self, name: &str) -> SessionOpened {
        self.access
            .session_open(name, &password(PASSWORD), "10.0.0.1")
            .await
            .unwrap()
    }

    /// In the order of time: advance the clock before what is to be last. The audit trail as (actor, action, object, detail), in order.
    pub fn trail(&self) -> Vec<(i64, String, i64, String)> {
        static TRAIL: store::Statement = store::Statement::fixed(
            "SELECT actor, action, object, detail, at FROM audit ORDER BY at, lane, seq",
        );
        let read = |tx: &mut store::Tx<'_>| {
            tx.query(&TRAIL, &[], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
        };
        self.test
            .store
            .read_blocking::<_, store::StoreError, _>(read)
            .unwrap()
    }

    /// In the order of time, likewise: kinds and operations told to other nodes.
    pub fn told(&self) -> Vec<(String, serde_json::Value)> {
        static TOLD: store::Statement =
            store::Statement::fixed("SELECT kind, body FROM outbox ORDER BY at");
        let read = |tx: &mut store::Tx<'_>| {
            tx.query(&TOLD, &[], |row| {
                Ok((row.get::<String>(0)?, row.get::<String>(1)?))
            })
        };
        let told = self
            .test
            .store
            .read_blocking::<_, store::StoreError, _>(read)
            .unwrap();
        told.into_iter()
            .map(|(kind, body)| (kind, serde_json::from_str(&body).unwrap()))
            .collect()
    }
}

pub fn password(text: &str) -> Password {
    Password::new(text.into())
}

/// The session's id.
pub fn session_id(who: &Principal) -> Id {
    match who.means {
        Means::Session(id) => id,
        other => panic!("not a session: {other:?}"),
    }
}

/// The code of the problem, or of its first wrong field.
pub fn code<T: std::fmt::Debug>(result: Result<T, access::AccessError>) -> String {
    let problem = base::Problem::from(result.unwrap_err());
    match problem.fields.first() {
        None => problem.code.to_owned(),
        Some(wrong) => format!("{}: {}", wrong.field, wrong.code),
    }
}
