//! The two months, told in small: the same seed tells the same story, and the story keeps the law.

use crate::world::{World, console, postgres};
use base::{Id, PageRequest};
use casework::input::routing::{RouteChangesRequest, RouteRehearseRequest};
use casework::service::{AccuracyQuery, RouteQuery};
use sim::check::Checked;
use sim::two_months::{Draws, Lived, STATED};
use std::collections::BTreeMap;
use std::sync::Arc;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn a_seed_tells_the_same_story_to_the_instant_and_the_id() {
    let tell = |seed| {
        block_on(async {
            let world = World::new().await;
            let lived = world.live(seed, 3, 25.0).await;
            assert_eq!(lived.refusals, BTreeMap::new());
            (lived.reports, world.check().await.fingerprint)
        })
    };
    let (first, second, other) = (tell(1), tell(1), tell(2));
    assert_eq!(first, second);
    assert_ne!(first.1, other.1);
}

#[test]
fn both_databases_are_told_the_same_story_to_the_instant_and_the_id() {
    let Some(on_postgres) = postgres() else {
        return;
    };
    let tell = |world: World| async {
        let lived = world.live(3, 2, 30.0).await;
        assert_eq!(lived.refusals, BTreeMap::new());
        assert!(lived.reports > 60 && lived.timers > 50, "{lived:?}");
        let checked = world.check().await;
        assert_eq!(checked.findings, Vec::new());
        let counts = (lived.reports, lived.commands, lived.timers, lived.drawn);
        ((counts, checked.facts, checked.fingerprint), world)
    };
    let (of_sqlite, _) = block_on(async { tell(World::new().await).await });
    let (of_postgres, _world) = block_on(async { tell(World::on(on_postgres).await).await });
    assert_eq!(of_sqlite, of_postgres);
}

#[test]
fn what_a_month_leaves_behind_is_in_order() {
    block_on(async {
        let world = World::new().await;
        let lived = world.live(7, 30, 32.0).await;
        assert_eq!(lived.refusals, BTreeMap::new());
        assert!(lived.reports > 550 && lived.cases > 500, "{lived:?}");
        assert!(lived.organisations > 400 && lived.staff > 600, "{lived:?}");
        let checked = world.check().await;
        assert_eq!(checked.findings, Vec::new());
        assert_eq!(checked.cases, lived.cases);
        assert_eq!(checked.reports, lived.reports);
        let verified = world.casework.verify().unwrap();
        assert_eq!(verified.findings, Vec::new());
        assert_eq!(verified.cases, lived.cases as u64);
        everything_comes_up(&checked.facts);
        assert!(checked.stages["handling"] > 0, "{:?}", checked.stages);
        assert!(
            checked.stages["closed"] * 10 > checked.cases * 7,
            "{:?}",
            checked.stages
        );
        troubles_come_up(&checked);
        as_stated(&checked.outcomes, &lived.drawn);
        as_drawn(&lived.drawn);
        every_command_is_given(&world, &lived);
        what_routing_says_is_of_use(&world).await;
    });
}

/// What changes something and nobody in the story does, and why not.
const NOT_TOLD: &[(&str, &str)] = &[
    (
        "report_search",
        "it changes nothing: a question too long for an address",
    ),
    (
        "case_similar",
        "it changes nothing: what intake is offered while it writes",
    ),
    (
        "process_check",
        "it changes nothing: what saving a process would say",
    ),
    (
        "route_explain",
        "it leaves no trace, but dispatchers ask it each time",
    ),
    (
        "route_rehearse",
        "it changes nothing; the test below asks it",
    ),
    (
        "process_save",
        "the city runs by the processes that are built in",
    ),
    (
        "upload_push",
        "files come whole from the desks of the story; in pieces they come from phones",
    ),
    ("source_create", "the sources that are built in are enough"),
    ("source_update", "the sources that are built in are enough"),
    ("rate_choose", "every rate is divided as it is at first"),
];

