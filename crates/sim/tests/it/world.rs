//! The rooms on a fresh embedded database, with a clock of the story's own and chance that repeats.

use access::{Access, AccessOptions, PasswordCost, Principal, Sealer};
use base::chance::SeededChance;
use base::path::TreePath;
use base::{Clock, Id, ManualClock, Timestamp};
use calendar::WorkCalendar;
use casework::model::OrganisationRef;
use casework::{Casework, KnownCity, OrganisationFacts, Parts, Processes};
use registry::Registry;
use sim::Rooms;
use sim::check::{Checked, check};
use sim::two_months::{Lived, Plan};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Room;
use store::audit::{self, AuditFilter};
use store::testing::TestStore;

pub struct World {
    test: TestStore,
    access: Access,
    registry: Registry,
    pub casework: Casework,
    clock: Arc<ManualClock>,
}

/// What the rooms are opened on before they are told what to do.
const ROOMS: [Room; 3] = [access::ROOM, registry::ROOM, casework::ROOM];

/// An empty database, and the clock that the story will set.
pub type Ground = (TestStore, Arc<ManualClock>);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(
        "2026-08-01T00:00:00+08:00".parse().unwrap(),
    ))
}

/// PostgreSQL; none where there is none. Not from within the runtime of the test: it blocks, and so does dropping it.
pub fn postgres() -> Option<Ground> {
    let clock = clock();
    let of_store: Arc<dyn Clock> = clock.clone();
    Some((store::testing::postgres(&ROOMS, &of_store)?, clock))
}

impl World {
    pub async fn new() -> Self {
        let clock = clock();
        let of_store: Arc<dyn Clock> = clock.clone();
        Self::on((store::testing::sqlite(&ROOMS, &of_store), clock)).await
    }

    pub async fn on((test, clock): Ground) -> Self {
        test.store.begin_filling().unwrap();
        let sealer = Sealer::ephemeral(Arc::new(SeededChance::new(5)));
        let options = AccessOptions {
            password_cost: PasswordCost {
                memory_kib: 8,
                passes: 1,
            },
            ..AccessOptions::default()
        };
        let access = Access::open(test.store.clone(), sealer.clone(), options).unwrap();
        let registry = Registry::open(test.store.clone()).await.unwrap();
        registry.know(access.clone());
        let roles = access.roles();
        let known = access.clone();
        let lookup = move |id: Id| {
            let known = known.organisation_known(id)?;
            Some(OrganisationFacts {
                organisation: OrganisationRef {
                    id: known.id,
                    path: known.path.clone(),
                },
                name: known.name.clone(),
            })
        };
        let people = access.clone();
        let works_for = move |staff_id: Id| -> casework::city::Pending<'static, Vec<TreePath>> {
            let people = people.clone();
            Box::pin(async move {
                let staff = people.staff(staff_id).await.unwrap();
                let memberships = staff.into_iter().flat_map(|staff| staff.memberships);
                Ok(memberships.map(|each| each.organisation_path).collect())
            })
        };
        let processes = Processes::load(Processes::BUILT_IN.iter().copied(), |role| {
            roles.get(role).is_some()
        });
        let casework = Casework::new(Parts {
            store: test.store.clone(),
            sealer,
            city: Arc::new(KnownCity::new(
                registry.clone(),
                Box::new(lookup),
                Box::new(works_for),
            )),
            processes: processes.unwrap(),
            reckoner: Arc::new(WorkCalendar::china().unwrap()),
            blobs: store::blobs::Blobs::in_memory(),
            number_prefix: "310118".to_owned(),
        });
        Self {
            test,
            access,
            registry,
            casework,
            clock,
        }
    }

    pub async fn live(&self, seed: u64, days: i32, reports_a_day: f64) -> Lived {
        let until: Timestamp = "2026-11-20T15:00:00+08:00".parse().unwrap();
        let plan = Plan {
            days,
            reports_a_day,
            ..Plan::until(until, self.clock.clone(), seed)
        };
        let rooms = Rooms {
            access: &self.access,
            registry: &self.registry,
            casework: &self.casework,
        };
        let console = console();
        let lived = sim::two_months(&rooms, &console, &plan, |_| {})
            .await
            .unwrap();
        self.test.store.end_filling().unwrap();
        lived
    }

    /// Every operation that stands in the audit trail.
    pub fn audited_operations(&self) -> BTreeSet<String> {
        let mut operations = BTreeSet::new();
        let mut after = None;
        loop {
            let all = AuditFilter::default();
            let page = self
                .test
                .store
                .read_blocking(move |tx| audit::list(tx, &all, after, 1_000))
                .unwrap();
            operations.extend(page.items.into_iter().map(|record| record.action));
            after = page.next;
            if after.is_none() {
                return operations;
            }
        }
    }

    pub async fn check(&self) -> Checked {
        check(&self.casework, &Arc::new(console())).await.unwrap()
    }
}

pub fn console() -> Principal {
    Principal::console(Id(0), TreePath::root(1).unwrap())
}
