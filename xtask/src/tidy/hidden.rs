//! No hidden inputs: time, chance and environment come in by argument, so that a seeded run repeats exactly. Clippy's
//! `disallowed-methods` holds the same by resolved path; this catches what an alias or an `allow` would let through.

use super::source::{crate_of, is_test_file, line_of, without_comments, without_tests};
use super::{Finding, Tree};

struct Hidden {
    words: &'static [&'static str],
    places: &'static [&'static str],
    advice: &'static str,
}

const HIDDEN: &[Hidden] = &[
    Hidden {
        words: &[
            "SystemTime::now",
            "Timestamp::now(",
            "Zoned::now(",
            "Utc::now(",
            "Local::now(",
        ],
        places: &["crates/base/src/clock.rs"],
        advice: "time is passed in: use base::Clock",
    },
    Hidden {
        words: &[
            "getrandom::",
            "rand::",
            "thread_rng",
            "OsRng",
            "RandomState::new",
        ],
        places: &["crates/base/src/chance.rs"],
        advice: "chance is passed in: use base::chance",
    },
    Hidden {
        words: &[
            "env::var",
            "env::vars",
            "env::set_var",
            "env::current_dir",
            "env::home_dir",
            "env::temp_dir",
        ],
        places: &[
            "crates/server/src/settings.rs",
            "crates/server/src/settings/",
            // Where cargo tells a build script its folder.
            "crates/server/build.rs",
            "crates/table/src/testing.rs",
            "crates/store/src/testing",
        ],
        advice: "settings are read in server's settings module only",
    },
];
const EXEMPT: &[&str] = &["bench", "xtask"];

/// Hidden clocks, chance and environment.
pub fn hidden_inputs(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let exempt = crate_of(path).is_none_or(|name| EXEMPT.contains(&name));
        if exempt || is_test_file(path) {
            continue;
        }
        let code = without_comments(without_tests(text));
        for hidden in HIDDEN {
            if hidden.places.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            for word in hidden.words {
                for (at, _) in code.match_indices(word) {
                    let before = code.get(..at).and_then(|text| text.chars().next_back());
                    let whole = before
                        .is_none_or(|character| !character.is_alphanumeric() && character != '_');
                    if whole {
                        findings.push(Finding::new(path, line_of(&code, at), hidden.advice));
                    }
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> usize {
        let text = format!("//! x\n{line}\n");
        hidden_inputs(&Tree::of(&[(path, &text)])).len()
    }

    #[test]
    fn the_places_that_may_ask_the_system_may() {
        assert_eq!(
            found(
                "crates/base/src/clock.rs",
                "let t = jiff::Timestamp::now();"
            ),
            0
        );
        assert_eq!(found("crates/base/src/chance.rs", "getrandom::fill(b);"), 0);
        assert_eq!(
            found("crates/server/src/settings.rs", "std::env::var(\"X\");"),
            0
        );
        assert_eq!(
            found(
                "crates/casework/src/service.rs",
                "let t = clock.now(); // SystemTime::now"
            ),
            0
        );
        assert_eq!(
            found("crates/casework/src/service.rs", "let a = operand::left();"),
            0
        );
    }

    #[test]
    fn everyone_else_is_found() {
        for line in [
            "let t = std::time::SystemTime::now();",
            "let t = Timestamp::now();",
            "getrandom::fill(&mut b)?;",
            "let x: u8 = rand::random();",
            "if std::env::var(\"CI\").is_ok() {}",
        ] {
            assert_eq!(found("crates/casework/src/service.rs", line), 1, "{line}");
        }
    }
}
