//! No combination of filters walks through all cases, and both engines understand all of them.

use super::*;
use crate::model::{CaseStage, Level, TaskState};
use crate::store::ROOM;
use crate::store::list::count;
use crate::store::report_list::tests::plan;
use ::store::testing::{each_engine, sqlite, system_clock};

pub(super) fn path(n: u32) -> TreePath {
    TreePath::root(n).unwrap()
}

pub(super) fn street(n: u32) -> TreePath {
    path(1).child(n).unwrap()
}

pub(super) fn organisation(has_few: bool) -> Tie {
    Tie::Organisation {
        path: path(3),
        has_few,
    }
}

/// Whoever sees all; an area and an organisation; a zone; an organisation with few and one with many.
pub(super) fn seers() -> Vec<Vec<Tie>> {
    vec![
        vec![Tie::Everything],
        vec![Tie::Area(AreaFilter::Above(path(1))), organisation(false)],
        vec![
            Tie::Area(AreaFilter::Street(street(1))),
            Tie::Zone(Id(4)),
            organisation(true),
        ],
        vec![organisation(true)],
        vec![organisation(false)],
        vec![],
    ]
}

/// The filter that the bits of `mask` choose.
pub(super) fn filter_of(mask: usize) -> CaseFilter {
    let has = |bit: usize| mask & (1 << bit) != 0;
    let areas = [
        AreaFilter::Street(street(1)),
        AreaFilter::Above(path(1)),
        AreaFilter::Within {
            street: street(1),
            village: Some(street(1).child(2).unwrap()),
            area: street(1).child(2).unwrap().child(3).unwrap(),
        },
    ];
    let stages = [
        vec![CaseStage::Handling],
        vec![CaseStage::Closed, CaseStage::Cancelled, CaseStage::Merged],
        vec![CaseStage::Merged],
    ];
    let lights = [Light::Green, Light::Yellow, Light::Red];
    let sorts = [CaseSort::Newest, CaseSort::Due, CaseSort::Updated];
    let round = (mask >> 3) % 3;
    CaseFilter {
        stages: if has(0) {
            stages[round].clone()
        } else {
            Vec::new()
        },
        level: has(1).then_some([Level::Normal, Level::Urgent, Level::Critical][round]),
        area: has(2).then(|| areas[round].clone()),
        zone_id: has(3).then_some(Id(4)),
        within: (has(2) != has(5)).then_some((
            MapBox {
                west: 121.1,
                south: 31.05,
                east: 121.3,
                north: 31.3,
            },
            has(7) == has(9),
        )),
        category_id: has(4).then_some(Id(1)),
        organisation: has(5).then(|| (path(3), round == 0)),
        column_has_few: has(9),
        source_has_fewer: has(7) && has(4) && round == 1,
        light: has(6).then(|| lights[round]),
        source: has(7).then(|| "hotline".to_owned()),
        case_no: (has(8) && has(9)).then(|| "310118-20261121".to_owned()),
        accepted_from: has(9).then_some(Timestamp(1)),
        accepted_to: has(9).then_some(Timestamp(2)),
        marks: if has(3) && has(6) {
            vec![
                [
                    CaseMark::Important,
                    CaseMark::Supervised,
                    CaseMark::Suspended,
                ][round],
            ]
        } else {
            Vec::new()
        },
        watched_by: (has(8) && has(0)).then_some(Id(1)),
        held_by: if has(8) && has(1) {
            vec![path(3)]
        } else {
            Vec::new()
        },
        not_held_by: if has(8) && has(4) {
            vec![path(3), path(4)]
        } else {
            Vec::new()
        },
        awaited: (has(6) && has(1)).then(|| {
            let place = |stage, without_lead| Awaited {
                stage,
                without_lead,
                processes: vec!["hotline".to_owned(), "quick".to_owned()],
            };
            let places = vec![
                place(CaseStage::Filed, false),
                place(CaseStage::Handling, true),
            ];
            (has(2), if round == 1 { Vec::new() } else { places })
        }),
        held_state: has(2).then_some(TaskState::Assigned),
        sort: sorts[if has(10) { round } else { 0 }],
        after: has(10).then_some(Cursor {
            at: Timestamp(5),
            id: Id(5),
        }),
        limit: 51,
    }
}

#[test]
fn both_engines_understand_every_combination_of_filters() {
    each_engine(&[ROOM], |test_store| {
        // Odd steps, so that every bit meets every other.
        let step = if test_store.store.is_postgres() {
            37
        } else {
            5
        };
        test_store
            .store
            .read_blocking(move |tx| {
                for ties in seers() {
                    for mask in (0..2048).step_by(step) {
                        let filter = filter_of(mask);
                        let list = compose_cases(&filter, &ties, Timestamp(7));
                        assert_eq!(cases(tx, &list)?.len(), 0);
                        let list = compose_count(&filter, &ties, Timestamp(7));
                        assert_eq!(count(tx, &list)?, 0);
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn no_combination_with_a_rare_condition_walks_through_all_cases() {
    let test_store = sqlite(&[ROOM], &system_clock());
    let mut walks = 0;
    for mask in (0..2048).step_by(3) {
        let filter = filter_of(mask);
        let list = compose_cases(&filter, &[Tie::Everything], Timestamp(7));
        let steps = test_store.store.read_blocking(move |tx| plan(tx, &list));
        let steps = steps.unwrap();
        if steps.iter().any(|step| step == "SCAN c") {
            // What all or nearly all cases fit: the newest fifty come at once.
            let is_plain = filter.category_id.is_none()
                && filter.source.is_none()
                && !filter.is_open()
                && filter.marks.is_empty()
                && matches!(filter.level, None | Some(Level::Normal));
            assert!(is_plain, "{filter:?}\n{steps:?}");
            walks += 1;
        }
    }
    assert!(walks > 0, "the plainest list reads the newest rows");
}

#[test]
fn an_area_filter_and_an_area_seen_meet_in_the_smaller_one() {
    let district = AreaFilter::Above(path(1));
    let first = AreaFilter::Street(street(1));
    let second = AreaFilter::Street(street(2));
    assert_eq!(district.and(&first), Some(&first));
    assert_eq!(first.and(&district), Some(&first));
    assert_eq!(first.and(&second), None);
}
