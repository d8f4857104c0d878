//! The file that holds the sealing keys: one line a key, `number` and 64 hexadecimal digits, oldest first.
//!
//! It is made with a first key when there is none, readable by its owner only, and refused when others may read it. All nodes of
//! an installation need the same file; without it nothing that was sealed can ever be opened again.

use base::{Chance, chance};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

const SECRET_BYTES: usize = 32;
const HEADER: &str = "# Sealing keys: number and 64 hexadecimal digits a line, oldest first; the last one seals.\n\
# Keep a copy apart from the database's backups. What was sealed cannot be opened without it.\n";

/// What is wrong with a key file.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("key file {path}: {source}")]
    Unreachable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("key file {path} is open to others (mode {mode:03o}); make it 600")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a list of keys.
    #[error("key file {path}, line {line}: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// The line, from one; zero for the file as a whole.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl KeyFileError {
    pub(crate) fn empty(path: &Path) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            line: 0,
            reason: "there is no key in it",
        }
    }
}

/// A key as the file has it; the working keys are derived from it.
pub(crate) struct Secret {
    pub(crate) number: u32,
    bytes: Zeroizing<[u8; SECRET_BYTES]>,
}

impl Secret {
    pub(crate) fn draw(number: u32, source: &dyn Chance) -> Self {
        Self {
            number,
            bytes: Zeroizing::new(chance::bytes(source)),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.bytes
    }

    fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{} {}\n", self.number, hex::encode(*self.bytes)))
    }
}

/// The keys of the file at `path`, which is made with a first key when there is none. When two processes make it at once,
/// both end up with the one that was there first.
pub(crate) fn read_or_create(
    path: &Path,
    chance: &dyn Chance,
) -> Result<Vec<Secret>, KeyFileError> {
    if let Some(secrets) = read(path)? {
        return Ok(secrets);
    }
    create(path, chance).map_err(|source| KeyFileError::Unreachable {
        path: path.to_owned(),
        source,
    })?;
    read(path)?.ok_or_else(|| KeyFileError::empty(path))
}

/// Adds a key to the file at `path`: it seals from the next start on. The file is replaced as a whole, or not at all.
pub fn key_add(path: &Path, chance: &dyn Chance) -> Result<u32, KeyFileError> {
    let secrets = read(path)?.unwrap_or_default();
    let newest = secrets.last().map_or(0, |secret| secret.number);
    let fresh = Secret::draw(newest.saturating_add(1), chance);
    let mut text = Zeroizing::new(String::from(HEADER));
    for secret in secrets.iter().chain([&fresh]) {
        let _ = text.write_str(&secret.line());
    }
    let replace = || {
        let draft = write_draft(path, &text, chance)?;
        fs::rename(&draft, path)?;
        sync_folder(path)
    };
    replace().map_err(|source| KeyFileError::Unreachable {
        path: path.to_owned(),
        source,
    })?;
    Ok(fresh.number)
}

fn read(path: &Path) -> Result<Option<Vec<Secret>>, KeyFileError> {
    match text(path)? {
        Some(text) => parse(path, &text).map(Some),
        None => Ok(None),
    }
}

/// The text of the file at `path`, if there is one.
fn text(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(KeyFileError::Unreachable {
                path: path.to_owned(),
                source,
            });
        }
    };
    refuse_exposed(path, 0o077)?;
    Ok(Some(text))
}

/// The text of the file at `path`, which is a list of keys.
pub(crate) fn text_of(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let text = text(path)?.ok_or_else(|| KeyFileError::empty(path))?;
    parse(path, &text)?;
    Ok(text)
}

/// Puts a list of keys at `path`. False: the same was there already; none: another is there, and stays.
pub(crate) fn put(
    path: &Path,
    fresh: &str,
    source: &dyn Chance,
) -> Result<Option<bool>, KeyFileError> {
    parse(path, fresh)?;
    if let Some(there) = text(path)? {
        return Ok((*there == fresh).then_some(false));
    }
    place(path, fresh, source).map_err(|source| KeyFileError::Unreachable {
        path: path.to_owned(),
        source,
    })?;
    let there = text(path)?;
    Ok(there.is_some_and(|there| *there == fresh).then_some(true))
}

