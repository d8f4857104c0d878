//! Who may import whom.

use super::source::{crate_of, is_test_file, line_of, without_comments, without_tests};
use super::{Finding, Tree};
use toml::{Table, Value};

/// What stands below everything else.
const GROUND: &[&str] = &["base", "table", "wire"];

/// Each room and the rooms it may import besides itself, as `docs/ARCHITECTURE.md` draws it.
const ALLOWED: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("table", &["base"]),
    ("wire", &["base"]),
    ("media", &["base"]),
    ("calendar", &["base"]),
    ("store", &["base"]),
    ("access", &["base", "store", "table", "wire"]),
    (
        "registry",
        &["base", "table", "wire", "calendar", "store", "access"],
    ),
    (
        "casework",
        &[
            "base", "table", "wire", "media", "calendar", "store", "access", "registry",
        ],
    ),
    ("sensing", &["base", "wire", "store", "access", "registry"]),
    (
        "command",
        &["base", "wire", "calendar", "store", "access", "registry"],
    ),
    (
        "vitals",
        &[
            "base", "wire", "store", "access", "registry", "casework", "sensing",
        ],
    ),
    (
        "evaluation",
        &[
            "base", "wire", "calendar", "store", "access", "registry", "casework", "vitals",
        ],
    ),
    (
        "insight",
        &["base", "wire", "store", "access", "registry", "casework"],
    ),
    (
        "exchange",
        &["base", "wire", "store", "access", "registry", "casework"],
    ),
    (
        "portal",
        &["base", "wire", "store", "access", "registry", "casework"],
    ),
    (
        "linkage",
        &[
            "base", "store", "access", "registry", "casework", "vitals", "sensing", "command",
            "insight", "exchange", "portal",
        ],
    ),
];
/// Who stands above all rooms, and whom even they may not import.
const ABOVE: &[(&str, &[&str])] = &[
    ("sim", &["server", "bench", "xtask"]),
    ("server", &["bench", "xtask"]),
    ("bench", &["xtask"]),
];
/// Database drivers, and who may know them.
const DRIVERS: &[&str] = &["rusqlite", "tokio-postgres", "postgres", "sqlx", "diesel"];
const DRIVER_CRATES: &[&str] = &["store", "bench"];
/// Crates that speak HTTP as a whole; elsewhere axum is known to `http.rs` only.
const HTTP_CRATES: &[&str] = &["wire", "server", "bench", "xtask"];

struct Manifest<'t> {
    path: &'t str,
    name: &'t str,
    table: Table,
}

fn manifests(tree: &Tree) -> Vec<Manifest<'_>> {
    tree.ending("/Cargo.toml")
        .filter_map(|(path, text)| {
            Some(Manifest {
                path,
                name: crate_of(path)?,
                table: text.parse().ok()?,
            })
        })
        .collect()
}

impl Manifest<'_> {
    fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.table
            .get(name)
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
    }
}

/// Rooms import only what lies below them.
pub fn layering(tree: &Tree) -> Vec<Finding> {
    let manifests = manifests(tree);
    let rooms: Vec<&str> = manifests.iter().map(|manifest| manifest.name).collect();
    let mut findings = Vec::new();
    for manifest in &manifests {
        let name = manifest.name;
        let below = ALLOWED.iter().find(|(room, _)| *room == name);
        let above = ABOVE.iter().find(|(room, _)| *room == name);
        if below.is_none() && above.is_none() && name != "xtask" {
            let message = format!("the room `{name}` has no line in the layering: add it to xtask");
            findings.push(Finding::new(manifest.path, 0, message));
            continue;
        }
        for (dependency, _) in manifest.section("dependencies") {
            let dependency = dependency.as_str();
            let known = rooms.contains(&dependency) || GROUND.contains(&dependency);
            let allowed = match (below, above) {
                (Some((_, allowed)), _) => allowed.contains(&dependency),
                (_, Some((_, barred))) => !barred.contains(&dependency),
                _ => false,
            };
            if known && !allowed {
                let message = format!("`{name}` may not import `{dependency}`");
                findings.push(Finding::new(manifest.path, 0, message));
            }
        }
    }
    findings
}

/// Versions stand once, in the root manifest.
pub fn workspace_table(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (dependency, value) in manifest.section(section) {
                let shared = value.get("workspace").and_then(Value::as_bool);
                if shared != Some(true) {
                    let message =
                        format!("`{dependency}` is not taken from [workspace.dependencies]");
                    findings.push(Finding::new(manifest.path, 0, message));
                }
            }
        }
    }
    findings
}

/// What is declared is named: a dependency in the crate's own code, one for tests in its tests.
pub fn unused(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree) {
        let folder = manifest.path.trim_end_matches("Cargo.toml");
        let sources = || {
            tree.ending(".rs")
                .filter(|(path, _)| path.starts_with(folder))
        };
        let code: String = sources()
            .filter(|(path, _)| !is_test_file(path))
            .map(|(_, text)| without_comments(without_tests(text)))
            .collect();
        let all: String = sources().map(|(_, text)| without_comments(text)).collect();
        for (section, text) in [("dependencies", &code), ("dev-dependencies", &all)] {
            for (dependency, _) in manifest.section(section) {
                if !names_crate(text, &dependency.replace('-', "_")) {
                    let message = format!("`{dependency}` of [{section}] is used nowhere");
                    findings.push(Finding::new(manifest.path, 0, message));
                }
            }
        }
    }
    findings
}

