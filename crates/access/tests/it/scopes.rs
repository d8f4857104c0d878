//! Scopes as SQL: the database gives what the decision allows, and by index.

use access::{Reach, Scope, ScopeColumns, Via};
use base::{Id, TreePath};
use store::testing::{each_engine, sqlite, system_clock};
use store::{AsParam as _, Migration, Room, Statement, StoreError, params};

const SCHEMA: &str = "
CREATE TABLE thing (id $id, area_path $key);
CREATE INDEX thing_by_area ON thing (area_path);
CREATE TABLE thing_organisation (thing_id BIGINT NOT NULL, path $key NOT NULL, PRIMARY KEY (thing_id, path)) $clustered;
CREATE TABLE thing_zone (thing_id BIGINT NOT NULL, zone_id BIGINT NOT NULL, PRIMARY KEY (thing_id, zone_id)) $clustered;
";

store::statements! {
    /// A thing.
    THING_ADD = "INSERT INTO thing (id, area_path) VALUES (?1, ?2)";
    /// Whose it is.
    PARTY_ADD = "INSERT INTO thing_organisation (thing_id, path) VALUES (?1, ?2)";
    /// Where it lies.
    ZONE_ADD = "INSERT INTO thing_zone (thing_id, zone_id) VALUES (?1, ?2)";
}

const ROOMS: &[Room] = &[Room {
    name: "things",
    migrations: &[Migration {
        name: "0001_things",
        sql: SCHEMA,
    }],
    statements: STATEMENTS,
    tables: &[],
}];

const COLUMNS: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("t.area_path")),
    organisation: Some(Via::Exists {
        from: "thing_organisation o WHERE o.thing_id = t.id",
        column: "o.path",
    }),
    zone: Some(Via::Exists {
        from: "thing_zone z WHERE z.thing_id = t.id",
        column: "z.zone_id",
    }),
};

struct Thing {
    id: Id,
    area: Option<TreePath>,
    organisations: Vec<TreePath>,
    zones: Vec<Id>,
}

fn paths(texts: &[&str]) -> Vec<TreePath> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn things() -> Vec<Thing> {
    let places = [
        None,
        Some("0001"),
        Some("00010001"),
        Some("0001zzzz0001"),
        Some("0002"),
    ];
    let parties: [&[&str]; 4] = [&[], &["0001"], &["00010001", "0003"], &["0002"]];
    let zones: [&[i64]; 3] = [&[], &[5], &[6, 7]];
    let mut things = Vec::new();
    for place in places {
        for party in parties {
            for zone in zones {
                things.push(Thing {
                    id: Id(i64::try_from(things.len()).unwrap() + 1),
                    area: place.map(|path| path.parse().unwrap()),
                    organisations: paths(party),
                    zones: zone.iter().map(|&id| Id(id)).collect(),
                });
            }
        }
    }
    things
}

fn scopes() -> Vec<Scope> {
    let mut scopes = vec![Scope::all()];
    for areas in [&[][..], &["0001"], &["00010001", "0002"]] {
        for organisations in [&[][..], &["0001"], &["00010001", "0002", "0003"]] {
            for zones in [&[][..], &[Id(5)], &[Id(5), Id(7)]] {
                let scope = Scope {
                    everything: false,
                    areas: paths(areas),
                    organisations: paths(organisations),
                    zones: zones.to_vec(),
                };
                scopes.push(scope.merged());
            }
        }
    }
    scopes
}

#[test]
fn the_database_lists_exactly_what_a_scope_covers() {
    each_engine(ROOMS, |test| {
        let filled = test.store.write_blocking(|tx| {
            for thing in things() {
                tx.post(&THING_ADD, params![thing.id, thing.area])?;
                for path in &thing.organisations {
                    tx.post(&PARTY_ADD, params![thing.id, path])?;
                }
                for zone in &thing.zones {
                    tx.post(&ZONE_ADD, params![thing.id, zone])?;
                }
            }
            Ok::<_, StoreError>(())
        });
        filled.unwrap();
        for scope in scopes() {
            let clause = scope.sql(&COLUMNS, 2);
            let text = format!(
                "SELECT t.id FROM thing t WHERE t.id > ?1 AND {} ORDER BY t.id",
                clause.text()
            );
            let listed = test.store.read_blocking(move |tx| {
                let params: Vec<_> = std::iter::once(0_i64.as_param())
                    .chain(clause.params())
                    .collect();
                tx.query(&Statement::composed(text.clone()), &params, |row| {
                    row.get::<Id>(0)
                })
            });
            let listed: Result<Vec<Id>, StoreError> = listed;
            let covered = |thing: &Thing| {
                let reach = Reach {
                    area_path: thing.area.as_ref(),
                    organisation_paths: &thing.organisations,
                };
                scope.covers(&reach, &thing.zones)
            };
            let expected: Vec<Id> = things()
                .iter()
                .filter(|thing| covered(thing))
                .map(|thing| thing.id)
                .collect();
            assert_eq!(listed.unwrap(), expected, "{scope:?}");
        }
    });
}

/// What SQLite says it would do.
fn plan(sql: &str, rooms: &'static [Room], params_count: usize) -> String {
    let test = sqlite(rooms, &system_clock());
    let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {sql}"));
    let params = vec![1_i64; params_count];
    let read = move |tx: &mut store::Tx<'_>| {
        let params: Vec<_> = params.iter().map(store::AsParam::as_param).collect();
        tx.query(&explain, &params, |row| row.get::<String>(3))
    };
    let steps: Result<Vec<String>, StoreError> = test.store.read_blocking(read);
    steps.unwrap().join("; ")
}

#[test]
fn the_ranges_of_a_scope_are_searched_by_index() {
    let scope = Scope {
        areas: paths(&["0001", "0003"]),
        ..Scope::default()
    };
    let clause = scope.sql(&COLUMNS, 1);
    let text = format!("SELECT t.id FROM thing t WHERE {}", clause.text());
    let steps = plan(&text, ROOMS, clause.params_count());
    assert!(
        steps.contains("thing_by_area (area_path>? AND area_path<?)") && !steps.contains("SCAN"),
        "{steps}"
    );
}

#[test]
fn every_list_of_this_room_is_served_by_an_index() {
    // Those that read a whole small table at the start, and a list by id whose filter is on what is live.
    let whole = [
        "FROM role ORDER BY",
        "FROM sealing_key ORDER BY",
        "FROM organisation ORDER BY id",
    ];
    for statement in access::ROOM.statements {
        let text = statement.text();
        if !text.starts_with("SELECT") || whole.iter().any(|part| text.contains(part)) {
            continue;
        }
        let count = (1..=9).filter(|n| text.contains(&format!("?{n}"))).count();
        let steps = plan(text, &[access::ROOM], count);
        assert!(!steps.contains("SCAN"), "{text}: {steps}");
        assert!(!steps.contains("TEMP B-TREE"), "{text}: {steps}");
    }
}
