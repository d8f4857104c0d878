//! Every part of a list has its index, and every combination of filters is understood by both engines.

use super::*;
use crate::store::ROOM;
use ::store::testing::{each_engine, sqlite, system_clock};

/// The steps of the plan SQLite makes of a list.
fn plan(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<String>, StoreError> {
    let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", list.statement.text()));
    tx.query(&explain, &list.params(), |row| row.get::<String>(3))
}

fn path(n: u32) -> TreePath {
    TreePath::root(n).unwrap()
}

#[test]
fn every_part_is_served_by_its_index() {
    let root = path(1);
    let finished = (TaskKind::Verify, TaskState::Finished);
    let of_kind = TaskFilter {
        kind: Some(TaskKind::Verify),
        limit: 51,
        ..TaskFilter::default()
    };
    let overdue = TaskFilter {
        overdue_at: Some(Timestamp(9)),
        limit: 51,
        ..TaskFilter::default()
    };
    let due = TaskFilter {
        sort: TaskSort::Due,
        limit: 51,
        ..TaskFilter::default()
    };
    let any = TaskFilter {
        limit: 51,
        ..TaskFilter::default()
    };
    // With the index, and whether the newest come first out of it.
    let expected = [
        (Part::All, &any, "SCAN t", true),
        (
            Part::Open(Some(&root)),
            &due,
            "COVERING INDEX task_open",
            false,
        ),
        (
            Part::Mine(Id(1), Some(&root)),
            &overdue,
            "task_by_assignee",
            false,
        ),
        (Part::Open(Some(&root)), &overdue, "task_open", false),
        (Part::Open(None), &of_kind, "task_open", false),
        (
            Part::Held(finished, &root),
            &of_kind,
            "COVERING INDEX task_ended_by_holder (kind=? AND state=? AND organisation_path=?",
            true,
        ),
        (
            Part::Within(finished, Some(&root)),
            &of_kind,
            "COVERING INDEX task_ended_by_holder (kind=? AND state=? AND organisation_path>?",
            true,
        ),
        (
            Part::Within(finished, None),
            &of_kind,
            "COVERING INDEX task_ended",
            true,
        ),
        (
            Part::Among(finished, Some(&root)),
            &of_kind,
            "COVERING INDEX task_ended (kind=? AND state=?",
            true,
        ),
    ];
    let expected = expected.map(|(part, filter, index, is_ordered)| {
        let mut composer = Composer::default();
        let is_listed = !matches!(part, Part::Within(..));
        let text = if is_listed {
            page_keys(&mut composer, filter, &[part])
        } else {
            keys(&mut composer, filter, &part)
        };
        let list = Composed {
            statement: Statement::composed(text),
            values: composer.values,
        };
        (list, index, is_ordered)
    });
    let test_store = sqlite(&[ROOM], &system_clock());
    test_store
        .store
        .read_blocking(move |tx| {
            for (list, index, is_ordered) in &expected {
                let plan = plan(tx, list)?.join("\n");
                let text = list.statement.text();
                assert!(plan.contains(index), "{text}\n{plan}");
                let sorts = plan.contains("TEMP B-TREE FOR ORDER BY");
                assert_eq!(sorts, !*is_ordered, "{text}\n{plan}");
            }
            let list = compose_holders(&[finished], std::slice::from_ref(&root)).unwrap();
            let plan = plan(tx, &list)?.join("\n");
            let step = "COVERING INDEX task_ended_by_holder (kind=? AND state=? AND organisation_path>? AND organisation_path<?)";
            assert_eq!(plan.matches(step).count(), 2, "{plan}");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn subtrees_within_one_another_are_asked_for_once() {
    let (above, below, other) = (path(1), path(1).child(2).unwrap(), path(3));
    let scope = Scope {
        organisations: vec![below.clone(), above.clone(), other.clone(), below.clone()],
        ..Scope::default()
    };
    let of = |wanted: Option<&TreePath>| {
        let filter = TaskFilter {
            organisation_path: wanted.cloned(),
            ..TaskFilter::default()
        };
        roots(&filter, &scope)
    };
    assert_eq!(of(None), Some(vec![above.clone(), other]));
    assert_eq!(of(Some(&below)), Some(vec![below]));
    assert_eq!(of(Some(&path(4))), Some(Vec::new()));
    assert_eq!(roots(&TaskFilter::default(), &Scope::all()), None);
}

#[test]
fn both_engines_understand_every_combination_of_filters() {
    let scopes = [
        Scope::all(),
        Scope {
            areas: vec![path(1), path(2)],
            organisations: vec![path(3)],
            ..Scope::default()
        },
        Scope {
            organisations: vec![path(1), path(3)],
            ..Scope::default()
        },
    ];
    each_engine(&[ROOM], |test_store| {
        let scopes = scopes.clone();
        test_store
            .store
            .read_blocking(move |tx| {
                for scope in &scopes {
                    for mask in 0..256 {
                        let has = |bit: usize| mask & (1 << bit) != 0;
                        let filter = TaskFilter {
                            state: has(0).then_some(if has(6) {
                                TaskState::Accepted
                            } else {
                                TaskState::Finished
                            }),
                            kind: has(1).then_some(TaskKind::Inspect),
                            organisation_path: has(2).then(|| path(1)),
                            assignee: has(4).then_some(Id(1)),
                            overdue_at: has(5).then_some(Timestamp(9)),
                            sort: if has(7) {
                                TaskSort::Due
                            } else {
                                TaskSort::Newest
                            },
                            after: has(3).then_some(Cursor {
                                at: Timestamp(5),
                                id: Id(1),
                            }),
                            limit: 51,
                        };
                        assert_eq!(count(tx, &filter, scope)?, 0);
                        assert_eq!(tasks(tx, &filter, scope)?.len(), 0);
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

/// One task of each state and kind for each of these organisations, over and over.
fn filled(
    tx: &mut Tx<'_>,
    held_by: &[TreePath],
) -> Result<Vec<(Id, TreePath, TaskState, TaskKind)>, StoreError> {
    let add = Statement::composed(
        "INSERT INTO task (id, case_id, kind, role, organisation_id, organisation_path, state, handling_started_at, handling_yellow_at,
         handling_due_at, response_overdue, handling_overdue, opened_at, assignee, handled_by, rework_count, extra)
         VALUES (?1, 1, ?2, 'lead', 1, ?3, ?4, 1, 2, ?5, FALSE, FALSE, 1, ?6, '[]', 0, '{}')"
            .to_owned(),
    );
    let mut made = Vec::new();
    for round in 0..2 {
        for (n, path) in (0..).zip(held_by) {
            for state in TaskState::ALL {
                for kind in TaskKind::ALL {
                    let id = Id(i64::try_from(made.len()).unwrap() + 1);
                    let due_at = Timestamp(if round == 0 { 5 } else { 50 });
                    let assignee = Id(n % 2);
                    tx.post(
                        &add,
                        ::store::params![id, kind.as_str(), path, state.as_str(), due_at, assignee],
                    )?;
                    made.push((id, path.clone(), *state, *kind));
                }
            }
        }
    }
    Ok(made)
}

#[test]
fn lists_and_counts_are_what_looking_at_every_task_finds() {
    // The first root holds by more organisations than are asked one by one.
    let many = u32::try_from(HOLDERS_MAX).unwrap() + 1;
    let below = |root: u32, count: u32| (1..=count).map(move |n| path(root).child(n).unwrap());
    let held_by: Vec<TreePath> = below(1, many).chain(below(2, 2)).chain([path(3)]).collect();
    let within = |roots: &[u32]| Scope {
        organisations: roots.iter().map(|n| path(*n)).collect(),
        ..Scope::default()
    };
    let scopes = [Scope::all(), within(&[1]), within(&[2, 3]), within(&[1, 2])];
    let mut filters = Vec::new();
    for state in [None]
        .into_iter()
        .chain(TaskState::ALL.iter().copied().map(Some))
    {
        for kind in [None, Some(TaskKind::Verify)] {
            let after = Cursor {
                at: Timestamp(0),
                id: Id(701),
            };
            for (after, limit) in [(None, 7), (Some(after), 30), (None, 5_000)] {
                filters.push(TaskFilter {
                    state,
                    kind,
                    after,
                    limit,
                    ..TaskFilter::default()
                });
            }
        }
    }
    filters.push(TaskFilter {
        organisation_path: Some(path(1).child(3).unwrap()),
        limit: 9,
        ..TaskFilter::default()
    });
    each_engine(&[ROOM], |test_store| {
        let (scopes, filters, held_by) = (scopes.clone(), filters.clone(), held_by.clone());
        test_store
            .store
            .write_blocking(move |tx| {
                let made = filled(tx, &held_by)?;
                for scope in &scopes {
                    for filter in &filters {
                        let expected = made.iter().rev().filter(|(id, path, state, kind)| {
                            let is_within = |root: &TreePath| root.contains(path);
                            (scope.everything || scope.organisations.iter().any(is_within))
                                && filter.organisation_path.as_ref().is_none_or(is_within)
                                && filter.state.is_none_or(|wanted| wanted == *state)
                                && filter.kind.is_none_or(|wanted| wanted == *kind)
                                && filter.after.is_none_or(|after| *id < after.id)
                        });
                        let limit = usize::try_from(filter.limit).unwrap();
                        let expected: Vec<Id> = expected.map(|each| each.0).take(limit).collect();
                        let found: Vec<Id> = tasks(tx, filter, scope)?
                            .iter()
                            .map(|row| row.task.id)
                            .collect();
                        assert_eq!(found, expected, "{filter:?} {scope:?}");
                        let counted = count(tx, filter, scope)?;
                        assert_eq!(
                            usize::try_from(counted).unwrap(),
                            expected.len(),
                            "{filter:?} {scope:?}"
                        );
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn what_is_due_first_comes_first_page_by_page() {
    let held_by = [path(1), path(2)];
    each_engine(&[ROOM], |test_store| {
        let held_by = held_by.clone();
        test_store
            .store
            .write_blocking(move |tx| {
                let made = filled(tx, &held_by)?;
                // All were made due at 5 in the first round and at 50 in the second; one that waits to be accepted is due sooner by
                // its response, one later.
                let respond = Statement::composed(
                    "UPDATE task SET response_due_at = ?2 WHERE id = ?1".to_owned(),
                );
                let (first, last) = (made[0].0, made[made.len() / 2].0);
                tx.post(&respond, ::store::params![first, Timestamp(70)])?;
                tx.post(&respond, ::store::params![last, Timestamp(2)])?;
                let due = |id: Id| {
                    let round = i64::from(id.0 > i64::try_from(made.len()).unwrap() / 2);
                    let by_round = [5, 50][usize::try_from(round).unwrap()];
                    match id {
                        id if id == first => 70,
                        id if id == last => 2,
                        _ => by_round,
                    }
                };
                let mut expected: Vec<Id> = made
                    .iter()
                    .filter(|(_, _, state, _)| state.is_open())
                    .map(|each| each.0)
                    .collect();
                expected.sort_by_key(|id| (due(*id), id.0));
                let mut found: Vec<Id> = Vec::new();
                loop {
                    let after = found.last().map(|id| Cursor {
                        at: Timestamp(due(*id)),
                        id: *id,
                    });
                    let filter = TaskFilter {
                        sort: TaskSort::Due,
                        after,
                        limit: 5,
                        ..TaskFilter::default()
                    };
                    let page = tasks(tx, &filter, &Scope::all())?;
                    if page.is_empty() {
                        break;
                    }
                    found.extend(page.iter().map(|row| row.task.id));
                }
                assert_eq!(found, expected);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

#[test]
fn overdue_and_own_tasks_are_among_the_open_ones_of_the_scope() {
    let held_by = [path(1), path(2)];
    each_engine(&[ROOM], |test_store| {
        let held_by = held_by.clone();
        test_store
            .store
            .write_blocking(move |tx| {
                let made = filled(tx, &held_by)?;
                let scope = Scope {
                    organisations: vec![path(2)],
                    ..Scope::default()
                };
                // Of the first round, those of the second organisation, which its second person works on.
                let filter = TaskFilter {
                    overdue_at: Some(Timestamp(9)),
                    limit: 100,
                    ..TaskFilter::default()
                };
                let mine = TaskFilter {
                    assignee: Some(Id(1)),
                    ..filter.clone()
                };
                let not_mine = TaskFilter {
                    assignee: Some(Id(0)),
                    ..filter.clone()
                };
                let round = i64::try_from(made.len() / 2).unwrap();
                let expected: Vec<Id> = made
                    .iter()
                    .rev()
                    .filter(|(id, path, state, _)| {
                        id.0 <= round && *path == held_by[1] && state.is_open()
                    })
                    .map(|each| each.0)
                    .collect();
                assert_eq!(expected.len(), 8);
                for (filter, expected) in [
                    (filter, &expected),
                    (mine, &expected),
                    (not_mine, &Vec::new()),
                ] {
                    let found: Vec<Id> = tasks(tx, &filter, &scope)?
                        .iter()
                        .map(|row| row.task.id)
                        .collect();
                    assert_eq!(&found, expected);
                    assert_eq!(
                        usize::try_from(count(tx, &filter, &scope)?).unwrap(),
                        expected.len()
                    );
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}
