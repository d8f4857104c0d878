//! A whole city handed over: everything it stored, in files that an empty installation takes in, on either database.
//!
//! Beside the tables (see [`store::handover`]) stand the sealing keys, sealed themselves under a passphrase and bound to the manifest: whoever
//! changes a file must change the manifest, and then the keys do not open. The key that signs the audit chain stays where
//! it is; its public half goes along, so that the chain verifies on the other side, where a new key goes on signing.
//! Whoever is signed in stays behind; passwords go along as the hashes they are.

use crate::city::{City, ROOMS};
use crate::files;
use crate::settings::Settings;
use access::key_wrap;
use access::parcel::Passphrase;
use anyhow::{Context as _, bail, ensure};
use base::chance::Chance;
use base::{Clock, Id};
use serde_json::json;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::audit::PublicKey;
use store::handover::{Deed, MANIFEST, Manifest, Told, digest_of};
use store::{AuditEntry, Options, Store, StoreError, outbox};

/// The sealing keys among the files.
const KEYS: &str = "keys.sealed";

/// Public keys that signed the audit chain before, one a line, in the data directory.
const FORMER_AUDIT_KEYS: &str = "audit_keys_before";

/// How long entries of the outbox may take to get their places, in steps.
const SETTLING_STEP: Duration = Duration::from_millis(20);
const SETTLING_STEPS_MAX: u32 = 500;

/// The public keys that signed the audit chain before this installation took the city over.
pub fn former_audit_keys(settings: &Settings) -> anyhow::Result<Vec<PublicKey>> {
    let path = settings.data_dir.join(FORMER_AUDIT_KEYS);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let keys = text.lines().map(|line| {
        PublicKey::from_hex(line.trim())
            .with_context(|| format!("{}: {line:?} is no public key", path.display()))
    });
    keys.collect()
}

/// Brings the numbers up to what happened; a server that runs beside may be quicker.
pub fn settle_numbers(city: &City) -> Result<(), StoreError> {
    match store::consumer::drain(&city.store, &city.casework.statistics_follower()) {
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A folder of our own to write into, closed to others.
pub fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let place = || format!("making {}", folder.display());
    fs::create_dir_all(folder).with_context(place)?;
    let mut there = fs::read_dir(folder).with_context(place)?;
    ensure!(
        there.next().is_none(),
        "{} is not empty; name a folder that is, or none that is there",
        folder.display()
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).with_context(place)?;
    }
    Ok(())
}

/// What is in `folder` afterwards.
#[derive(Debug)]
pub struct HandedOver {
    /// The tables.
    pub manifest: Manifest,
    /// SM3 of the manifest.
    pub digest: String,
}

/// Writes everything into `folder`, which is made or empty; the sealing keys under `passphrase`. Audited. Blocks.
pub fn hand_over(
    city: &City,
    settings: &Settings,
    folder: &Path,
    passphrase: &Passphrase,
    told: &Told,
) -> anyhow::Result<HandedOver> {
    make_folder(folder)?;
    settle_numbers(city)?;
    let at = city.store.clock().now();
    city.store.write_blocking(move |tx| {
        tx.audit(&AuditEntry {
            at,
            actor: Id(0),
            action: "city_hand_over",
            object: Id(0),
            detail: &json!({ "console": true }).to_string(),
        })
    })?;
    // All of the chain is signed by the key that stays here.
    store::audit::checkpoint(&city.store, &city.checkpoint_key)?;
    let mut steps = 0;
    while city.store.read_blocking(outbox::unplaced)? > 0 && steps < SETTLING_STEPS_MAX {
        std::thread::sleep(SETTLING_STEP);
        steps += 1;
    }
    let keys: Vec<String> = city.audit_keys().iter().map(PublicKey::to_hex).collect();
    let code = &settings.city_code;
    let manifest = store::handover::write(&city.store, ROOMS, folder, code, &keys, told)?;
    let text = fs::read(folder.join(MANIFEST))?;
    let digest = digest_of(&text);
    let chance = city.store.chance();
    let wrapped = key_wrap::wrap(&settings.keys(), passphrase, &context(&digest), chance)?;
    write_private(&folder.join(KEYS), &wrapped)?;
    Ok(HandedOver { manifest, digest })
}

/// What the sealing keys are bound to on their way.
fn context(digest: &str) -> String {
    format!("handover.manifest:{digest}")
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

/// Takes the city in `folder` into the installation that `settings` name, which is empty: all of it, or nothing. Then opens it and
/// makes its numbers anew. Blocks for as long as the rows take.
pub async fn take_over(
    settings: &Settings,
    folder: &Path,
    passphrase: &Passphrase,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    told: &Told,
) -> anyhow::Result<(City, HandedOver)> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let (text, wrapped) = (read(MANIFEST)?, read(KEYS)?);
    let digest = digest_of(text.as_bytes());
    let manifest = Manifest::read(&text, folder)?;
    settings.make_data_dir()?;
    let options = Options {
        url: settings.database(),
        writers: settings.database_writers,
        readers: settings.database_readers,
        backup: None,
    };
    let store = Store::open(&options, ROOMS, clock.clone(), chance.clone())
        .context("opening the database")?;
    let mut placed = Placed::default();
    let taken = (|| {
        let context = context(&digest);
        if key_wrap::unwrap_to(&settings.keys(), &wrapped, passphrase, &context, &chance)? {
            placed.0.push(settings.keys());
        }
        placed.put_audit_keys(settings, &manifest.audit_keys)?;
        let deed = Deed {
            action: "city_take_over",
            detail: json!({ "console": true, "manifest": digest }).to_string(),
        };
        store::handover::take(&store, ROOMS, folder, &manifest, &deed, told)?;
        Ok::<_, anyhow::Error>(())
    })();
    // What the store remembers is what was there before.
    store.close();
    if let Err(error) = taken {
        placed.undo();
        return Err(error);
    }
    let city = City::open(settings, clock, chance).await?;
    files::copy_from(folder, &city.blobs)
        .await
        .context("the city is here, but not all of its files: lay those in `files` of the folder into the data directory")?;
    city.casework
        .statistics_rebuild()
        .context("the city is here, but its numbers are not: run `chengyun recount`")?;
    Ok((city, HandedOver { manifest, digest }))
}

/// Files put beside the database, taken away again when the rows do not follow.
#[derive(Default)]
struct Placed(Vec<PathBuf>);

impl Placed {
    fn put_audit_keys(&mut self, settings: &Settings, keys: &[String]) -> anyhow::Result<()> {
        let path = settings.data_dir.join(FORMER_AUDIT_KEYS);
        if let Some(wrong) = keys.iter().find(|key| PublicKey::from_hex(key).is_none()) {
            bail!("{MANIFEST}: {wrong:?} is no public key");
        }
        let text = keys.join("\n") + "\n";
        if path.exists() {
            ensure!(
                fs::read_to_string(&path)? == text,
                "{} is of another city; move it away yourself",
                path.display()
            );
            return Ok(());
        }
        write_private(&path, &text)?;
        self.0.push(path);
        Ok(())
    }

    fn undo(self) {
        for path in self.0 {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "a file of the hand-over was left");
            }
        }
    }
}
