//! Every filter has its index, and every combination is understood by both engines.

use super::*;
use crate::store::ROOM;
use ::store::testing::{each_engine, sqlite, system_clock};

fn path(n: u32) -> TreePath {
    TreePath::root(n).unwrap()
}

fn scopes() -> [Scope; 3] {
    [
        Scope::all(),
        Scope {
            areas: vec![path(1), path(2)],
            organisations: vec![path(3)],
            ..Scope::default()
        },
        Scope {
            organisations: vec![path(3)],
            ..Scope::default()
        },
    ]
}

/// The plan SQLite makes of a list: the details of its steps, one a line.
fn plan(tx: &mut Tx<'_>, list: &Composed) -> Result<String, StoreError> {
    let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", list.statement.text()));
    let steps = tx.query(&explain, &list.params(), |row| row.get::<String>(3))?;
    Ok(steps.join("\n"))
}

/// Lists with the index that each must use, and whether its order comes from that index.
fn expected() -> Vec<(Composed, &'static str, bool)> {
    let (all, now) = (Scope::all(), Timestamp(1_000));
    let cases = |change: fn(&mut CaseFilter)| {
        let mut filter = CaseFilter {
            limit: 51,
            ..CaseFilter::default()
        };
        change(&mut filter);
        compose_cases(&filter, &all, now)
    };
    let tasks = |filter: TaskFilter, scope: &Scope| compose_tasks(&filter, scope);
    let reports = |filter: ReportFilter| compose_reports(&filter, &all);
    vec![
        (cases(|_| ()), "SCAN c", true),
        (
            cases(|f| f.stage = Some(CaseStage::Filed)),
            "case_by_stage",
            true,
        ),
        (
            cases(|f| f.area = Some(AreaFilter::District(path(1)))),
            "case_by_district",
            true,
        ),
        (
            cases(|f| f.area = Some(AreaFilter::Street(path(1)))),
            "case_by_street",
            true,
        ),
        (
            cases(|f| {
                f.area = Some(AreaFilter::Within {
                    street: path(1),
                    area: path(1),
                });
            }),
            "case_by_street",
            true,
        ),
        (
            cases(|f| f.area = Some(AreaFilter::Above(path(1)))),
            "case_by_district",
            false,
        ),
        (
            cases(|f| f.category_id = Some(Id(1))),
            "case_by_category",
            true,
        ),
        (
            cases(|f| f.source = Some("hotline".to_owned())),
            "case_by_source",
            true,
        ),
        (
            cases(|f| f.case_no = Some("310118".to_owned())),
            "case_by_no",
            false,
        ),
        (
            cases(|f| f.organisation_path = Some(path(1))),
            "case_organisation_by_path",
            true,
        ),
        (cases(|f| f.light = Some(Light::Red)), "case_by_due", false),
        (
            cases(|f| f.light = Some(Light::Yellow)),
            "case_by_due",
            false,
        ),
        (
            cases(|f| f.light = Some(Light::Green)),
            "case_by_due",
            false,
        ),
        (cases(|f| f.sort = CaseSort::Due), "case_by_due", true),
        (
            cases(|f| {
                f.sort = CaseSort::Due;
                f.light = Some(Light::Red);
            }),
            "case_by_due",
            true,
        ),
        (
            tasks(
                TaskFilter {
                    organisation_path: Some(path(1)),
                    limit: 51,
                    ..TaskFilter::default()
                },
                &all,
            ),
            "task_by_holder",
            false,
        ),
        (
            tasks(
                TaskFilter {
                    state: Some(TaskState::Assigned),
                    limit: 51,
                    ..TaskFilter::default()
                },
                &scopes()[2],
            ),
            "task_by_holder",
            false,
        ),
        (
            reports(ReportFilter {
                stage: Some(ReportStage::Received),
                limit: 51,
                ..ReportFilter::default()
            }),
            "report_by_stage",
            true,
        ),
        (
            reports(ReportFilter {
                report_no: Some("SQ".to_owned()),
                limit: 51,
                ..ReportFilter::default()
            }),
            "report_by_no",
            false,
        ),
    ]
}

#[test]
fn every_filter_is_served_by_its_index() {
    let test_store = sqlite(&[ROOM], &system_clock());
    test_store
        .store
        .read_blocking(|tx| {
            for (list, index, is_ordered) in expected() {
                let plan = plan(tx, &list)?;
                let text = list.statement.text();
                assert!(plan.contains(index), "{text}\n{plan}");
                let sorts = plan.contains("TEMP B-TREE FOR ORDER BY");
                assert_eq!(sorts, !is_ordered, "{text}\n{plan}");
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn the_scope_of_a_list_looks_organisations_up_by_key() {
    let test_store = sqlite(&[ROOM], &system_clock());
    test_store
        .store
        .read_blocking(|tx| {
            let filter = CaseFilter {
                limit: 51,
                ..CaseFilter::default()
            };
            let list = compose_cases(&filter, &scopes()[1], Timestamp(0));
            let plan = plan(tx, &list)?;
            assert!(plan.contains("SEARCH o USING PRIMARY KEY (case_id=? AND organisation_path>? AND organisation_path<?)"), "{plan}");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// The filter that the bits of `mask` choose; the kinds of area and light go round.
fn filter_of(mask: usize) -> CaseFilter {
    let has = |bit: usize| mask & (1 << bit) != 0;
    let areas = [
        AreaFilter::District(path(1)),
        AreaFilter::Street(path(1)),
        AreaFilter::Above(path(1)),
        AreaFilter::Within {
            street: path(1),
            area: path(1),
        },
    ];
    let lights = [Light::Green, Light::Yellow, Light::Red];
    CaseFilter {
        stage: has(0).then_some(CaseStage::Handling),
        area: has(1).then(|| areas[(mask >> 2) % 4].clone()),
        category_id: has(2).then_some(Id(1)),
        organisation_path: has(3).then(|| path(1)),
        light: has(4).then(|| lights[(mask >> 5) % 3]),
        source: has(5).then(|| "hotline".to_owned()),
        case_no: has(6).then(|| "310118".to_owned()),
        sort: if has(7) {
            CaseSort::Due
        } else {
            CaseSort::Newest
        },
        after: has(8).then_some(Cursor {
            due_at: Timestamp(5),
            id: Id(5),
        }),
        limit: 51,
    }
}

#[test]
fn both_engines_understand_every_combination_of_filters() {
    each_engine(&[ROOM], |test_store| {
        test_store
            .store
            .read_blocking(|tx| {
                for scope in scopes() {
                    for mask in 0..512 {
                        let list = compose_cases(&filter_of(mask), &scope, Timestamp(7));
                        assert_eq!(cases(tx, &list)?.len(), 0);
                    }
                    for mask in 0..16 {
                        let has = |bit: usize| mask & (1 << bit) != 0;
                        let filter = TaskFilter {
                            state: has(0).then_some(TaskState::Accepted),
                            kind: has(1).then_some(TaskKind::Inspect),
                            organisation_path: has(2).then(|| path(1)),
                            after: has(3).then_some(Id(1)),
                            limit: 51,
                        };
                        assert_eq!(tasks(tx, &compose_tasks(&filter, &scope))?.len(), 0);
                    }
                    for mask in 0..8 {
                        let has = |bit: usize| mask & (1 << bit) != 0;
                        let filter = ReportFilter {
                            stage: has(0).then_some(ReportStage::Received),
                            report_no: has(1).then(|| "SQ".to_owned()),
                            after: has(2).then_some(Id(1)),
                            limit: 51,
                        };
                        assert_eq!(reports(tx, &compose_reports(&filter, &scope))?.len(), 0);
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
