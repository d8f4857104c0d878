//! Every filter has its index, and every combination is understood by both engines.

use super::lists::*;
use crate::component::cell::around;
use crate::model::ComponentState;
use ::store::testing::{each_engine, sqlite, system_clock};
use ::store::{Statement, StoreError, Tx};
use base::{Id, Point, TreePath};

/// The plan SQLite makes: the details of its steps, one a line.
fn plan(tx: &mut Tx<'_>, list: &Composed) -> Result<String, StoreError> {
    let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", list.statement.text()));
    let steps = tx.query(&explain, &list.params(), |row| row.get::<String>(3))?;
    Ok(steps.join("\n"))
}

/// Every combination of filters.
fn combinations() -> Vec<ComponentFilter> {
    let mut all = vec![ComponentFilter::default()];
    let mut vary = |change: &dyn Fn(&mut ComponentFilter)| {
        let varied: Vec<ComponentFilter> = all
            .iter()
            .map(|filter| {
                let mut filter = filter.clone();
                change(&mut filter);
                filter
            })
            .collect();
        all.extend(varied);
    };
    vary(&|f| f.area_path = Some(TreePath::root(1).unwrap()));
    vary(&|f| f.category_ids = vec![Id(1)]);
    vary(&|f| f.state = Some(ComponentState::Damaged));
    vary(&|f| f.supervisor_id = Some(Id(2)));
    vary(&|f| f.owner_id = Some(Id(3)));
    vary(&|f| f.maintainer_id = Some(Id(4)));
    let intact = ComponentFilter {
        state: Some(ComponentState::Intact),
        ..ComponentFilter::default()
    };
    all.push(intact.clone());
    all.push(ComponentFilter {
        category_ids: vec![Id(1)],
        ..intact
    });
    all
}

/// The index that must lead a list.
fn leader(filter: &ComponentFilter) -> &'static str {
    if filter.state == Some(ComponentState::Damaged) {
        "component_by_state (state=?"
    } else if filter.maintainer_id.is_some() {
        "component_by_maintainer (maintainer_id=? AND category_id=?"
    } else if filter.owner_id.is_some() {
        "component_by_owner (owner_id=? AND category_id=?"
    } else if filter.supervisor_id.is_some() {
        "component_by_supervisor (supervisor_id=? AND category_id=?"
    } else if !filter.category_ids.is_empty() {
        "component_by_category (category_id=?"
    } else {
        "component_by_area"
    }
}

#[test]
fn every_list_walks_its_index_and_sorts_nothing() {
    let fresh = sqlite(&[crate::ROOM], &system_clock());
    let cursor = ComponentCursor::parse("00010002.17").unwrap();
    for mut filter in combinations() {
        let of_organisation = filter
            .maintainer_id
            .or(filter.owner_id)
            .or(filter.supervisor_id);
        if of_organisation.is_some() && filter.category_ids.is_empty() {
            // Its categories are found first, and each is a list.
            filter.category_ids = vec![Id(1)];
        }
        for after in [None, Some(&cursor)] {
            let list = compose_list(&filter, after, 51);
            let text = list.statement.text().to_owned();
            let steps = fresh
                .store
                .read_blocking(move |tx| plan(tx, &list))
                .unwrap();
            assert!(steps.contains(leader(&filter)), "{text}\n{steps}");
            assert!(!steps.contains("TEMP B-TREE"), "{text}\n{steps}");
            let bounded = filter.area_path.is_some() || after.is_some();
            if bounded {
                assert!(
                    steps.contains("area_path") || steps.contains("(area_path,id)"),
                    "{text}\n{steps}"
                );
            }
        }
    }
}

#[test]
fn the_categories_of_an_organisation_are_found_by_leaps() {
    let fresh = sqlite(&[crate::ROOM], &system_clock());
    for column in ["maintainer_id", "owner_id", "supervisor_id"] {
        let list = compose_categories(column, Id(1));
        let steps = fresh
            .store
            .read_blocking(move |tx| plan(tx, &list))
            .unwrap();
        let index = column.replace("_id", "");
        for range in [
            format!("({column}=?)"),
            format!("({column}=? AND category_id>?)"),
        ] {
            let step = format!("USING COVERING INDEX component_by_{index} {range}");
            assert!(steps.contains(&step), "{steps}");
        }
    }
}

#[test]
fn what_is_near_is_found_by_ranges_of_cells() {
    let fresh = sqlite(&[crate::ROOM], &system_clock());
    let place = Point {
        lon: 121.1,
        lat: 31.1,
    };
    for filter in combinations() {
        let list = compose_frame(&around(place, 500.0), &filter, 100);
        let text = list.statement.text().to_owned();
        let steps = fresh
            .store
            .read_blocking(move |tx| plan(tx, &list))
            .unwrap();
        let index = if filter.category_ids.is_empty() {
            "component_by_cell (cell>? AND cell<?)"
        } else {
            "component_by_category_cell (category_id=? AND cell>? AND cell<?)"
        };
        assert!(steps.contains(index), "{text}\n{steps}");
    }
}

#[test]
fn every_combination_is_understood_by_both_engines() {
    each_engine(&[crate::ROOM], |fresh| {
        let cursor = ComponentCursor::parse(".17").unwrap();
        for filter in combinations() {
            for after in [None, Some(cursor.clone())] {
                let filter = filter.clone();
                let read = fresh.store.read_blocking(move |tx| {
                    components(tx, &filter, after.as_ref(), 51)?;
                    for reach_m in [1.0, 5_000.0, 40_000.0] {
                        let place = Point {
                            lon: 121.1,
                            lat: 31.1,
                        };
                        components_within(tx, &around(place, reach_m), &filter, 10)?;
                    }
                    Ok::<_, StoreError>(())
                });
                read.unwrap();
            }
        }
    });
}
