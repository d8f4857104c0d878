//! Paths named in the docs exist.

use super::source::{is_a, line_of};
use super::{Finding, Tree};
use regex::Regex;

/// In backquotes something that looks like a path is checked when it begins with one of these, or with the name of a room
/// and names a Rust file (`casework/store.rs` stands for `crates/casework/src/store.rs`).
const TOP: &[&str] = &[
    "crates",
    "docs",
    "bench",
    "xtask",
    "scripts",
    "deploy",
    "scenarios",
    "web",
    "e2e",
    ".ci",
    ".cargo",
];

/// Links and paths in `README*.md`, `docs/**` and the README of each folder.
pub fn paths_exist(tree: &Tree) -> Vec<Finding> {
    let (Ok(link), Ok(quoted)) = (Regex::new(r"\]\(([^)\s]+)\)"), Regex::new("`([^`\n]+)`")) else {
        return vec![Finding::new("xtask", 0, "a pattern of this rule is broken")];
    };
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        for found in link
            .captures_iter(text)
            .filter_map(|captures| captures.get(1))
        {
            if !linked(tree, path, found.as_str()) {
                let message = format!("there is no `{}`", found.as_str());
                findings.push(Finding::new(path, line_of(text, found.start()), message));
            }
        }
        for found in quoted
            .captures_iter(text)
            .filter_map(|captures| captures.get(1))
        {
            if !named(tree, found.as_str()) {
                let message = format!("there is no `{}`", found.as_str());
                findings.push(Finding::new(path, line_of(text, found.start()), message));
            }
        }
    }
    findings
}

/// A link is relative to its page.
fn linked(tree: &Tree, page: &str, target: &str) -> bool {
    let target = target.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            part => parts.push(part),
        }
    }
    parts.is_empty() || tree.has(&parts.join("/"))
}

fn named(tree: &Tree, word: &str) -> bool {
    let path = word.split(':').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !path.contains('/') || !path.chars().all(plain) {
        return true;
    }
    let Some((first, rest)) = path.split_once('/') else {
        return true;
    };
    if TOP.contains(&first) {
        return rest.is_empty() || tree.has(path);
    }
    if is_a(path, "rs") && tree.has(&format!("crates/{first}")) {
        return tree.has(&format!("crates/{first}/src/{rest}"));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str) -> usize {
        let tree = Tree::of(&[
            ("docs/API.md", text),
            ("README.md", ""),
            ("crates/casework/src/store.rs", ""),
        ]);
        paths_exist(&tree).len()
    }

    #[test]
    fn paths_that_exist_and_words_that_are_no_paths_pass() {
        assert_eq!(
            missing("see `crates/casework/src/store.rs`, `casework/store.rs`, `crates/`"),
            0
        );
        assert_eq!(
            missing("[home](../README.md#top), [out](https://a.example/b), `crates/<room>/x.rs`"),
            0
        );
        assert_eq!(
            missing("`POST /api/v1/cases`, `and/or`, `docs/API.md:12`"),
            0
        );
    }

    #[test]
    fn paths_that_do_not_exist_are_found() {
        for text in [
            "`crates/casework/src/gone.rs`",
            "`casework/gone.rs`",
            "`docs/GONE.md`",
            "[x](GONE.md)",
            "[x](../../outside.md)",
        ] {
            assert_eq!(missing(text), 1, "{text}");
        }
    }
}
