//! The two months, told in small: the same seed tells the same story, and the story keeps the law.

use crate::world::World;
use sim::check::Checked;
use sim::two_months::{Draws, STATED};
use std::collections::BTreeMap;

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
fn what_a_month_leaves_behind_is_in_order() {
    block_on(async {
        let world = World::new().await;
        let lived = world.live(7, 30, 16.0).await;
        assert_eq!(lived.refusals, BTreeMap::new());
        assert!(lived.reports > 350 && lived.cases > 340, "{lived:?}");
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
        as_stated(&checked.outcomes);
        as_drawn(&lived.drawn);
    });
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
fn as_stated(outcomes: &BTreeMap<&'static str, usize>) {
    let count = |what: &str| outcomes.get(what).copied().unwrap_or(0);
    for (rate, hits, all) in [
        ("RETURNED", count("case_returned"), count("case_dispatched")),
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
        let stated = STATED.iter().find(|stated| stated.name == rate).unwrap();
        let (share, all_of) = (stated.permille as f64 / 1_000.0, all as f64);
        let apart = (hits as f64 - share * all_of).abs();
        let deviation = (all_of * share * (1.0 - share)).sqrt();
        assert!(all > 0, "{rate}: {outcomes:?}");
        assert!(apart <= 4.0 * deviation + 2.0, "{rate}: {hits} of {all}");
    }
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
