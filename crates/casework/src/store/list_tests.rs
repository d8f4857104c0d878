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

/// The steps of the plan SQLite makes of a list.
pub(in crate::store) fn plan(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<String>, StoreError> {
    let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", list.statement.text()));
    tx.query(&explain, &list.params(), |row| row.get::<String>(3))
}

/// Lists with the index that each must use, and whether its order comes from that index.
fn expected() -> Vec<(Composed, &'static str, bool)> {
    let all = Scope::all();
    let reports = |filter: ReportFilter| compose_reports(&filter, &all);
    vec![
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
                claimed: Some(Claimed::Nobody),
                limit: 51,
                ..ReportFilter::default()
            }),
            "report_by_stage",
            true,
        ),
        (
            reports(ReportFilter {
                claimed: Some(Claimed::By(Id(1))),
                limit: 51,
                ..ReportFilter::default()
            }),
            "report_by_claimer",
            true,
        ),
        (
            reports(ReportFilter {
                level: Some(Level::Urgent),
                limit: 51,
                ..ReportFilter::default()
            }),
            "report_by_level",
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
        (
            reports(ReportFilter {
                light: Some((Light::Red, Timestamp(9))),
                limit: 51,
                ..ReportFilter::default()
            }),
            "report_by_pool_due",
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
                let plan = plan(tx, &list)?.join("\n");
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
fn both_engines_understand_every_combination_of_filters() {
    each_engine(&[ROOM], |test_store| {
        test_store
            .store
            .read_blocking(|tx| {
                for scope in scopes() {
                    for mask in 0..128 {
                        let has = |bit: usize| mask & (1 << bit) != 0;
                        let filter = ReportFilter {
                            stage: has(0).then_some(ReportStage::Received),
                            level: has(3).then_some(Level::Urgent),
                            claimed: has(4).then_some(if has(3) {
                                Claimed::Nobody
                            } else {
                                Claimed::By(Id(1))
                            }),
                            report_no: has(1).then(|| "SQ".to_owned()),
                            light: has(5).then_some(if has(6) {
                                (Light::Yellow, Timestamp(9))
                            } else {
                                (Light::Green, Timestamp(9))
                            }),
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
