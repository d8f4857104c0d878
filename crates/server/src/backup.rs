//! What a backup of this installation is made of: the database, which the store follows, and the keys, sealed under the passphrase of
//! the installation.
//!
//! Files of the city have their folder beside the lines of the database; they are copied by themselves ([`crate::files`]), for they never change.

use crate::settings::Settings;
use access::parcel::{self, Passphrase};
use anyhow::{Context, bail};
use base::chance::Chance;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::audit::CheckpointKey;
use store::backup::Follow;

/// The parcel of keys, beside the database's pieces.
pub const KEYS_FILE: &str = "keys.sealed";

/// The two files without which a database is of little use: one opens what is sealed in it, one signs its audit chain.
type Keys = (String, String);

/// How the store shall be followed, if it shall.
pub fn follow(
    settings: &Settings,
    key: &CheckpointKey,
    chance: &dyn Chance,
) -> anyhow::Result<Option<Follow>> {
    if settings.backup_dir.as_os_str().is_empty() {
        return Ok(None);
    }
    into(settings, settings.backup_dir.clone(), key, chance).map(Some)
}

/// A backup into `folder`, whatever the settings say of another.
pub fn into(
    settings: &Settings,
    folder: PathBuf,
    key: &CheckpointKey,
    chance: &dyn Chance,
) -> anyhow::Result<Follow> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
    };
    let keys: Keys = (read(&settings.keys())?, read(&audit_key(settings))?);
    let plain = serde_json::to_vec(&keys)?;
    let parcel = parcel::seal(&passphrase(settings)?, &plain, "", chance)?;
    Ok(Follow {
        folder,
        every: Duration::from_secs(settings.backup_seconds.max(1)),
        days: settings.backup_days,
        owner: key.key_id.clone(),
        beside: vec![(KEYS_FILE.to_owned(), parcel)],
    })
}

fn passphrase(settings: &Settings) -> anyhow::Result<Passphrase> {
    let path = &settings.backup_passphrase_file;
    if path.as_os_str().is_empty() {
        bail!(
            "a backup holds the keys, sealed: name a file with a passphrase, which you also keep elsewhere, by --backup-passphrase-file"
        );
    }
    Ok(Passphrase::from_file(path)?)
}

/// Where the key of the audit chain is.
pub fn audit_key(settings: &Settings) -> PathBuf {
    settings.data_dir.join("audit_key")
}

/// The keys out of their parcel.
pub fn open_keys(settings: &Settings, sealed: &[u8]) -> anyhow::Result<Keys> {
    let plain = parcel::open(&passphrase(settings)?, sealed, "")?;
    serde_json::from_slice(&plain).context("the keys of the backup")
}

/// Puts the keys where the settings want them. Errors: there are some.
pub fn place_keys(settings: &Settings, (sealing, audit): &Keys) -> anyhow::Result<()> {
    for (path, text) in [(settings.keys(), sealing), (audit_key(settings), audit)] {
        let placed = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
        placed.with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Takes away the keys that [`place_keys`] has put there.
pub fn take_away_keys(settings: &Settings) {
    for path in [settings.keys(), audit_key(settings)] {
        let _ = fs::remove_file(path); // it may not be there
    }
}
