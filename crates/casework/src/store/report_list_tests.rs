//! Every filter has its index, every combination is understood by both engines and finds what looking at every report finds.

use super::*;
use crate::store::{REPORT_ADD, REPORT_MOVE, ROOM};
use ::store::testing::{each_engine, sqlite, system_clock};
use base::path::TreePath;

fn path(n: u32) -> TreePath {
    TreePath::root(n).unwrap()
}

fn street(n: u32) -> TreePath {
    path(1).child(n).unwrap()
}

fn within(village: u32) -> AreaFilter {
    AreaFilter::Within {
        street: street(1),
        village: Some(street(1).child(village).unwrap()),
        area: street(1).child(village).unwrap(),
    }
}

/// Of the whole city, by an area and an organisation, and by one area.
fn seers() -> Vec<(Scope, Option<AreaFilter>)> {
    let area = |path| Scope {
        areas: vec![path],
        ..Scope::default()
    };
    vec![
        (Scope::all(), None),
        (
            Scope {
                areas: vec![street(1), path(2)],
                organisations: vec![path(3)],
                ..Scope::default()
            },
            None,
        ),
        (area(path(1)), Some(AreaFilter::Above(path(1)))),
        (area(street(1)), Some(AreaFilter::Street(street(1)))),
        (area(street(1).child(2).unwrap()), Some(within(2))),
    ]
}

