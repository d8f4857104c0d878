//! Reading Rust sources just well enough: which crate, which part is tests, where a call's arguments end.

use std::path::Path;

/// The crate a path belongs to: `crates/casework/src/store.rs` is of `casework`, `bench/src/main.rs` of `bench`.
pub fn crate_of(path: &str) -> Option<&str> {
    if let Some(rest) = path.strip_prefix("crates/") {
        return rest.split_once('/').map(|(name, _)| name);
    }
    ["bench", "xtask"].into_iter().find(|name| {
        path.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Whether the file's name ends in `.extension`.
pub fn is_a(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|known| known == extension)
}

/// Whether the file is only ever compiled into tests.
pub fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/benches/")
}

/// The text before the tests at the end of a file. Line numbers stay valid.
pub fn without_tests(text: &str) -> &str {
    let module = text.find("#[cfg(test)]\nmod ");
    module.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The text with comments blanked, so that words in prose are no findings. Line numbers stay valid.
pub fn without_comments(text: &str) -> String {
    let blank = |line: &str| match comment_start(line) {
        Some(at) => line.get(..at).unwrap_or(line).to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(blank).collect::<Vec<_>>().join("\n")
}

/// Where `//` begins outside a string.
fn comment_start(line: &str) -> Option<usize> {
    let mut in_string = false;
    let mut before = ' ';
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if in_string => {
                characters.next();
            }
            '"' if before != '\'' => in_string = !in_string,
            '/' if !in_string && characters.peek().is_some_and(|(_, next)| *next == '/') => {
                return Some(at);
            }
            _ => {}
        }
        before = character;
    }
    None
}

/// 1-based line of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// The text within the bracket that opens at `open`, split at its top-level commas.
pub fn arguments(text: &str, open: usize) -> Vec<&str> {
    let Some(inside) = bracketed(text, open) else {
        return Vec::new();
    };
    let mut parts = Vec::new();
    let mut start = 0;
    walk(inside, |at, character, depth| {
        if character == ',' && depth == 0 {
            parts.push(inside.get(start..at).unwrap_or_default().trim());
            start = at + 1;
        }
        true
    });
    let last = inside.get(start..).unwrap_or_default().trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

/// The text between the bracket at `open` and its partner.
pub fn bracketed(text: &str, open: usize) -> Option<&str> {
    let rest = text.get(open..)?;
    let mut end = None;
    walk(rest, |at, _, depth| {
        if depth == 0 && at > 0 {
            end = Some(at);
            return false;
        }
        true
    });
    rest.get(1..end?)
}

/// Calls `visit(offset, character, depth after it)` for each character outside strings until it answers false.
fn walk(text: &str, mut visit: impl FnMut(usize, char, i32) -> bool) {
    let mut depth = 0;
    let mut in_string = false;
    let mut before = ' ';
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if in_string {
            match character {
                '\\' => {
                    characters.next();
                }
                '"' => in_string = false,
                _ => {}
            }
            before = character;
            continue;
        }
        match character {
            '"' if before != '\'' => in_string = true,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        before = character;
        if !visit(at, character, depth) {
            return;
        }
    }
}

/// The content of a string literal that stands alone.
pub fn literal(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!inside.contains('"')).then_some(inside)
}

/// All plain string literals in the text.
pub fn literals(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_at_their_own_commas_only() {
        let text = r#"Problem::new(kind(a, b), "x,(", format!("{}, {}", 1, 2))"#;
        let open = text.find('(').unwrap();
        assert_eq!(
            arguments(text, open),
            ["kind(a, b)", "\"x,(\"", "format!(\"{}, {}\", 1, 2)"]
        );
        assert_eq!(literal("\"case_closed\""), Some("case_closed"));
        assert_eq!(literal("code"), None);
    }

    #[test]
    fn comments_are_blanked_and_strings_kept() {
        let text = "let a = \"http://x\"; // SystemTime::now\n// env::var\nlet b = 1;";
        let blanked = without_comments(text);
        assert!(blanked.contains("http://x") && blanked.contains("let b"));
        assert!(!blanked.contains("SystemTime") && !blanked.contains("env::var"));
    }

    #[test]
    fn crates_are_known_by_their_path() {
        assert_eq!(crate_of("crates/casework/src/store.rs"), Some("casework"));
        assert_eq!(crate_of("bench/src/main.rs"), Some("bench"));
        assert_eq!(crate_of("docs/API.md"), None);
    }
}
