//! Rules about files as texts.

use super::source::{is_a, line_of};
use super::{Finding, Tree};
use regex::Regex;

const LINES_MAX: usize = 600;
const MEASURED: &[&str] = &[".rs", ".sql", ".sh", ".ts", ".vue", ".py"];
/// Written in two halves so that this file does not find itself.
const STAND_INS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("not ", "implemented"),
    concat!("coming ", "soon"),
    concat!("敬请", "期待"),
    concat!("开发", "中"),
];
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("shared/", "design"),
];

/// Every module opens with `//!`.
pub fn module_docs(tree: &Tree) -> Vec<Finding> {
    tree.ending(".rs")
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| {
            Finding::new(
                path,
                1,
                "a module opens with `//! `: what it is and what not",
            )
        })
        .collect()
}

/// No file outgrows 600 lines.
pub fn file_length(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|(path, _)| MEASURED.iter().any(|end| path.ends_with(end)) && !is_generated(path))
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let message =
                format!("{lines} lines; more than {LINES_MAX} asks for a folder of parts");
            (lines > LINES_MAX).then(|| Finding::new(path, 0, message))
        })
        .collect()
}

fn is_generated(path: &str) -> bool {
    path.ends_with(".gen.ts") || path.ends_with(".d.ts")
}

/// Nothing says that it will be written later.
pub fn stand_ins(tree: &Tree) -> Vec<Finding> {
    let sources = tree
        .files()
        .filter(|(path, _)| MEASURED.iter().any(|end| path.ends_with(end)));
    sources
        .flat_map(|(path, text)| words(path, text, STAND_INS, "write it now or leave it out"))
        .collect()
}

/// No path of the machine somebody worked on.
pub fn machine_paths(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|(path, _)| !is_a(path, "lock"))
        .flat_map(|(path, text)| words(path, text, MACHINE_PATHS, "a path of one machine"))
        .collect()
}

fn words(path: &str, text: &str, words: &[&str], advice: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for word in words {
        for (at, _) in text.match_indices(word) {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            // `./work/` and `crates/work/` are paths of the repository.
            if before.is_none_or(|character| !character.is_alphanumeric() && character != '.') {
                let message = format!("`{word}`: {advice}");
                findings.push(Finding::new(path, line_of(text, at), message));
            }
        }
    }
    findings
}

/// Lock files and registry settings name no host but the registries' own default.
pub fn lock_hosts(tree: &Tree) -> Vec<Finding> {
    let patterns: &[(&str, &str)] = &[
        (
            "Cargo.lock",
            r#"source = "(?:registry|sparse)\+(https?://[^"]*)""#,
        ),
        ("package-lock.json", r#""resolved": "(https?://[^"]*)""#),
        (".npmrc", r"registry\s*=\s*(\S+)"),
        (
            ".cargo/config.toml",
            r#"(?:replace-with|registry|index)\s*=\s*"([^"]*)""#,
        ),
    ];
    let mut findings = Vec::new();
    for (end, pattern) in patterns {
        let Ok(pattern) = Regex::new(pattern) else {
            findings.push(Finding::new("xtask", 0, "a pattern of this rule is broken"));
            continue;
        };
        for (path, text) in tree.ending(end) {
            for found in pattern.captures_iter(text) {
                let Some(host) = found.get(1) else { continue };
                if host.as_str() != "https://github.com/rust-lang/crates.io-index" {
                    let message = format!("`{}` ties the lock to one registry", host.as_str());
                    findings.push(Finding::new(path, line_of(text, host.start()), message));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_without_its_purpose_is_found() {
        assert_eq!(
            module_docs(&Tree::of(&[("crates/a/src/lib.rs", "//! What it is.\n")])),
            []
        );
        assert_eq!(
            module_docs(&Tree::of(&[("crates/a/src/lib.rs", "use std::fmt;\n")])).len(),
            1
        );
    }

    #[test]
    fn a_file_of_601_lines_is_found() {
        let of = |lines: usize| "x\n".repeat(lines);
        assert_eq!(
            file_length(&Tree::of(&[("crates/a/src/lib.rs", &of(600))])),
            []
        );
        assert_eq!(
            file_length(&Tree::of(&[("crates/a/src/lib.rs", &of(601))])).len(),
            1
        );
        assert_eq!(file_length(&Tree::of(&[("docs/long.md", &of(601))])), []);
    }

    #[test]
    fn stand_ins_are_found() {
        assert_eq!(
            stand_ins(&Tree::of(&[("crates/a/src/lib.rs", "fn done() {}")])),
            []
        );
        for word in STAND_INS {
            let text = format!("fn a() {{}}\n// {word} x");
            let found = stand_ins(&Tree::of(&[("crates/a/src/lib.rs", &text)]));
            assert_eq!(found.len(), 1, "{word}");
            assert_eq!(found[0].line, 2);
        }
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let fine = concat!("see crates/wo", "rk/src and ./ho", "me/x");
        assert_eq!(machine_paths(&Tree::of(&[("README.md", fine)])), []);
        for word in MACHINE_PATHS {
            let text = format!("look in {word}x");
            assert_eq!(
                machine_paths(&Tree::of(&[("README.md", &text)])).len(),
                1,
                "{word}"
            );
        }
    }

    #[test]
    fn a_lock_file_tied_to_a_mirror_is_found() {
        let usual = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(lock_hosts(&Tree::of(&[("Cargo.lock", usual)])), []);
        let mirror = "source = \"sparse+https://mirror.example/index/\"\n";
        assert_eq!(lock_hosts(&Tree::of(&[("Cargo.lock", mirror)])).len(), 1);
        let resolved = "\"resolved\": \"https://mirror.example/a.tgz\",\n";
        assert_eq!(
            lock_hosts(&Tree::of(&[("web/package-lock.json", resolved)])).len(),
            1
        );
    }
}
