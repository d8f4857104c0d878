//! Every rule of casework names the tests that prove it, and those tests exist.

use super::source::line_of;
use super::{Finding, Tree};
use regex::Regex;

/// The page that maps the rules of casework to their tests.
const PAGE: &str = "docs/CASEWORK.md";
/// How a row begins to tell that its rule is not proven yet.
const OPEN: &str = "Open:";

/// In the tables of the page the last cell names at least one test, or says what is open. A test is named as the test runner
/// prints it: `casework::it law::name`, `calendar work_calendar::tests::name`.
pub fn proven(tree: &Tree) -> Vec<Finding> {
    let Ok(named) = Regex::new("`([a-z]+)(?:::([a-z]+))? ((?:[a-z0-9_]+::)+)([a-z0-9_]+)`") else {
        return vec![Finding::new("xtask", 0, "a pattern of this rule is broken")];
    };
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md").filter(|(path, _)| *path == PAGE) {
        for captures in named.captures_iter(text) {
            let part = |n| captures.get(n).map_or("", |found| found.as_str());
            if !exists(tree, part(1), part(2), part(3), part(4)) {
                let at = captures.get(0).map_or(0, |found| found.start());
                let message = format!("there is no test {}", part(0));
                findings.push(Finding::new(path, line_of(text, at), message));
            }
        }
        for (n, line) in text.lines().enumerate() {
            let Some(row) = line.strip_prefix('|') else {
                continue;
            };
            let row = row.trim_end().trim_end_matches('|');
            let cell = row.rsplit('|').next().unwrap_or_default().trim();
            let is_rule = !cell.is_empty() && cell.chars().all(|c| "-: ".contains(c));
            let is_head = cell == "Proven by" || is_rule;
            if !is_head && !named.is_match(cell) && !cell.starts_with(OPEN) {
                let message = "this rule names no test and does not say what is open";
                findings.push(Finding::new(path, n + 1, message));
            }
        }
    }
    findings
}

/// `modules` ends with `::`. Without a binary it is a test within the sources, whose last module may be the file's own `tests`.
fn exists(tree: &Tree, room: &str, binary: &str, modules: &str, name: &str) -> bool {
    let folder = if binary.is_empty() {
        format!("crates/{room}/src")
    } else {
        format!("crates/{room}/tests/{binary}")
    };
    let whole = modules.trim_end_matches("::");
    let outer = whole.strip_suffix("::tests").unwrap_or(whole);
    [whole, outer].iter().any(|modules| {
        let file = modules.replace("::", "/");
        let places = [
            format!("{folder}/{file}.rs"),
            format!("{folder}/{file}/mod.rs"),
            format!("{folder}/{file}_tests.rs"),
        ];
        let mut texts = tree
            .ending(".rs")
            .filter(|(path, _)| places.iter().any(|p| p == path));
        texts.any(|(_, text)| has_test(text, name))
    })
}

/// A function of that name under a test attribute.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let opening = format!("fn {name}(");
    let heads = (lines.iter().enumerate()).filter(|(_, line)| {
        (line.strip_prefix("async ").unwrap_or(line)).starts_with(opening.as_str())
    });
    heads.into_iter().any(|(n, _)| {
        let above = lines.iter().take(n).rev();
        let mut attributes =
            above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: &str = "#[test]\nfn it_holds() {}\n\nfn helper() {}\n";

    fn findings(page: &str) -> usize {
        let tree = Tree::of(&[
            (PAGE, page),
            ("docs/API.md", "`casework::it gone::gone`"),
            ("crates/casework/tests/it/law.rs", LAW),
            (
                "crates/casework/src/clocks.rs",
                "mod tests {\n    #[tokio::test]\n    async fn lit() {}\n}",
            ),
        ]);
        proven(&tree).len()
    }

    #[test]
    fn rows_with_tests_that_exist_and_open_rows_pass() {
        let head = "| Rule | Proven by |\n|---|---|\n";
        for row in [
            "| a | `casework::it law::it_holds` |",
            "| a | `casework clocks::tests::lit` |",
            "| a | Open: nobody has worked it out |",
        ] {
            assert_eq!(findings(&format!("{head}{row}\n")), 0, "{row}");
        }
    }

    #[test]
    fn rows_without_a_test_and_tests_that_are_none_are_found() {
        for row in [
            "| a | |",
            "| `casework::it law::it_holds` | later |",
            "| a | `casework::it law::it_held` |",
            "| a | `casework::it law::helper` |",
            "| a | `casework clocks::it_holds` |",
            "| a | `registry::it law::it_holds` |",
        ] {
            assert_eq!(findings(row), 1, "{row}");
        }
    }
}
