//! The two months, told in small: the same seed tells the same story, and the story keeps the law.

use crate::world::World;
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
        as_stated(&checked.outcomes);
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
        let stated = sim::two_months::STATED.iter();
        let (_, permille) = stated.into_iter().find(|(name, _)| *name == rate).unwrap();
        let (share, all_of) = (*permille as f64 / 1_000.0, all as f64);
        let apart = (hits as f64 - share * all_of).abs();
        let deviation = (all_of * share * (1.0 - share)).sqrt();
        assert!(all > 0, "{rate}: {outcomes:?}");
        assert!(apart <= 4.0 * deviation + 2.0, "{rate}: {hits} of {all}");
    }
}
