//! Zones that change: casework looks at its cases again.

use crate::town::*;
use base::{Clock, Id};
use linkage::Linkage;
use registry::{Part, REGISTRY_CHANGED};
use store::testing::TestStore;
use store::{Consumer, PlacedEntry, timer};

#[test]
fn cases_are_looked_at_again_when_zones_change() {
    each_town(|town, test_store: &TestStore| {
        let store = &test_store.store;
        let now = town.clock.now();
        let hears = |part: &str| {
            let linkage = Linkage::new(store.clone());
            let entry = PlacedEntry {
                place: 1,
                key: Id(0),
                kind: REGISTRY_CHANGED.to_owned(),
                body: format!("{{\"part\":\"{part}\"}}"),
                area_path: None,
                organisation_paths: Vec::new(),
                at: now,
            };
            let heard = store.write_blocking(move |tx| linkage.handle(tx, &entry));
            heard.unwrap();
            timer::next_at(store).unwrap()
        };
        assert_eq!(hears("rules"), None);
        assert_eq!(hears("zones"), Some(now.plus_seconds(5)));
        town.clock.advance_seconds(5);
        // Cases first, then reports.
        assert_eq!((town.fire(), town.fire()), (1, 1));
        assert_eq!(timer::next_at(store).unwrap(), None);
        assert_eq!(Part::changed("{\"part\":\"zones\"}"), Part::Zones);
    });
}
