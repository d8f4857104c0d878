//! The house rules, each a small function from the tree to its findings.
//!
//! A rule is pure over a [`Tree`], so that its test feeds it a good and a bad tree of three lines. What clippy and rustfmt
//! can hold is held there and not repeated here.

mod codes;
mod docs;
mod hidden;
mod imports;
mod law;
mod source;
mod tables;
mod text;
mod tree;

pub use tree::{Finding, Tree};

/// A rule by name.
type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

/// All rules, in the order they are reported.
const RULES: &[Rule] = &[
    ("imports follow the layering", imports::layering),
    (
        "dependencies come from the workspace table",
        imports::workspace_table,
    ),
    ("no dependency is declared for nothing", imports::unused),
    ("database drivers stay in store", imports::drivers),
    (
        "axum stays in http.rs, wire and server",
        imports::axum_places,
    ),
    ("one writer per table", tables::one_writer),
    ("migrations say why", tables::migration_headers),
    (
        "no hidden clock, chance or environment",
        hidden::hidden_inputs,
    ),
    ("modules open with their purpose", text::module_docs),
    ("files stay short", text::file_length),
    ("nothing is left standing in", text::stand_ins),
    ("no paths of one machine", text::machine_paths),
    ("lock files name no registry host", text::lock_hosts),
    ("paths in docs exist", docs::paths_exist),
    ("rules of casework name their tests", law::proven),
    ("problem codes are listed", codes::listed),
    ("listed codes are translated", codes::translated),
];

/// Every finding of every rule.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, rule) in RULES {
        findings.extend(rule(tree).into_iter().map(|finding| finding.of_rule(name)));
    }
    findings
}