/// The steps of the plan SQLite makes of a list.
pub(in crate::store) fn plan(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<String>, StoreError> {
    let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", list.statement.text()));
    tx.query(&explain, &list.params(), |row| row.get::<String>(3))
}

fn filter(set: impl FnOnce(&mut ReportFilter)) -> ReportFilter {
    let mut filter = ReportFilter {
        limit: 51,
        ..ReportFilter::default()
    };
    set(&mut filter);
    filter
}

/// Filters with the step that begins their plan, and whether the order comes from that index.
fn expected() -> Vec<(ReportFilter, &'static str, bool)> {
    vec![
        (filter(|_| ()), "SCAN r", true),
        (
            filter(|f| f.stage = Some(ReportStage::Received)),
            "report_by_stage (stage=?)",
            true,
        ),
        (
            filter(|f| {
                f.claimed = Some(Claimed::Nobody);
                f.area = Some(within(1));
                f.source = Some("media".to_owned());
            }),
            "COVERING INDEX report_by_stage (stage=?)",
            true,
        ),
        (
            filter(|f| f.claimed = Some(Claimed::By(Id(1)))),
            "report_by_claimer (claimed_by=?)",
            true,
        ),
        (
            filter(|f| f.level = Some(Level::Urgent)),
            "report_by_level (level=?)",
            true,
        ),
        (
            filter(|f| f.report_no = Some("SQ".to_owned())),
            "report_by_no (report_no>? AND report_no<?)",
            false,
        ),
        (
            filter(|f| f.light = Some((Light::Red, Timestamp(9)))),
            "report_by_pool_due (pool_due_at",
            false,
        ),
        (
            filter(|f| {
                f.area = Some(AreaFilter::Street(street(1)));
                f.source = Some("hotline".to_owned());
                f.level = Some(Level::Normal);
            }),
            "COVERING INDEX report_by_street (street_path=?)",
            true,
        ),
        (
            filter(|f| {
                f.area = Some(within(1));
                f.source = Some("media".to_owned());
                f.source_has_few = true;
                f.after = Some(Id(9));
            }),
            "COVERING INDEX report_by_village (village_path=? AND id<?)",
            true,
        ),
        (
            filter(|f| {
                f.area = Some(AreaFilter::Street(street(1)));
                f.source = Some("media".to_owned());
                f.source_has_few = true;
            }),
            "COVERING INDEX report_by_source (source=?)",
            true,
        ),
        (
            filter(|f| {
                f.level = Some(Level::Critical);
                f.stage = Some(ReportStage::Rejected);
            }),
            "COVERING INDEX report_by_level (level=?)",
            true,
        ),
        (
            filter(|f| {
                f.area = Some(AreaFilter::Street(street(1)));
                f.stage = Some(ReportStage::Rejected);
            }),
            "COVERING INDEX report_by_stage (stage=?)",
            true,
        ),
    ]
}

#[test]
fn every_filter_is_served_by_its_index() {
    let test_store = sqlite(&[ROOM], &system_clock());
    test_store
        .store
        .read_blocking(|tx| {
            for (filter, index, is_ordered) in expected() {
                let list = compose_reports(&filter, &Scope::all(), None);
                let plan = plan(tx, &list)?;
                let text = list.statement.text();
                // The keys come first; the page, fifty rows, is put in order once more.
                let keys: Vec<&String> = plan
                    .iter()
                    .take_while(|step| !step.starts_with("SCAN k"))
                    .collect();
                assert!(
                    keys.iter().any(|step| step.contains(index)),
                    "{index}\n{text}\n{plan:?}"
                );
                let sorts = keys.iter().any(|step| step.contains("TEMP B-TREE"));
                assert_eq!(sorts, !is_ordered, "{text}\n{plan:?}");
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// What a report is here.
#[derive(Clone, Debug)]
struct Made {
    id: Id,
    stage: ReportStage,
    level: Level,
    source: &'static str,
    claimed_by: Option<Id>,
    due_at: Option<Timestamp>,
    organisation: TreePath,
    area: TreePath,
}

fn make(tx: &mut Tx<'_>, count: i64) -> Result<Vec<Made>, StoreError> {
    let mut made = Vec::new();
    for n in 1..=count {
        let draw = |salt: u64, of: usize| {
            let mixed = (n.unsigned_abs() ^ (salt << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            usize::try_from(mixed >> 40).unwrap() % of
        };
        let pick = |salt, of| u32::try_from(1 + draw(salt, of)).unwrap();
        let street = street(pick(1, 2));
        let village = street.child(pick(2, 2)).unwrap();
        let area = match draw(3, 3) {
            0 => village.child(3).unwrap(),
            _ => village.clone(),
        };
        let report = Made {
            id: Id(n),
            stage: ReportStage::ALL[draw(4, ReportStage::ALL.len())],
            level: Level::ALL[draw(5, Level::ALL.len())],
            source: ["hotline", "media"][draw(6, 2)],
            claimed_by: (draw(7, 3) == 0).then_some(Id(1)),
            due_at: (draw(8, 3) > 0).then(|| Timestamp(i64::try_from(draw(9, 20)).unwrap())),
            organisation: path(pick(10, 4)),
            area,
        };
        let nothing: Option<&str> = None;
        let no_bytes: Option<Vec<u8>> = None;
        let yellow_at = report.due_at.map(|at| Timestamp(at.0 - 3));
        tx.post(
            &REPORT_ADD,
            ::store::params![
                report.id,
                1_i64,
                format!("SQ310118-20261121-{n:05}"),
                report.stage.as_str(),
                report.source,
                no_bytes,
                "",
                no_bytes,
                no_bytes,
                no_bytes,
                false,
                report.area,
                None::<f64>,
                None::<f64>,
                nothing,
                nothing,
                1_i64,
                report.organisation,
                0_i64,
                0_i64,
                None::<i64>,
                "{}",
                report.level.as_str(),
                yellow_at,
                yellow_at,
                report.due_at,
                street,
                village
            ],
        )?;
        tx.post(
            &REPORT_MOVE,
            ::store::params![
                report.id,
                1_i64,
                2_i64,
                report.stage.as_str(),
                None::<i64>,
                None::<i64>,
                "{}",
                report.claimed_by,
                yellow_at,
                yellow_at,
                report.due_at
            ],
        )?;
        made.push(report);
    }
    Ok(made)
}

/// Whether a filter means a report, by looking at it.
fn is_meant(report: &Made, filter: &ReportFilter, scope: &Scope) -> bool {
    let is_seen = scope.everything
        || scope.areas.iter().any(|path| path.contains(&report.area))
        || (scope.organisations.iter()).any(|path| path.contains(&report.organisation));
    let is_claimed = match filter.claimed {
        None => true,
        Some(Claimed::By(staff_id)) => report.claimed_by == Some(staff_id),
        Some(Claimed::Nobody) => {
            report.claimed_by.is_none()
                && (filter.stage.is_some() || report.stage == ReportStage::Received)
        }
    };
    let is_lit = filter.light.is_none_or(|(light, now)| {
        report.due_at.is_some_and(|due| {
            let yellow = Timestamp(due.0 - 3);
            match light {
                Light::Red => due < now,
                Light::Yellow => due >= now && yellow <= now,
                Light::Green => yellow > now,
            }
        })
    });
    is_seen
        && is_claimed
        && is_lit
        && filter.stage.is_none_or(|stage| stage == report.stage)
        && filter.level.is_none_or(|level| level == report.level)
        && (filter.source.as_deref()).is_none_or(|source| source == report.source)
        && (filter.area.as_ref()).is_none_or(|area| area.path().contains(&report.area))
        && filter.report_no.is_none()
        && filter.after.is_none_or(|after| report.id < after)
}

#[test]
fn every_combination_finds_what_looking_at_every_report_finds() {
    each_engine(&[ROOM], |test_store| {
        let made = test_store.store.write_blocking(|tx| make(tx, 300)).unwrap();
        test_store
            .store
            .read_blocking(move |tx| {
                let mut found_any = 0;
                for (scope, seen) in seers() {
                    for mask in 0..1024_u32 {
                        let has = |bit: u32| mask & (1 << bit) != 0;
                        let filter = filter(|f| {
                            f.stage = has(0).then_some(if has(4) {
                                ReportStage::Settled
                            } else {
                                ReportStage::Received
                            });
                            f.level = has(3).then_some(if has(1) {
                                Level::Normal
                            } else {
                                Level::Urgent
                            });
                            f.claimed = has(4).then_some(if has(3) {
                                Claimed::Nobody
                            } else {
                                Claimed::By(Id(1))
                            });
                            f.light = has(5).then_some(if has(6) {
                                (Light::Yellow, Timestamp(9))
                            } else {
                                (Light::Green, Timestamp(9))
                            });
                            f.area = match (has(7), has(6)) {
                                (true, true) => Some(within(1)),
                                (true, false) => Some(AreaFilter::Street(street(1))),
                                (false, _) => None,
                            };
                            f.source = has(8).then(|| "media".to_owned());
                            f.source_has_few = has(8) && has(2);
                            f.after = has(2).then_some(Id(200));
                            f.limit = 20;
                            // Numbers of another day: nothing.
                            f.report_no = has(9).then(|| "SQ310118-20261120".to_owned());
                        });
                        let list = compose_reports(&filter, &scope, seen.as_ref());
                        let found: Vec<Id> = reports(tx, &list)?
                            .into_iter()
                            .map(|listed| listed.row.report.id)
                            .collect();
                        let meant: Vec<Id> = made
                            .iter()
                            .rev()
                            .filter(|report| is_meant(report, &filter, &scope))
                            .map(|report| report.id)
                            .take(20)
                            .collect();
                        assert_eq!(found, meant, "{filter:?} {scope:?}");
                        found_any += usize::from(!found.is_empty());
                    }
                }
                assert!(found_any > 500, "{found_any}");
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