/// Whatever casework can be told to do, somebody does in a month: a command that is added to it is missing here until the story
/// has it too.
fn every_command_is_given(world: &World, lived: &Lived) {
    let mut given = world.audited_operations();
    given.extend(lived.operations.iter().map(|each| (*each).to_owned()));
    for endpoint in casework::http::ENDPOINTS {
        if endpoint.method == "GET" {
            continue;
        }
        let reason = NOT_TOLD
            .iter()
            .find(|(name, _)| *name == endpoint.operation);
        assert_eq!(
            given.contains(endpoint.operation),
            reason.is_none(),
            "{}: {reason:?}; given were {given:?}",
            endpoint.operation
        );
    }
}

/// Most orders follow what routing says, those that do not come back more often, and the table is not there in vain: without it
/// many orders would go to somebody else.
async fn what_routing_says_is_of_use(world: &World) {
    let by = Arc::new(console());
    let now = world.casework.store().clock().now();
    let query = AccuracyQuery {
        from: now.plus_seconds(-31 * 86_400),
        until: now,
        organisation_id: None,
        category_id: None,
    };
    let orders = world.casework.route_accuracy(&by, query).await.unwrap();
    let few = orders.dispatched / 50;
    assert!(orders.suggested >= orders.dispatched - few, "{orders:?}");
    assert!(orders.followed * 100 > orders.suggested * 75, "{orders:?}");
    assert!(orders.followed * 100 < orders.suggested * 95, "{orders:?}");
    let routes = world.casework.route_list(&RouteQuery::default()).unwrap();
    let remove: Vec<Id> = routes.items.iter().map(|row| row.id).collect();
    assert!(!remove.is_empty() && routes.next.is_some());
    let input = RouteRehearseRequest {
        days: 31,
        changes: RouteChangesRequest {
            remove,
            ..RouteChangesRequest::default()
        },
    };
    let page = PageRequest::default();
    let without = world.casework.route_rehearse(&by, input, &page).await;
    let sums = without.unwrap().sums.unwrap();
    assert!(sums.differing * 3 > sums.orders, "{sums:?}");
    assert!(sums.unknown_stood + sums.hurt > sums.helped, "{sums:?}");
}

/// What a district meets with in a month; rarer things come up in two.
fn everything_comes_up(facts: &BTreeMap<String, usize>) {
    for kind in [
        "report_claimed",
        "report_answered",
        "report_called_back",
        "report_rated",
        "verification_asked",
        "case_verified",
        "task_returned",
        "task_rerouted",
        "task_delegated",
        "task_called",
        "task_co_rated",
        "task_contacted",
        "extension_decided",
        "suspension_requested",
        "case_self_handled",
        "case_urged",
        "case_marked",
        "task_overdue",
        "stage_overdue",
        "inspection_left_out",
        "case_closed",
    ] {
        assert!(facts.contains_key(kind), "{kind}: {facts:?}");
    }
}

/// Not everything goes well: help is needed, work comes back, is done again, is late, waits; people are not content.
fn troubles_come_up(checked: &Checked) {
    let Checked {
        facts, outcomes, ..
    } = checked;
    for outcome in [
        "case_dispatched_jointly",
        "case_returned",
        "inspection_failed",
        "call_unsolved",
        "extension_granted",
    ] {
        assert!(outcomes.contains_key(outcome), "{outcome}: {outcomes:?}");
    }
    for kind in ["task_overdue", "suspension_decided", "extension_requested"] {
        assert!(facts.contains_key(kind), "{kind}: {facts:?}");
    }
}

