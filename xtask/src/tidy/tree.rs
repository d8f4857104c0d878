//! The source tree as the rules see it: paths and texts.

use anyhow::Context;
use std::fmt;
use std::path::Path;
use walkdir::WalkDir;

/// Folders that hold nothing written here.
const SKIPPED: &[&str] = &[".git", "target", "node_modules", "dist", "var"];
/// Larger files are data, not source.
const BYTES_MAX: u64 = 2 * 1024 * 1024;

/// All text files by path relative to the repository, with `/` between the parts.
pub struct Tree {
    files: Vec<(String, String)>,
}

/// What breaks a rule, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path relative to the repository.
    pub path: String,
    /// 1-based; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
    rule: &'static str,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
            rule: "",
        }
    }

    pub(crate) fn of_rule(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {} ({})",
            self.path, self.line, self.message, self.rule
        )
    }
}

impl Tree {
    /// Reads the tree below `root`. Files that are not UTF-8 count as existing but empty.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let entries = WalkDir::new(root).sort_by_file_name().into_iter();
        let kept = entries.filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let is_skipped = SKIPPED.contains(&name.as_ref());
            // In a worktree `.git` is a file.
            !(is_skipped && (entry.file_type().is_dir() || name == ".git"))
        });
        for entry in kept {
            let entry = entry?;
            if !entry.file_type().is_file() {
                continue;
            }
            let relative = entry.path().strip_prefix(root)?;
            let path: Vec<_> = relative
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            let text = if entry.metadata()?.len() > BYTES_MAX {
                String::new()
            } else {
                let bytes = std::fs::read(entry.path())
                    .with_context(|| format!("reading {}", entry.path().display()))?;
                String::from_utf8(bytes).unwrap_or_default()
            };
            files.push((path.join("/"), text));
        }
        Ok(Self { files })
    }

    /// A tree of these files; for the tests of the rules.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self {
            files: files.iter().map(owned).collect(),
        }
    }

    /// Paths and texts.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Those whose path ends so.
    pub fn ending(&self, end: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(end))
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|(known, _)| {
            known
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files()
            .find(|(known, _)| *known == path)
            .map(|(_, text)| text)
    }
}
