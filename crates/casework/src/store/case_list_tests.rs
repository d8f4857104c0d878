//! Every filter has its index, no combination of filters walks through all cases, and both engines understand all of them.

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

fn filter(change: impl Fn(&mut CaseFilter)) -> CaseFilter {
    let mut filter = CaseFilter {
        limit: 51,
        ..CaseFilter::default()
    };
    change(&mut filter);
    filter
}

#[test]
fn every_filter_is_served_by_its_index() {
    let within = AreaFilter::Within {
        street: street(1),
        village: Some(street(1).child(1).unwrap()),
        area: street(1).child(1).unwrap(),
    };
    let all = Tie::Everything;
    let tables: Vec<(CaseFilter, Tie, &str)> = vec![
        (filter(|_| ()), all.clone(), "SCAN c"),
        (
            filter(|f| f.stages = vec![CaseStage::Filed]),
            all.clone(),
            "COVERING INDEX case_open",
        ),
        (
            filter(|f| f.stages = vec![CaseStage::Merged]),
            all.clone(),
            "COVERING INDEX case_dropped (level=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Cancelled];
                f.level = Some(Level::Critical);
            }),
            all.clone(),
            "COVERING INDEX case_dropped (level=?)",
        ),
        (
            filter(|f| f.stages = vec![CaseStage::Closed]),
            all.clone(),
            "SCAN c",
        ),
        (
            filter(|f| f.area = Some(AreaFilter::Street(street(1)))),
            all.clone(),
            "COVERING INDEX case_by_street ",
        ),
        (
            filter(|f| f.area = Some(within.clone())),
            all.clone(),
            "COVERING INDEX case_by_village (village_path=?)",
        ),
        (
            filter(|f| {
                f.area = Some(within.clone());
                f.source = Some("hotline".to_owned());
                f.level = Some(Level::Urgent);
            }),
            organisation(false),
            "COVERING INDEX case_organisation_ended_by_village (organisation_path=? AND village_path=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Cancelled];
                f.source = Some("media".to_owned());
            }),
            all.clone(),
            "COVERING INDEX case_dropped_by_source (source=? AND level=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Cancelled];
                f.area = Some(AreaFilter::Street(street(1)));
                f.source = Some("media".to_owned());
            }),
            all.clone(),
            "COVERING INDEX case_dropped_by_street (street_path=? AND level=?)",
        ),
        (
            filter(|f| {
                f.area = Some(within.clone());
                f.source = Some("media".to_owned());
                f.column_has_few = true;
            }),
            all.clone(),
            "COVERING INDEX case_by_street_source (street_path=? AND source=?)",
        ),
        (
            filter(|f| {
                f.area = Some(within.clone());
                f.source = Some("hotline".to_owned());
            }),
            all.clone(),
            "COVERING INDEX case_by_village (village_path=?)",
        ),
        (
            filter(|f| f.category_id = Some(Id(1))),
            all.clone(),
            "COVERING INDEX case_by_category ",
        ),
        (
            filter(|f| f.source = Some("hotline".to_owned())),
            all.clone(),
            "COVERING INDEX case_by_source ",
        ),
        (
            filter(|f| f.case_no = Some("310118-20261121".to_owned())),
            all.clone(),
            "INDEX case_by_no",
        ),
        (
            filter(|f| {
                f.case_no = Some("310118-20261121".to_owned());
                f.level = Some(Level::Normal);
                f.accepted_from = Some(Timestamp(1));
                f.accepted_to = Some(Timestamp(2));
            }),
            all.clone(),
            "INDEX case_by_no",
        ),
        (
            filter(|f| f.light = Some(Light::Red)),
            all.clone(),
            "COVERING INDEX case_open",
        ),
        (
            filter(|f| f.light = Some(Light::Green)),
            all.clone(),
            "COVERING INDEX case_open",
        ),
        (
            filter(|f| f.sort = CaseSort::Due),
            all.clone(),
            "COVERING INDEX case_open_due (due_at>?)",
        ),
        (
            filter(|f| {
                f.sort = CaseSort::Due;
                f.light = Some(Light::Red);
                f.awaited = Some((
                    true,
                    vec![Awaited {
                        stage: CaseStage::Filed,
                        without_lead: true,
                        processes: vec!["hotline".to_owned()],
                    }],
                ));
            }),
            all.clone(),
            "COVERING INDEX case_open_due (due_at>? AND due_at<?)",
        ),
        (
            filter(|f| {
                f.sort = CaseSort::Updated;
                f.light = Some(Light::Green);
                f.level = Some(Level::Urgent);
                f.area = Some(within.clone());
                f.category_id = Some(Id(1));
            }),
            organisation(false),
            "SCAN c USING COVERING INDEX case_open_updated",
        ),
        (
            filter(|f| {
                f.sort = CaseSort::Updated;
                f.accepted_from = Some(Timestamp(1));
                f.accepted_to = Some(Timestamp(9));
            }),
            all.clone(),
            "SCAN c USING COVERING INDEX case_open_updated",
        ),
        (
            filter(|f| {
                f.sort = CaseSort::Due;
                f.light = Some(Light::Red);
                f.case_no = Some("310118-20261121".to_owned());
            }),
            all.clone(),
            "INDEX case_by_no (case_no>? AND case_no<?)",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Supervised];
                f.light = Some(Light::Red);
            }),
            all.clone(),
            "INDEX case_supervised",
        ),
        (
            filter(|f| f.sort = CaseSort::Updated),
            all.clone(),
            "SCAN c USING COVERING INDEX case_open_updated",
        ),
        (
            filter(|f| f.level = Some(Level::Urgent)),
            all.clone(),
            "COVERING INDEX case_by_level",
        ),
        (
            filter(|f| f.watched_by = Some(Id(1))),
            all.clone(),
            "SEARCH v USING PRIMARY KEY (account_id=?)",
        ),
        (
            filter(|f| f.marks = vec![CaseMark::Supervised]),
            all.clone(),
            "COVERING INDEX case_supervised",
        ),
        (
            filter(|f| f.marks = vec![CaseMark::Suspended]),
            all.clone(),
            "COVERING INDEX case_suspended",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.stages = vec![CaseStage::Closed];
                f.category_id = Some(Id(1));
            }),
            all.clone(),
            "COVERING INDEX case_important_by_category ",
        ),
        (
            filter(|f| f.marks = vec![CaseMark::Important]),
            all.clone(),
            "COVERING INDEX case_important",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.area = Some(within.clone());
            }),
            all.clone(),
            "COVERING INDEX case_important_by_street ",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.source = Some("hotline".to_owned());
                f.accepted_from = Some(Timestamp(1));
            }),
            all.clone(),
            "COVERING INDEX case_important_by_source ",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.sort = CaseSort::Due;
            }),
            all.clone(),
            "COVERING INDEX case_open_due",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.level = Some(Level::Critical);
            }),
            all.clone(),
            "COVERING INDEX case_by_level",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.stages = vec![CaseStage::Closed];
            }),
            organisation(false),
            "COVERING INDEX case_organisation_important",
        ),
        (
            filter(|f| f.held_by = vec![path(1)]),
            all.clone(),
            "COVERING INDEX task_open",
        ),
        (
            filter(|f| {
                let place = Awaited {
                    stage: CaseStage::Handling,
                    without_lead: true,
                    processes: vec!["hotline".to_owned()],
                };
                f.awaited = Some((true, vec![place]));
            }),
            all.clone(),
            "COVERING INDEX case_open",
        ),
        (
            filter(|f| f.zone_id = Some(Id(1))),
            all.clone(),
            "SEARCH d USING PRIMARY KEY (zone_id=?)",
        ),
        (
            filter(|f| f.organisation = Some((path(1), true))),
            all.clone(),
            "COVERING INDEX case_organisation_ended (organisation_path=?)",
        ),
        (
            filter(|f| f.organisation = Some((path(1), true))),
            all.clone(),
            "INDEX case_organisation_open (organisation_path=?)",
        ),
        (
            filter(|f| {
                f.organisation = Some((path(1), true));
                f.stages = vec![CaseStage::Closed];
                f.category_id = Some(Id(1));
                f.accepted_from = Some(Timestamp(1));
            }),
            all.clone(),
            "COVERING INDEX case_organisation_ended_by_category (organisation_path=? AND category_id=? AND case_id>?)",
        ),
        (
            filter(|f| {
                f.source = Some("hotline".to_owned());
                f.level = Some(Level::Urgent);
                f.area = Some(AreaFilter::Street(street(1)));
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_street_source (organisation_path=? AND street_path=? AND source=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Closed];
                f.source = Some("hotline".to_owned());
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_source (organisation_path=? AND source=?)",
        ),
        (
            filter(|f| {
                f.category_id = Some(Id(1));
                f.source = Some("hotline".to_owned());
                f.area = Some(AreaFilter::Street(street(1)));
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_street_category (organisation_path=? AND street_path=? AND category_id=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Closed];
                f.area = Some(AreaFilter::Street(street(1)));
                f.accepted_from = Some(Timestamp(1));
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_street (organisation_path=? AND street_path=? AND case_id>?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Closed];
                f.area = Some(within.clone());
                f.category_id = Some(Id(1));
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_village (organisation_path=? AND village_path=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Closed];
                f.area = Some(within.clone());
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_village (organisation_path=? AND village_path=?)",
        ),
        (
            filter(|f| {
                f.stages = vec![CaseStage::Filed];
                f.accepted_from = Some(Timestamp(1));
                f.after = Some(Cursor {
                    at: Timestamp(1),
                    id: Id(1),
                });
            }),
            organisation(false),
            "COVERING INDEX case_open (id>? AND id<?)",
        ),
        (
            filter(|f| {
                f.organisation = Some((path(1), true));
                f.stages = vec![CaseStage::Filed];
            }),
            all.clone(),
            "INDEX case_organisation_open",
        ),
        (
            filter(|f| {
                f.organisation = Some((path(1), false));
                f.stages = vec![CaseStage::Cancelled];
                f.category_id = Some(Id(1));
            }),
            all.clone(),
            "COVERING INDEX case_organisation_dropped (organisation_path=? AND level=?)",
        ),
        (
            filter(|f| {
                f.area = Some(AreaFilter::Street(street(1)));
                f.category_id = Some(Id(1));
                f.source = Some("hotline".to_owned());
            }),
            all.clone(),
            "COVERING INDEX case_by_street_category",
        ),
        (
            filter(|f| {
                f.category_id = Some(Id(1));
                f.source = Some("hotline".to_owned());
                f.level = Some(Level::Urgent);
            }),
            all.clone(),
            "COVERING INDEX case_by_category_source",
        ),
        (
            filter(|f| f.source = Some("hotline".to_owned())),
            Tie::Area(AreaFilter::Street(street(1))),
            "COVERING INDEX case_by_street_source",
        ),
        (
            filter(|f| {
                f.level = Some(Level::Critical);
                f.source = Some("hotline".to_owned());
            }),
            organisation(false),
            "COVERING INDEX case_organisation_by_level (organisation_path=? AND level=?",
        ),
        (
            filter(|f| {
                f.category_id = Some(Id(1));
                f.source = Some("media".to_owned());
                f.area = Some(AreaFilter::Street(street(1)));
                f.source_has_fewer = true;
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_street_source (organisation_path=? AND street_path=? AND source=?)",
        ),
        (
            filter(|f| {
                f.category_id = Some(Id(1));
                f.source = Some("media".to_owned());
            }),
            organisation(true),
            "COVERING INDEX case_organisation_ended_by_category_source (organisation_path=? AND category_id=? AND source=?)",
        ),
        (
            filter(|f| f.category_id = Some(Id(1))),
            organisation(false),
            "COVERING INDEX case_organisation_ended_by_category (organisation_path=? AND category_id=?)",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important];
                f.stages = vec![CaseStage::Cancelled];
            }),
            all.clone(),
            "COVERING INDEX case_dropped (level=?)",
        ),
        (
            filter(|f| {
                f.marks = vec![CaseMark::Important, CaseMark::Supervised];
            }),
            all.clone(),
            "INDEX case_supervised",
        ),
        (
            filter(|_| ()),
            organisation(false),
            "COVERING INDEX case_organisation_ended (organisation_path=?)",
        ),
    ];
    let test_store = sqlite(&[ROOM], &system_clock());
    for (filter, tie, index) in tables {
        let list = compose_cases(&filter, &[tie], Timestamp(1_000));
        let steps = test_store.store.read_blocking(move |tx| plan(tx, &list));
        let steps = steps.unwrap().join("\n");
        assert!(steps.contains(index), "{index}: {filter:?}\n{steps}");
        // The keys are found in their order, a page is put in order once more.
        let keys = steps.split("SCAN k").next().unwrap_or_default();
        let sorts = keys.contains("TEMP B-TREE FOR") && !keys.contains("MERGE");
        assert!(!(sorts && index.contains("case_open_")), "{steps}");
    }
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
