//! The two months, told in small: the same seed tells the same story, and the story keeps the law.

use crate::world::World;

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
            assert_eq!(lived.refusals, std::collections::BTreeMap::new());
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
        let lived = world.live(7, 30, 12.0).await;
        assert_eq!(lived.refusals, std::collections::BTreeMap::new());
        assert!(lived.reports > 250 && lived.cases > 240, "{lived:?}");
        assert!(lived.organisations > 400 && lived.staff > 600, "{lived:?}");
        let checked = world.check().await;
        assert_eq!(checked.findings, Vec::new());
        assert_eq!(checked.cases, lived.cases);
        let verified = world.casework.verify().unwrap();
        assert_eq!(verified.findings, Vec::new());
        assert_eq!(verified.cases, lived.cases as u64);
        // The mishaps of a district all came up, and some work is left for today.
        for kind in ["case_closed", "task_overdue", "case_inspected"] {
            assert!(
                checked.facts.contains_key(kind),
                "{kind}: {:?}",
                checked.facts
            );
        }
        assert!(checked.facts["case_inspected"] > checked.facts["case_closed"]);
        assert!(checked.stages["handling"] > 0, "{:?}", checked.stages);
        assert!(checked.stages["closed"] * 10 > checked.cases * 7);
    });
}