/// What came about lies as near to the stated rates as chance allows: within four standard deviations, and two.
fn as_stated(outcomes: &BTreeMap<&'static str, usize>, drawn: &BTreeMap<&'static str, Draws>) {
    let count = |what: &str| outcomes.get(what).copied().unwrap_or(0);
    let apart = |share: f64, all: usize, hits: usize| {
        let deviation = (all as f64 * share * (1.0 - share)).sqrt();
        (hits as f64 - share * all as f64).abs() > 4.0 * deviation + 2.0
    };
    // Of the orders that come back, more were given to the wrong one.
    let (right, astray) = (drawn["RETURNED"], drawn["RETURNED_ASTRAY"]);
    let expected = (right.tries * stated("RETURNED") + astray.tries * stated("RETURNED_ASTRAY"))
        as f64
        / 1_000.0;
    let (returned, dispatched) = (count("case_returned"), count("case_dispatched"));
    let share = expected / (right.tries + astray.tries) as f64;
    assert!(
        !apart(share, dispatched, returned),
        "{share}: {returned} of {dispatched}"
    );
    for (rate, hits, all) in [
        (
            "REWORK",
            count("inspection_failed"),
            count("inspection_failed") + count("inspection_passed"),
        ),
        (
            "UNREACHED",
            count("call_unreached"),
            count("call_unreached") + count("call_solved") + count("call_unsolved"),
        ),
        (
            "SOLVED",
            count("call_solved"),
            count("call_solved") + count("call_unsolved"),
        ),
        (
            "EXTENSION_GRANTED",
            count("extension_granted"),
            count("extension_granted") + count("extension_refused"),
        ),
    ] {
        assert!(all > 0, "{rate}: {outcomes:?}");
        let share = stated(rate) as f64 / 1_000.0;
        assert!(!apart(share, all, hits), "{rate}: {hits} of {all}");
    }
}

fn stated(rate: &str) -> u64 {
    let stated = STATED.iter().find(|stated| stated.name == rate);
    stated.unwrap().permille
}

/// What a month draws for often enough to tell, at the least.
const OFTEN: &[&str] = &[
    "OPENED_AT_ONCE",
    "HOTLINE",
    "SELF_HANDLED",
    "MERGED",
    "JOINT",
    "RETURNED",
    "LATE_RESPONSE",
    "CONTACTED",
    "DELEGATED",
    "LATE_HANDLING",
    "REWORK",
    "UNREACHED",
    "RATED",
];

/// What was drawn lies as near to every stated rate as chance allows; what was drawn too rarely to tell is listed.
#[expect(
    clippy::print_stderr,
    reason = "whoever looks at the rates wants the list"
)]
fn as_drawn(drawn: &BTreeMap<&'static str, Draws>) {
    let mut rare = Vec::new();
    for rate in STATED {
        let draws = drawn.get(rate.name).copied().unwrap_or_default();
        let share = rate.permille as f64 / 1_000.0;
        let (tries, hits) = (draws.tries, draws.hits);
        let (at_most, at_least) = tails(tries, hits, share);
        assert!(
            at_most.min(at_least) > FIVE_SIGMA,
            "{}: {hits} of {tries}, {} of 1000 are stated",
            rate.name,
            rate.permille
        );
        // Fewer expected hits, or misses, than this would hardly show anything.
        if tries as f64 * share.min(1.0 - share) < 10.0 {
            rare.push((rate.name, hits, tries));
        }
    }
    eprintln!("drawn too rarely to tell, with hits and tries: {rare:?}");
    for often in OFTEN {
        let compared = rare.iter().all(|(name, ..)| name != often);
        assert!(compared && drawn.contains_key(often), "{often}: {rare:?}");
    }
}

/// How likely chance goes as far as five standard deviations, to one side.
const FIVE_SIGMA: f64 = 2.87e-7;

/// How likely so many hits or fewer are, and so many or more.
fn tails(tries: u64, hits: u64, share: f64) -> (f64, f64) {
    let (mut at_most, mut at_least) = (0.0, 0.0);
    // The logarithm of how likely exactly that many hits are, from none on.
    let mut log = tries as f64 * (1.0 - share).ln();
    for count in 0..=tries {
        let exactly = log.exp();
        if count <= hits {
            at_most += exactly;
        }
        if count >= hits {
            at_least += exactly;
        }
        log += ((tries - count) as f64 / (count + 1) as f64 * share / (1.0 - share)).ln();
    }
    (at_most, at_least)
}

#[test]
fn a_coin_that_always_falls_on_one_side_is_no_even_coin() {
    let (at_most, at_least) = tails(4, 1, 0.5);
    assert!((at_most - 5.0 / 16.0).abs() < 1e-9 && (at_least - 15.0 / 16.0).abs() < 1e-9);
    assert!(tails(20, 20, 0.5).1 > FIVE_SIGMA);
    assert!(tails(30, 30, 0.5).1 < FIVE_SIGMA);
    assert!(tails(2_000, 0, 0.05).0 < FIVE_SIGMA);
}
