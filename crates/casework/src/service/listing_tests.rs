//! Lists and counts against looking at every case and every report, on both engines, while these change.

#[path = "listing_made.rs"]
mod made;

use self::made::{
    Draw, Made, asked, depth_of, drawn, expected, expected_reports, reports_asked, write,
};
use super::*;
use crate::listing::CaseSort;
use crate::store::ROOM;
use ::store::testing::{TestStore, each_engine};
use std::sync::{Arc, Mutex};

/// Asks many questions of the lists as they are now.
fn compare(
    tx: &mut Tx<'_>,
    state: &mut State,
    made: &[Made],
    round: u64,
) -> Result<(), StoreError> {
    let now = Timestamp(10);
    let mut draw = Draw(round);
    for _ in 0..500 {
        let one = asked(&mut draw);
        let list = CasesAsked {
            filter: one.filter.clone(),
            ties: one.ties.clone(),
            looked_up: LookedUp::default(),
            now,
        };
        let list = looked_up(tx, &list)?;
        for tied in list.tied() {
            if !state.cases.has_tied(&tied) {
                let ids = rows::cases_tied(tx, &tied)?;
                state.cases.put_tied(tied, &ids);
            }
        }
        let mut expected = expected(made, &one, now);
        if one.filter.sort == CaseSort::Newest {
            let count = list.count(&state.cases, 100);
            assert_eq!(count, expected.len().min(100) as u64, "{one:?}");
        }
        expected.truncate(30);
        let found = list.page(&state.cases, 30);
        assert_eq!(found, expected, "round {round}: {one:?}");
        let read: Vec<Id> = rows::cases(tx, &found)?
            .iter()
            .map(|row| row.case.id)
            .collect();
        assert_eq!(read, found);

        let (mut reports, area) = reports_asked(&mut draw, now);
        if let Some(start) = &reports.filter.report_no {
            reports
                .looked_up
                .push(rows::numbered(tx, Kind::Reports, start)?);
        }
        if let Some(Claimed::By(staff_id)) = reports.filter.claimed {
            reports.looked_up.push(rows::claimed(tx, staff_id)?);
        }
        let mut expected = expected_reports(made, &reports, area.as_ref());
        expected.truncate(30);
        let found = reports.page(&state.reports, 30);
        assert_eq!(found, expected, "round {round}: {reports:?}");
        let read = rows::reports(tx, &found)?;
        assert_eq!(read.len(), found.len());
    }
    Ok(())
}

/// Some are new, some changed, some come with an id below others.
fn go_on(store: &TestStore, made: &mut Vec<Made>, draw: &mut Draw, round: i64) {
    let mut written: Vec<(Made, Option<Made>)> = Vec::new();
    for n in 0..60 {
        // Even ones first, odd ones a round later.
        let id = match draw.below(3) {
            0 => round * 120 + n * 2,
            1 => (round - 1) * 120 + n * 2 + 1,
            _ => made
                .get(draw.below(made.len().max(1)))
                .map_or(1, |case| case.id.0),
        };
        let mut case = drawn(draw, id.max(1));
        let known = made.iter_mut().find(|known| known.id == case.id);
        if let Some(known) = known {
            // What never changes, and what is only added to.
            case.number.clone_from(&known.number);
            case.organisations.extend(known.organisations.clone());
            case.organisations.sort();
            case.organisations.dedup();
            written.push((case.clone(), Some(known.clone())));
            *known = case;
        } else {
            written.push((case.clone(), None));
            made.push(case);
        }
    }
    let written = Arc::new(written);
    let write_all = move |tx: &mut Tx<'_>| {
        for (case, before) in &*written {
            write(tx, case, before.as_ref())?;
        }
        Ok::<_, StoreError>(())
    };
    store.store.write_blocking(write_all).unwrap();
}

#[test]
fn lists_and_counts_are_what_looking_at_every_case_and_report_finds() {
    each_engine(&[ROOM], |test_store| {
        let (mut made, mut draw) = (Vec::new(), Draw(7));
        for round in 1..3 {
            go_on(test_store, &mut made, &mut draw, round);
        }
        let load = |tx: &mut Tx<'_>| State::load(tx, &depth_of);
        let state = test_store.store.read_blocking(load).unwrap();
        let state = Arc::new(Mutex::new(state));
        let rounds = if test_store.store.is_postgres() {
            6
        } else {
            12
        };
        for round in 3..rounds {
            go_on(test_store, &mut made, &mut draw, round);
            let (state, seen) = (state.clone(), made.clone());
            let asked = test_store.store.read_blocking(move |tx| {
                let mut state = state.lock().unwrap();
                state.catch_up(tx, &depth_of)?;
                assert!(state.place == outbox::last_place(tx)?);
                if round % 3 == 0 {
                    // Kept as bytes they know the same and go on.
                    *state = postcard::from_bytes(&postcard::to_stdvec(&*state).unwrap()).unwrap();
                }
                compare(tx, &mut state, &seen, round.unsigned_abs())
            });
            asked.unwrap();
        }
        // Read anew they say the same.
        let read = move |tx: &mut Tx<'_>| {
            let mut state = State::load(tx, &depth_of)?;
            compare(tx, &mut state, &made, 99)
        };
        test_store.store.read_blocking(read).unwrap();
    });
}

#[test]
fn what_was_told_and_is_told_no_more_makes_them_read_everything_anew() {
    each_engine(&[ROOM], |test_store| {
        let (mut made, mut draw) = (Vec::new(), Draw(3));
        go_on(test_store, &mut made, &mut draw, 1);
        let load = |tx: &mut Tx<'_>| State::load(tx, &depth_of);
        let state = test_store.store.read_blocking(load).unwrap();
        go_on(test_store, &mut made, &mut draw, 2);
        // Places are given on PostgreSQL by the sequencer; then what is old is forgotten.
        test_store.store.follow_outbox().unwrap();
        while test_store.store.read_blocking(outbox::unplaced).unwrap() > 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let prune = |tx: &mut Tx<'_>| outbox::prune(tx, Timestamp(i64::MAX));
        let gone = test_store.store.write_blocking(prune).unwrap();
        assert!(gone > 0);
        let state = Arc::new(Mutex::new(state));
        let asked = test_store.store.read_blocking(move |tx| {
            let mut state = state.lock().unwrap();
            state.catch_up(tx, &depth_of)?;
            compare(tx, &mut state, &made, 1)
        });
        asked.unwrap();
    });
}
