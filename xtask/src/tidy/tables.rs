//! One writer per table: only the crate whose migrations create a table writes to it.

use super::source::{crate_of, is_a, is_test_file, line_of, without_comments, without_tests};
use super::{Finding, Tree};
use regex::Regex;
use std::collections::BTreeMap;

const CREATE: &str =
    r"(?i)\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z_][a-z0-9_]*)";
const WRITE: &str =
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+([a-z_][a-z0-9_]*)";
/// `bench` writes raw rows as the reference its figures are compared with.
const EXEMPT: &[&str] = &["bench", "xtask"];

/// Writes to another room's table.
pub fn one_writer(tree: &Tree) -> Vec<Finding> {
    let (Ok(create), Ok(write)) = (Regex::new(CREATE), Regex::new(WRITE)) else {
        return vec![Finding::new("xtask", 0, "a pattern of this rule is broken")];
    };
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    let sources = || tree.files().filter(|(path, _)| is_product_source(path));
    for (path, text) in sources() {
        let Some(room) = crate_of(path) else { continue };
        for found in create.captures_iter(without_tests(text)) {
            let Some(table) = found.get(1) else { continue };
            let owner = *owners.entry(table.as_str()).or_insert(room);
            if owner != room {
                let message = format!("`{owner}` already creates the table `{}`", table.as_str());
                findings.push(Finding::new(path, line_of(text, table.start()), message));
            }
        }
    }
    for (path, text) in sources() {
        let Some(room) = crate_of(path) else { continue };
        let code = without_comments(without_tests(text));
        for found in write.captures_iter(&code) {
            let Some(table) = found.get(1) else { continue };
            // A table nobody creates is a temporary one or a word in prose.
            let owner = owners.get(table.as_str()).copied().unwrap_or(room);
            if owner != room {
                let message = format!("`{}` is written by `{owner}` only", table.as_str());
                findings.push(Finding::new(path, line_of(&code, table.start()), message));
            }
        }
    }
    findings
}

fn is_product_source(path: &str) -> bool {
    let written = is_a(path, "rs") || is_a(path, "sql");
    let exempt = crate_of(path).is_none_or(|name| EXEMPT.contains(&name));
    written && !exempt && !is_test_file(path)
}

/// A migration opens with a comment that says why.
pub fn migration_headers(tree: &Tree) -> Vec<Finding> {
    tree.ending(".sql")
        .filter(|(path, text)| path.contains("/migrations/") && !text.starts_with("-- "))
        .map(|(path, _)| Finding::new(path, 1, "a migration opens with `-- ` and says why"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATION: (&str, &str) = (
        "crates/casework/migrations/0001_cases.sql",
        "-- Cases.\nCREATE TABLE case_file (id $id);\n",
    );

    fn writes(path: &str, statement: &str) -> Vec<Finding> {
        one_writer(&Tree::of(&[MIGRATION, (path, statement)]))
    }

    #[test]
    fn the_room_that_creates_a_table_writes_it_and_others_read_it() {
        let inside = "const A: &str = \"INSERT INTO case_file (id) VALUES (?1)\";";
        assert_eq!(writes("crates/casework/src/store.rs", inside), []);
        let reading = "const A: &str = \"SELECT id FROM case_file\";";
        assert_eq!(writes("crates/insight/src/store.rs", reading), []);
    }

    #[test]
    fn every_way_to_write_another_rooms_table_is_found() {
        for statement in [
            "\"INSERT INTO case_file (id) VALUES (?1)\"",
            "\"UPDATE case_file SET id = 1\"",
            "\"DELETE FROM case_file\"",
            "\"INSERT\n  INTO case_file DEFAULT VALUES\"",
        ] {
            let found = writes("crates/insight/src/store.rs", statement);
            assert_eq!(found.len(), 1, "{statement}");
        }
    }

    #[test]
    fn two_rooms_cannot_create_one_table() {
        let again = (
            "crates/insight/migrations/0001_x.sql",
            "-- X.\nCREATE TABLE case_file (id $id);\n",
        );
        assert_eq!(one_writer(&Tree::of(&[MIGRATION, again])).len(), 1);
    }

    #[test]
    fn a_migration_without_a_reason_is_found() {
        assert_eq!(migration_headers(&Tree::of(&[MIGRATION])), []);
        let bare = (
            "crates/casework/migrations/0002_x.sql",
            "CREATE TABLE x (id $id);\n",
        );
        assert_eq!(migration_headers(&Tree::of(&[bare])).len(), 1);
    }
}
