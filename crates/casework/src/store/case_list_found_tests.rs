//! Lists and counts of cases against looking at every case.

use super::tests::{filter_of, organisation, path, seers, street};
use super::*;
use crate::model::{CaseStage, Level};
use crate::store::list::count;
use crate::store::{CASE_ORGANISATION_ADD, ROOM};
use ::store::testing::each_engine;

/// What a case is here.
#[derive(Clone, Debug)]
struct Made {
    id: Id,
    stage: CaseStage,
    level: Level,
    source: &'static str,
    category_id: Id,
    /// Grid, village, street and district, from the bottom.
    area: TreePath,
    /// Some have none.
    point: Option<Point>,
    organisations: Vec<TreePath>,
    is_important: bool,
    due_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// So many cases, each unlike the others, with the organisations beside them.
fn filled(tx: &mut Tx<'_>, count: i64) -> Result<Vec<Made>, StoreError> {
    let add = Statement::composed(
        "INSERT INTO case_file (id, version, case_no, stage, level, source, category_id, area_path, street_path, village_path,
         process_code, process_version, words_digest, accepted_by_id, accepted_by_path, yellow_at, due_at, rework_count, accepted_at,
         updated_at, is_important, is_supervised, is_suspended, is_asked, extra, lon, lat)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'hotline', 1, '', 1, '0001', ?10, ?11, 0, ?1, ?12, ?13, FALSE, FALSE, FALSE, '{}', ?14, ?15)"
            .to_owned(),
    );
    let mut made = Vec::new();
    for n in 1..=count {
        let draw = |salt: u64, of: usize| {
            let mixed = (n.unsigned_abs() ^ (salt << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            usize::try_from(mixed >> 40).unwrap() % of
        };
        let street = street(u32::try_from(1 + draw(1, 2)).unwrap());
        let village = street
            .child(u32::try_from(1 + draw(2, 2)).unwrap())
            .unwrap();
        let area = match draw(3, 3) {
            0 => village.child(3).unwrap(),
            _ => village.clone(),
        };
        let case = Made {
            id: Id(n),
            stage: CaseStage::ALL[draw(4, CaseStage::ALL.len())],
            level: Level::ALL[draw(5, Level::ALL.len())],
            source: ["hotline", "media"][draw(6, 2)],
            category_id: Id(i64::try_from(1 + draw(7, 2)).unwrap()),
            organisations: [path(3), path(4), path(5)]
                .into_iter()
                .enumerate()
                .filter_map(|(k, path)| (draw(8 + k as u64, 2) == 0).then_some(path))
                .collect(),
            is_important: draw(12, 3) == 0,
            due_at: (draw(13, 4) > 0).then(|| Timestamp(i64::try_from(draw(14, 20)).unwrap())),
            updated_at: Timestamp(i64::try_from(draw(15, 30)).unwrap()),
            area,
            point: (draw(16, 5) > 0).then(|| Point {
                lon: [121.0, 121.1, 121.2, 121.3, 121.4][draw(17, 5)],
                lat: [31.0, 31.1, 31.3, 31.31][draw(18, 4)],
            }),
        };
        let is_dropped = matches!(case.stage, CaseStage::Cancelled | CaseStage::Merged);
        tx.post(
            &add,
            ::store::params![
                case.id,
                format!("310118-20261121-{n:05}"),
                case.stage.as_str(),
                case.level.as_str(),
                case.source,
                case.category_id,
                case.area,
                street,
                village,
                case.due_at.map(|at| Timestamp(at.0 - 3)),
                case.due_at,
                case.updated_at,
                case.is_important,
                case.point.map(|point| point.lon),
                case.point.map(|point| point.lat)
            ],
        )?;
        for path in &case.organisations {
            tx.post(
                &CASE_ORGANISATION_ADD,
                ::store::params![
                    case.id,
                    path,
                    case.stage.is_open(),
                    is_dropped,
                    case.is_important,
                    case.level.as_str(),
                    case.area,
                    case.category_id,
                    case.source
                ],
            )?;
        }
        made.push(case);
    }
    Ok(made)
}

/// Whether a filter means a case, by looking at it; of what [`filter_of`] can ask and the test leaves in.
fn is_meant(case: &Made, filter: &CaseFilter, now: Timestamp) -> bool {
    let light = |light: Light| {
        let due = case.due_at?;
        Some(match light {
            Light::Red => due < now,
            Light::Yellow => due >= now && due.0 - 3 <= now.0,
            Light::Green => due >= now && due.0 - 3 > now.0,
        })
    };
    let after = |cursor: Cursor| match filter.sort {
        CaseSort::Newest => case.id < cursor.id,
        CaseSort::Due => case
            .due_at
            .is_some_and(|at| (at, case.id) > (cursor.at, cursor.id)),
        CaseSort::Updated => (case.updated_at, case.id) < (cursor.at, cursor.id),
    };
    (filter.stages.is_empty() || filter.stages.contains(&case.stage))
        && filter.level.is_none_or(|level| level == case.level)
        && (filter.area.as_ref()).is_none_or(|area| area.path().contains(&case.area))
        && filter.within.as_ref().is_none_or(|(within, _)| {
            case.point.is_some_and(|at| {
                (within.west..=within.east).contains(&at.lon)
                    && (within.south..=within.north).contains(&at.lat)
            })
        })
        && filter.category_id.is_none_or(|id| id == case.category_id)
        && (filter.source.as_ref()).is_none_or(|source| source == case.source)
        && (filter.organisation.as_ref()).is_none_or(|(path, _)| case.organisations.contains(path))
        && (filter.marks.is_empty() || case.is_important)
        && filter
            .light
            .is_none_or(|wanted| light(wanted) == Some(true))
        && (!filter.is_open() || case.stage.is_open())
        && (filter.sort != CaseSort::Due || case.due_at.is_some())
        && filter
            .accepted_from
            .is_none_or(|from| case.id >= Id::first_at(from))
        && filter.after.is_none_or(after)
}

fn is_seen(case: &Made, tie: &Tie) -> bool {
    match tie {
        Tie::Everything => true,
        Tie::Area(area) => area.path().contains(&case.area),
        Tie::Organisation { path, .. } => case.organisations.contains(path),
        Tie::Zone(_) => false,
    }
}

#[test]
fn lists_and_counts_are_what_looking_at_every_case_finds() {
    let mut ties = seers();
    ties.push(vec![
        organisation(true),
        Tie::Organisation {
            path: path(4),
            has_few: false,
        },
    ]);
    each_engine(&[ROOM], |test_store| {
        let ties = ties.clone();
        let step = if test_store.store.is_postgres() {
            17
        } else {
            3
        };
        test_store
            .store
            .write_blocking(move |tx| {
                let made = filled(tx, 400)?;
                let now = Timestamp(10);
                for mask in (0..2048).step_by(step) {
                    let mut filter = filter_of(mask);
                    // Looked up elsewhere than in the case: other tests.
                    filter.zone_id = None;
                    filter.case_no = None;
                    filter.watched_by = None;
                    filter.awaited = None;
                    filter.held_by.clear();
                    filter.not_held_by.clear();
                    filter.marks.retain(|mark| *mark == CaseMark::Important);
                    (filter.accepted_from, filter.accepted_to) = (None, None);
                    if let Some(cursor) = &mut filter.after {
                        cursor.id = Id(211);
                    }
                    filter.limit = [7, 500][mask % 2];
                    for tie in &ties {
                        let mut expected: Vec<&Made> = made
                            .iter()
                            .filter(|case| is_meant(case, &filter, now))
                            .filter(|case| tie.iter().any(|tie| is_seen(case, tie)))
                            .collect();
                        match filter.sort {
                            CaseSort::Newest => expected.sort_by_key(|case| Reverse(case.id)),
                            CaseSort::Due => expected.sort_by_key(|case| (case.due_at, case.id)),
                            CaseSort::Updated => {
                                expected.sort_by_key(|case| Reverse((case.updated_at, case.id)));
                            }
                        }
                        let limit = usize::try_from(filter.limit).unwrap();
                        let expected: Vec<Id> = expected
                            .into_iter()
                            .map(|case| case.id)
                            .take(limit)
                            .collect();
                        let list = compose_cases(&filter, tie, now);
                        let found: Vec<Id> =
                            cases(tx, &list)?.iter().map(|row| row.case.id).collect();
                        assert_eq!(
                            found,
                            expected,
                            "{filter:?} {tie:?}\n{}",
                            list.statement.text()
                        );
                        let counted = count(tx, &compose_count(&filter, tie, now))?;
                        assert_eq!(usize::try_from(counted).unwrap(), expected.len());
                        if filter.within.is_some() && expected.len() < limit {
                            let placed = places(tx, &compose_places(&filter, tie, now), now)?;
                            let mut placed: Vec<Id> = placed.iter().map(|at| at.id).collect();
                            let mut expected = expected.clone();
                            placed.sort_unstable();
                            expected.sort_unstable();
                            assert_eq!(placed, expected, "{filter:?} {tie:?}");
                        }
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