fn parse(path: &Path, text: &str) -> Result<Vec<Secret>, KeyFileError> {
    let mut secrets: Vec<Secret> = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let malformed = |reason| KeyFileError::Malformed {
            path: path.to_owned(),
            line,
            reason,
        };
        let (number, digits) = content
            .split_once(' ')
            .ok_or_else(|| malformed("a key is a number and 64 hexadecimal digits"))?;
        let number: u32 = number
            .parse()
            .map_err(|_| malformed("a key's number is a whole number"))?;
        if secrets.last().is_some_and(|last| last.number >= number) {
            return Err(malformed("the numbers of the keys must rise"));
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        hex::decode_to_slice(digits.trim(), &mut *bytes)
            .map_err(|_| malformed("a key has 64 hexadecimal digits"))?;
        secrets.push(Secret { number, bytes });
    }
    if secrets.is_empty() {
        return Err(KeyFileError::empty(path));
    }
    Ok(secrets)
}

fn create(path: &Path, chance: &dyn Chance) -> io::Result<()> {
    let mut text = Zeroizing::new(String::from(HEADER));
    text.push_str(&Secret::draw(1, chance).line());
    place(path, &text, chance)
}

/// Puts a file at `path` unless there is one.
fn place(path: &Path, text: &str, chance: &dyn Chance) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let draft = write_draft(path, text, chance)?;
    // A link, unlike a rename, does not replace what another process has put there in the meantime.
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    fs::remove_file(&draft)?;
    linked?;
    sync_folder(path)
}

/// A complete file beside the one meant, on disk.
fn write_draft(path: &Path, text: &str, source: &dyn Chance) -> io::Result<PathBuf> {
    let draft = path.with_extension(format!("draft-{}", hex::encode(chance::bytes::<8>(source))));
    let mut file = private_file(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(draft)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Refuses a file whose mode has any of the bits of `mask`.
#[cfg(unix)]
pub(crate) fn refuse_exposed(path: &Path, mask: u32) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path).map_err(|source| KeyFileError::Unreachable {
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & mask != 0 {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_exposed(_: &Path, _: u32) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    fn numbers(secrets: &[Secret]) -> Vec<u32> {
        secrets.iter().map(|secret| secret.number).collect()
    }

    #[test]
    fn a_file_is_made_once_and_read_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join("sealing.key");
        let first = read_or_create(&path, &SeededChance::new(1)).unwrap();
        let again = read_or_create(&path, &SeededChance::new(2)).unwrap();
        assert_eq!(numbers(&first), [1]);
        assert_eq!(first[0].bytes(), again[0].bytes());
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "no draft is left behind");
    }

    #[test]
    fn of_two_that_make_it_at_once_one_wins_and_both_have_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealing.key");
        create(&path, &SeededChance::new(1)).unwrap();
        create(&path, &SeededChance::new(2)).unwrap();
        let kept = read_or_create(&path, &SeededChance::new(3)).unwrap();
        assert_eq!(
            kept[0].bytes(),
            Secret::draw(1, &SeededChance::new(1)).bytes()
        );
    }

    #[test]
    fn a_key_is_added_behind_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealing.key");
        let first = read_or_create(&path, &SeededChance::new(1)).unwrap();
        assert_eq!(key_add(&path, &SeededChance::new(2)).unwrap(), 2);
        assert_eq!(key_add(&path, &SeededChance::new(3)).unwrap(), 3);
        let all = read_or_create(&path, &SeededChance::new(4)).unwrap();
        assert_eq!(numbers(&all), [1, 2, 3]);
        assert_eq!(all[0].bytes(), first[0].bytes());
        assert_ne!(all[1].bytes(), all[2].bytes());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealing.key");
        read_or_create(&path, &SeededChance::new(1)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        key_add(&path, &SeededChance::new(1)).unwrap();
        assert_eq!(mode(&path), 0o600, "replaced, and still private");
        for open in [0o640, 0o604, 0o660, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let refused = read_or_create(&path, &SeededChance::new(1)).err().unwrap();
            assert!(
                matches!(refused, KeyFileError::Exposed { mode, .. } if mode == open),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused_with_its_line() {
        let key = "ab".repeat(32);
        let line_of = |text: &str| match parse(Path::new("k"), text) {
            Ok(_) => None,
            Err(KeyFileError::Malformed { line, .. }) => Some(line),
            Err(other) => panic!("{other}"),
        };
        for (text, line) in [
            (format!("1 {key}"), None),
            (format!("# one\n\n 1  {key} \r\n3 {key}\n"), None),
            (String::new(), Some(0)),
            ("# only words\n".to_owned(), Some(0)),
            (key.clone(), Some(1)),
            (format!("1 {key}\none {key}"), Some(2)),
            (format!("1 {key}\n2 {}", &key[1..]), Some(2)),
            (format!("1 {key}\n1 {key}"), Some(2)),
            (format!("2 {key}\n1 {key}"), Some(2)),
            (format!("1 {}", "xy".repeat(32)), Some(1)),
        ] {
            assert_eq!(line_of(&text), line, "{text:?}");
        }
    }
}
