//! Timers fire once, in order, also after an outage.

use crate::{ADD, NAMES, ROOM, count};
use base::{Clock, Id, ManualClock, Timestamp};
use std::sync::Arc;
use store::testing::each_engine_at;
use store::{Store, StoreError, TimerEntry, params, timer};

fn schedule(store: &Store, name: &str, due_at: Timestamp) -> Id {
    let entry = TimerEntry {
        id: store.next_id(),
        kind: "note",
        key: Id(1),
        due_at,
        body: name.to_owned(),
    };
    let id = entry.id;
    store.write_blocking(move |tx| tx.schedule(&entry)).unwrap();
    id
}

fn fire(store: &Store) -> usize {
    timer::fire_due(store, 100, |tx, timer, now| {
        let late = if timer.is_late(now) { " late" } else { "" };
        tx.post(
            &ADD,
            params![timer.id, format!("{}{late}", timer.body), 0_i64],
        )
    })
    .unwrap()
}

fn with_clock(test: impl Fn(&Store, &ManualClock)) {
    let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
    let shared: Arc<dyn Clock> = clock.clone();
    each_engine_at(&[ROOM], &shared, |store| test(&store.store, &clock));
}

#[test]
fn what_fell_due_during_an_outage_fires_once_in_order_and_marked_late() {
    with_clock(|store, clock| {
        let start = clock.now();
        schedule(store, "b", start.plus_seconds(20));
        schedule(store, "a", start.plus_seconds(10));
        schedule(store, "c", start.plus_seconds(3_600));
        assert_eq!(fire(store), 0, "nothing is due yet");
        assert_eq!(timer::next_at(store).unwrap(), Some(start.plus_seconds(10)));
        clock.advance_seconds(3_601);
        assert_eq!(fire(store), 3);
        assert_eq!(fire(store), 0);
        let names = store
            .read_blocking(|tx| tx.query(&NAMES, &[], |row| row.get::<String>(0)))
            .unwrap();
        assert_eq!(names, ["a late", "b late", "c"]);
    });
}

#[test]
fn many_nodes_firing_at_once_have_each_effect_once() {
    with_clock(|store, clock| {
        let due = clock.now().plus_seconds(1);
        (0..50).for_each(|n| drop(schedule(store, &format!("{n:02}"), due)));
        clock.advance_seconds(2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| while fire(store) > 0 {});
            }
        });
        assert_eq!(count(store), 50);
    });
}

#[test]
fn a_failing_timer_waits_longer_each_time_and_is_parked_at_last() {
    with_clock(|store, clock| {
        schedule(store, "sick", clock.now());
        let fail = || {
            timer::fire_due(store, 10, |_, _, _| Err(StoreError::Statement("no".into()))).unwrap()
        };
        for _ in 0..timer::TRIES_MAX {
            assert_eq!(fail(), 1);
            assert_eq!(fail(), 0, "not again at once");
            clock.advance_seconds(61);
        }
        assert_eq!(fail(), 0, "parked");
        assert_eq!(timer::next_at(store).unwrap(), None);
    });
}

#[test]
fn a_leased_job_belongs_to_one_holder_until_the_lease_runs_out() {
    with_clock(|store, clock| {
        let id = schedule(store, "send", clock.now());
        let first = timer::claim(store, "one", 30).unwrap().unwrap();
        assert_eq!(first.id, id);
        assert_eq!(timer::claim(store, "two", 30).unwrap(), None);
        clock.advance_seconds(31);
        assert_eq!(
            timer::claim(store, "two", 30).unwrap().unwrap().id,
            id,
            "the first one is taken for dead"
        );
        assert!(
            !timer::finish(store, id, "one").unwrap(),
            "its lease had run out"
        );
        assert!(timer::finish(store, id, "two").unwrap());
        assert_eq!(timer::claim(store, "three", 30).unwrap(), None);
    });
}