/// Whether a path that begins with the crate `name`, or a `use` of the crate itself, is in `code`.
fn names_crate(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let begins = !before.ends_with(is_word) && !before.ends_with("::");
        begins
            && (after.starts_with("::") || before.ends_with("use ") && !after.starts_with(is_word))
    })
}

/// Only `store` (and `bench`, for its references) knows a database driver.
pub fn drivers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree) {
        if DRIVER_CRATES.contains(&manifest.name) {
            continue;
        }
        for (dependency, _) in manifest.section("dependencies") {
            if DRIVERS.contains(&dependency.as_str()) {
                let message = format!("`{dependency}` is known to `store` only");
                findings.push(Finding::new(manifest.path, 0, message));
            }
        }
    }
    findings
}

/// Axum is known to `http.rs` files, `wire` and `server`.
pub fn axum_places(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let speaks_http = path.ends_with("/http.rs") || path.contains("/http/");
        let exempt = crate_of(path).is_none_or(|name| HTTP_CRATES.contains(&name));
        if speaks_http || exempt || is_test_file(path) {
            continue;
        }
        let code = without_comments(without_tests(text));
        for word in ["axum::", "utoipa_axum::"] {
            if let Some(at) = code.find(word) {
                let message = "axum belongs into http.rs";
                findings.push(Finding::new(path, line_of(&code, at), message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(dependencies: &str) -> String {
        format!("[package]\nname = \"x\"\n[dependencies]\n{dependencies}\n")
    }

    #[test]
    fn a_room_may_import_what_lies_below_it() {
        let casework = manifest("registry.workspace = true\nserde.workspace = true");
        let registry = manifest("access.workspace = true");
        let server = manifest("casework.workspace = true");
        let tree = Tree::of(&[
            ("crates/casework/Cargo.toml", &casework),
            ("crates/registry/Cargo.toml", &registry),
            ("crates/server/Cargo.toml", &server),
        ]);
        assert_eq!(layering(&tree), []);
    }

    #[test]
    fn a_room_may_not_import_what_lies_beside_or_above_it() {
        let registry = manifest("casework.workspace = true");
        let casework = manifest("server.workspace = true");
        let sim = manifest("server.workspace = true");
        let tree = Tree::of(&[
            ("crates/casework/Cargo.toml", &casework),
            ("crates/registry/Cargo.toml", &registry),
            ("crates/server/Cargo.toml", &manifest("")),
            ("crates/sim/Cargo.toml", &sim),
        ]);
        assert_eq!(layering(&tree).len(), 3);
    }

    #[test]
    fn a_room_without_a_place_in_the_layering_is_found() {
        let tree = Tree::of(&[("crates/attic/Cargo.toml", &manifest(""))]);
        assert_eq!(layering(&tree).len(), 1);
    }

    #[test]
    fn a_version_outside_the_workspace_table_is_found() {
        let good = Tree::of(&[(
            "crates/base/Cargo.toml",
            &manifest("serde.workspace = true"),
        )]);
        let bad = Tree::of(&[("crates/base/Cargo.toml", &manifest("serde = \"1\""))]);
        assert_eq!(workspace_table(&good), []);
        assert_eq!(workspace_table(&bad).len(), 1);
    }

    #[test]
    fn a_dependency_that_nothing_names_is_found() {
        let unused_with = |dependencies: &str, path: &str, source: &str| {
            let manifest = manifest(dependencies);
            unused(&Tree::of(&[
                ("crates/base/Cargo.toml", &manifest),
                (path, source),
            ]))
            .len()
        };
        let both = "aes-gcm.workspace = true\nserde.workspace = true";
        let named = "use serde::Serialize;\nfn x() { aes_gcm::seal() }";
        assert_eq!(unused_with(both, "crates/base/src/lib.rs", named), 0);
        assert_eq!(unused_with(both, "crates/other/src/lib.rs", named), 2);
        let in_words =
            "// serde::Serialize\nuse other::serde::X;\nuse my_serde::Y;\nfn aes_gcm() {}";
        assert_eq!(unused_with(both, "crates/base/src/lib.rs", in_words), 2);
        let for_tests = "[dev-dependencies]\ntower.workspace = true";
        let test = "#[cfg(test)]\nmod tests { use tower::x; }";
        assert_eq!(unused_with(for_tests, "crates/base/src/lib.rs", test), 0);
        assert_eq!(
            unused_with(for_tests, "crates/base/tests/it/main.rs", "use tower as t;"),
            0
        );
        let of_code = "tower.workspace = true";
        assert_eq!(unused_with(of_code, "crates/base/src/lib.rs", test), 1);
        assert_eq!(
            unused_with(of_code, "crates/base/tests/it/main.rs", "use tower::x;"),
            1
        );
    }

    #[test]
    fn a_driver_outside_store_is_found() {
        let drivers_in =
            |path: &str| drivers(&Tree::of(&[(path, &manifest("rusqlite.workspace = true"))]));
        assert_eq!(drivers_in("crates/store/Cargo.toml"), []);
        assert_eq!(drivers_in("crates/casework/Cargo.toml").len(), 1);
    }

    #[test]
    fn axum_outside_http_is_found() {
        let axum_in =
            |path: &str| axum_places(&Tree::of(&[(path, "//! x\n\nuse axum::Router;\n")]));
        assert_eq!(axum_in("crates/casework/src/http.rs"), []);
        assert_eq!(axum_in("crates/casework/src/http/views.rs"), []);
        assert_eq!(axum_in("crates/server/src/gate.rs"), []);
        let found = axum_in("crates/casework/src/service.rs");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 3);
    }
}
