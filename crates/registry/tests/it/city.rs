//! A registry on a fresh store, and the shorthand of the import tests.

use access::{
    Access, AccessOptions, Organisation, OrganisationKind, OrganisationNew, Principal, RoleBook,
    Sealer,
};
use base::{AreaCode, Clock, Id, ManualClock, SeededChance, TreePath};
use calendar::BareUnits;
use registry::{
    AreaImport, AreaParent, BoundaryImport, Registry, RegistryError, StandardImport, StandardKey,
};
use std::future::Future;
use std::sync::Arc;
use store::testing::{TestStore, each_engine, each_engine_at};
use table::{Report, Table};

/// Runs `test` on each engine.
pub fn on_each_engine(test: impl Fn(&TestStore, &Registry)) {
    each_engine(&[registry::ROOM], |fresh| {
        let registry = wait(Registry::open(fresh.store.clone())).unwrap();
        test(fresh, &registry);
    });
}

/// A registry that knows organisations and people, on each engine, at a fixed time: `2026-11-20T09:00:00+08:00`.
pub fn on_each_engine_with_access(test: impl Fn(&TestStore, &Registry, &Access)) {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(
        "2026-11-20T09:00:00+08:00".parse().unwrap(),
    ));
    each_engine_at(&[access::ROOM, registry::ROOM], &clock, |fresh| {
        let sealer = Sealer::ephemeral(Arc::new(SeededChance::new(5)));
        let options = AccessOptions::default();
        let access = Access::open(fresh.store.clone(), sealer, options).unwrap();
        let registry = wait(Registry::open(fresh.store.clone())).unwrap();
        registry.know(access.clone());
        test(fresh, &registry, &access);
    });
}

/// An organisation, entered from the console.
pub fn organisation(
    access: &Access,
    code: &str,
    name: &str,
    parent: Option<Id>,
) -> Arc<Organisation> {
    let new = OrganisationNew {
        code: code.to_owned(),
        name: name.to_owned(),
        kind: OrganisationKind::Department,
        parent_id: parent,
        home_area_path: None,
        credit_code: None,
    };
    wait(access.organisation_create(&console(), new, None)).unwrap()
}

/// Somebody with one role in an organisation.
pub fn member(organisation: &Organisation, role: &str, area: Option<TreePath>) -> Principal {
    let role = RoleBook::built_in().unwrap().get(role).unwrap().clone();
    Principal {
        account_id: Id(40),
        staff_id: Id(41),
        staff_name: "张三".to_owned(),
        means: access::Means::Session(Id(42)),
        memberships: vec![access::Membership {
            id: Id(43),
            organisation_id: organisation.id,
            organisation_name: organisation.name.clone(),
            organisation_path: organisation.path.clone(),
            role: role.code.clone(),
            area_path: area,
            zone_ids: Vec::new(),
            granted: role,
        }],
        narrowed_to: None,
        must_change_password: false,
    }
}

/// Asks the routes of the registry.
pub fn request(
    registry: &Registry,
    who: &Principal,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&serde_json::Value>,
) -> (
    axum::http::StatusCode,
    axum::http::HeaderMap,
    serde_json::Value,
) {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let app = registry::http::router(registry.clone()).split_for_parts().0;
    let mut request = axum::http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(axum::body::Body::empty, |body| body.to_string().into());
    let request = request.extension(Arc::new(who.clone())).body(body).unwrap();
    wait(async move {
        let answer = app.oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        (parts.status, parts.headers, json)
    })
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
