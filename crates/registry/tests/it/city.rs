//! A registry on a fresh store, and the shorthand of the import tests.

use access::Principal;
use base::{AreaCode, Id, TreePath};
use calendar::BareUnits;
use registry::{
    AreaImport, AreaParent, BoundaryImport, Registry, RegistryError, StandardImport, StandardKey,
};
use std::future::Future;
use store::testing::{TestStore, each_engine};
use table::{Report, Table};

/// Runs `test` on each engine.
pub fn on_each_engine(test: impl Fn(&TestStore, &Registry)) {
    each_engine(&[registry::ROOM], |fresh| {
        let registry = wait(Registry::open(fresh.store.clone())).unwrap();
        test(fresh, &registry);
    });
}

/// Runs a future to its end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Somebody at the machine.
pub fn console() -> Principal {
    Principal::console(Id(1), TreePath::root(1).unwrap())
}

/// A table of real data; none where there are none.
pub fn real_table(file: &str) -> Option<Table> {
    let path = table::testing::real_data(file)?;
    Some(Table::read(&std::fs::read(path).unwrap(), file).unwrap())
}

/// A table from text.
pub fn csv(text: &str) -> Table {
    Table::read(text.as_bytes(), "test.csv").unwrap()
}

/// Under a district given by code and name.
pub fn under(code: &str, name: &str) -> AreaImport {
    AreaImport {
        parent: Some(AreaParent {
            code: AreaCode::parse(code).unwrap(),
            name: Some(name.to_owned()),
        }),
        ..AreaImport::default()
    }
}

/// A standard with the usual units.
pub fn standard(code: &str, version: &str, name: &str) -> StandardImport {
    StandardImport {
        dry_run: false,
        key: StandardKey {
            code: code.to_owned(),
            version: version.to_owned(),
        },
        name: name.to_owned(),
        effective_from: None,
        effective_to: None,
        bare_units: BareUnits::default(),
    }
}

/// Imports areas from the console.
pub fn import_areas(
    registry: &Registry,
    table: &Table,
    options: &AreaImport,
) -> Result<Report, RegistryError> {
    wait(registry.area_import(&console(), table, options, |_| ()))
}

/// Imports outlines from the console.
pub fn import_boundaries(
    registry: &Registry,
    geojson: &[u8],
    options: &BoundaryImport,
) -> Result<Report, RegistryError> {
    wait(registry.boundary_import(&console(), geojson, options, |_| ()))
}

/// Imports a standard from the console.
pub fn import_standard(
    registry: &Registry,
    table: &Table,
    options: &StandardImport,
) -> Result<Report, RegistryError> {
    wait(registry.standard_import(&console(), table, options, |_| ()))
}

/// Read, stored, unchanged, rejected.
pub fn counts(report: &Report) -> (u64, u64, u64, usize) {
    assert!(report.adds_up(), "{report:?}");
    (
        report.read,
        report.stored,
        report.unchanged,
        report.rejected.len(),
    )
}

/// Row, column and reason of what was rejected.
pub fn rejections(report: &Report) -> Vec<(u64, &str, &str)> {
    report
        .rejected
        .iter()
        .map(|error| {
            (
                error.row,
                error.column.as_deref().unwrap_or_default(),
                error.reason.as_str(),
            )
        })
        .collect()
}

/// How many rows a table of the store has; `count` is a statement that counts them.
pub fn count(fresh: &TestStore, count: &str) -> i64 {
    let statement = store::Statement::composed(count.to_owned());
    fresh
        .store
        .read_blocking(move |tx| tx.query_opt(&statement, &[], |row| row.get::<i64>(0)))
        .unwrap()
        .unwrap_or_default()
}
