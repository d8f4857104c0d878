//! By which index each filter is served.

use super::tests::{organisation, path, street};
use super::*;
use crate::model::{CaseStage, Level};
use crate::store::ROOM;
use crate::store::report_list::tests::plan;
use ::store::testing::{sqlite, system_clock};

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
            filter(|f| {
                f.within = MapBox::parse("121.1,31.1,121.2,31.2").map(|within| (within, true));
            }),
            all.clone(),
            "COVERING INDEX case_by_place (lon>? AND lon<?)",
        ),
        (
            filter(|f| {
                f.within = MapBox::parse("121.1,31.1,121.2,31.2").map(|within| (within, true));
                f.area = Some(within.clone());
                f.category_id = Some(Id(1));
            }),
            all.clone(),
            "INDEX case_by_place (lon>? AND lon<?)",
        ),
        (
            filter(|f| {
                f.within = MapBox::parse("121.1,31.1,121.2,31.2").map(|within| (within, false));
                f.sort = CaseSort::Due;
            }),
            all.clone(),
            "INDEX case_open_due",
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
            filter(|f| f.marks = vec![CaseMark::Asked]),
            all.clone(),
            "COVERING INDEX case_asked",
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
