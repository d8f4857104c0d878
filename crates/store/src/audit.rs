//! The audit chain: who did what, in the same transaction as the deed, so that neither can exist without the other.
//!
//! Each writing connection has a lane of its own (SQLite one, PostgreSQL one per writer): entry n's SM3 hash covers the entry
//! and the hash before it. A single chain for all would make every transaction wait for one row (measured: half the speed on
//! PostgreSQL). What binds the lanes together are checkpoints: from time to time the heads of all lanes are signed with SM2
//! (GB/T 32918) and chained to the checkpoint before. Cutting off a lane's end, or replacing a whole lane, shows up there.
//!
//! [`verify`] walks everything; it trusts nothing but the public key it is given.

mod list;

pub use list::{AuditFilter, AuditPage, AuditPlace, AuditRecord, NotAPlace, WINDOW, list};

use crate::{Row, Statement, Store, StoreError, Tx, params};
use base::chance::Chance;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use sm2::dsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm3::{Digest, Sm3};
use std::collections::HashMap;
use std::path::Path;

/// One thing that somebody did.
#[derive(Debug, Clone, Copy)]
pub struct AuditEntry<'a> {
    /// When.
    pub at: Timestamp,
    /// The account; zero for the platform itself.
    pub actor: Id,
    /// The operation, e.g. `case_dispatch`.
    pub action: &'a str,
    /// What it was done to.
    pub object: Id,
    /// JSON. Never personal data: the chain cannot forget.
    pub detail: &'a str,
}

/// The end of a lane: what its next entry links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChainEnd {
    pub(crate) lane: i64,
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 32],
}

impl ChainEnd {
    pub(crate) fn genesis(lane: i64) -> Self {
        Self {
            lane,
            seq: 0,
            hash: [0; 32],
        }
    }

    /// The end after `entry` is appended. Text is length-prefixed so that no two entries share one encoding.
    pub(crate) fn extend(&self, entry: &AuditEntry<'_>) -> Self {
        let seq = self.seq + 1;
        let mut sm3 = Sm3::new();
        sm3.update(self.hash);
        for number in [self.lane, seq, entry.at.0, entry.actor.0, entry.object.0] {
            sm3.update(number.to_be_bytes());
        }
        for text in [entry.action, entry.detail] {
            sm3.update((text.len() as u64).to_be_bytes());
            sm3.update(text.as_bytes());
        }
        Self {
            lane: self.lane,
            seq,
            hash: sm3.finalize().into(),
        }
    }
}

static HEADS: Statement = Statement::fixed(
    "SELECT a.lane, a.seq, a.hash FROM audit a JOIN (SELECT lane, MAX(seq) AS seq FROM audit GROUP BY lane) h
     ON h.lane = a.lane AND h.seq = a.seq ORDER BY a.lane",
);
static CHECKPOINT_LAST: Statement =
    Statement::fixed("SELECT seq, heads, hash FROM audit_checkpoint ORDER BY seq DESC LIMIT 1");
static CHECKPOINT_ADD: Statement = Statement::fixed(
    "INSERT INTO audit_checkpoint (seq, at, heads, previous, hash, key_id, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
);
static CHECKPOINTS: Statement = Statement::fixed(
    "SELECT seq, at, heads, previous, hash, key_id, signature FROM audit_checkpoint ORDER BY seq",
);
static LANES: Statement = Statement::fixed("SELECT DISTINCT lane FROM audit ORDER BY lane");
static LANE_PAGE: Statement = Statement::fixed(
    "SELECT lane, seq, at, actor, action, object, detail, hash FROM audit WHERE lane = ?1 AND seq > ?2 ORDER BY seq LIMIT 5000",
);

pub(crate) static STATEMENTS: &[&Statement] = &[
    &HEADS,
    &CHECKPOINT_LAST,
    &CHECKPOINT_ADD,
    &CHECKPOINTS,
    &LANES,
    &LANE_PAGE,
    &list::BEFORE,
    &crate::tx::AUDIT_ADD,
];

/// The distinguishing identifier of GB/T 32918 when no other is agreed on.
const SIGNER_ID: &str = "1234567812345678";

/// Signs checkpoints. The secret never leaves it.
pub struct CheckpointKey {
    key: SigningKey,
    /// The first 16 hex digits of SM3 over the public key.
    pub key_id: String,
}

impl std::fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CheckpointKey({})", self.key_id)
    }
}

impl CheckpointKey {
    /// Reads the key (64 hex digits) from `path`, or makes one there, readable by its owner only.
    pub fn load_or_create(path: &Path, chance: &dyn Chance) -> Result<Self, StoreError> {
        let unreadable =
            |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
        if !path.exists() {
            let mut secret = [0; 32];
            chance.fill(&mut secret);
            secret[0] &= 0x7f; // below the order of the curve
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(unreadable)?;
            }
            write_secret(path, &hex::encode(secret)).map_err(unreadable)?;
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let wrong = |why: String| StoreError::Corrupt(format!("{}: {why}", path.display()));
        let secret = hex::decode(text.trim()).map_err(|error| wrong(error.to_string()))?;
        let secret = sm2::SecretKey::from_slice(&secret)
            .map_err(|_| wrong("not an SM2 key of 64 hex digits".into()))?;
        let key =
            SigningKey::new(SIGNER_ID, &secret).map_err(|_| wrong("not an SM2 key".into()))?;
        let key_id = key_id(key.verifying_key());
        Ok(Self { key, key_id })
    }

    /// What [`verify`] needs.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            key: self.key.verifying_key().clone(),
            key_id: self.key_id.clone(),
        }
    }
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The public half of a [`CheckpointKey`].
#[derive(Clone, Debug)]
pub struct PublicKey {
    key: VerifyingKey,
    key_id: String,
}

impl PublicKey {
    /// The point in hexadecimal, to be written down.
    pub fn to_hex(&self) -> String {
        hex::encode(self.key.to_sec1_bytes())
    }

    /// From what [`PublicKey::to_hex`] wrote; none when that is no public key.
    pub fn from_hex(text: &str) -> Option<Self> {
        let key = VerifyingKey::from_sec1_bytes(SIGNER_ID, &hex::decode(text).ok()?).ok()?;
        let key_id = key_id(&key);
        Some(Self { key, key_id })
    }
}

fn key_id(key: &VerifyingKey) -> String {
    let mut id = hex::encode(Sm3::digest(key.to_sec1_bytes()));
    id.truncate(16);
    id
}

/// A lane's end as a checkpoint states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    lane: i64,
    seq: i64,
    hash: String,
}

fn checkpoint_hash(seq: i64, at: Timestamp, heads: &str, previous: &str) -> String {
    let mut sm3 = Sm3::new();
    sm3.update(seq.to_be_bytes());
    sm3.update(at.0.to_be_bytes());
    for text in [heads, previous] {
        sm3.update((text.len() as u64).to_be_bytes());
        sm3.update(text.as_bytes());
    }
    hex::encode(sm3.finalize())
}

/// Signs the present heads of all lanes, if any has moved since the last checkpoint. Says whether it wrote one.
pub fn checkpoint(store: &Store, key: &CheckpointKey) -> Result<bool, StoreError> {
    let at = store.clock().now();
    let (signer, key_id) = (key.key.clone(), key.key_id.clone());
    store.write_blocking(move |tx| checkpoint_in(tx, &signer, &key_id, at))
}

fn checkpoint_in(
    tx: &mut Tx<'_>,
    signer: &SigningKey,
    key_id: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let heads = tx.query(&HEADS, &[], |row| {
        Ok(Head {
            lane: row.get(0)?,
            seq: row.get(1)?,
            hash: hex::encode(row.get::<Vec<u8>>(2)?),
        })
    })?;
    let heads =
        serde_json::to_string(&heads).map_err(|error| StoreError::Statement(error.to_string()))?;
    let last = tx.query_opt(&CHECKPOINT_LAST, &[], |row| {
        Ok((
            row.get::<i64>(0)?,
            row.get::<String>(1)?,
            row.get::<String>(2)?,
        ))
    })?;
    let (last_seq, last_heads, previous) = last.unwrap_or((0, "[]".into(), String::new()));
    if last_heads == heads {
        return Ok(false);
    }
    let seq = last_seq + 1;
    let hash = checkpoint_hash(seq, at, &heads, &previous);
    let signature: Signature = signer
        .try_sign(hash.as_bytes())
        .map_err(|_| StoreError::Unavailable("the checkpoint could not be signed".into()))?;
    let signature = hex::encode(signature.to_bytes());
    tx.post(
        &CHECKPOINT_ADD,
        params![seq, at, heads, previous, hash, key_id, signature],
    )?;
    Ok(true)
}

/// What [`verify`] counted, and everything that is wrong.
#[derive(Debug, Default, Clone, Serialize)]
pub struct AuditReport {
    /// Entries walked.
    pub entries: u64,
    /// Lanes walked.
    pub lanes: u64,
    /// Checkpoints whose signature, chain and heads were compared.
    pub checkpoints: u64,
    /// One sentence per fault; empty when all is well.
    pub findings: Vec<String>,
}

/// Walks every lane and every checkpoint. `keys`: the public keys that signatures are accepted from.
pub fn verify(store: &Store, keys: &[PublicKey]) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport::default();
    let checkpoints = store.read_blocking(|tx| tx.query(&CHECKPOINTS, &[], read_checkpoint))?;
    let mut claimed: HashMap<(i64, i64), Vec<String>> = HashMap::new();
    let mut previous = (0, String::new());
    for stored in &checkpoints {
        report.checkpoints += 1;
        verify_checkpoint(stored, &previous, keys, &mut report.findings);
        match serde_json::from_str::<Vec<Head>>(&stored.heads) {
            Ok(heads) => heads
                .into_iter()
                .for_each(|h| claimed.entry((h.lane, h.seq)).or_default().push(h.hash)),
            Err(error) => report.findings.push(format!(
                "checkpoint {}: unreadable heads: {error}",
                stored.seq
            )),
        }
        previous = (stored.seq, stored.hash.clone());
    }
    for lane in store.read_blocking(|tx| tx.query(&LANES, &[], |row| row.get::<i64>(0)))? {
        report.lanes += 1;
        verify_lane(store, lane, &mut claimed, &mut report)?;
    }
    let mut lost: Vec<_> = claimed.into_keys().collect();
    lost.sort_unstable();
    for (lane, seq) in lost {
        report.findings.push(format!(
            "audit lane {lane}: entry {seq}, stated by a checkpoint, is gone"
        ));
    }
    Ok(report)
}

struct StoredCheckpoint {
    seq: i64,
    at: Timestamp,
    heads: String,
    previous: String,
    hash: String,
    key_id: String,
    signature: String,
}

fn read_checkpoint(row: &Row<'_>) -> Result<StoredCheckpoint, StoreError> {
    Ok(StoredCheckpoint {
        seq: row.get(0)?,
        at: row.get(1)?,
        heads: row.get(2)?,
        previous: row.get(3)?,
        hash: row.get(4)?,
        key_id: row.get(5)?,
        signature: row.get(6)?,
    })
}

fn verify_checkpoint(
    stored: &StoredCheckpoint,
    previous: &(i64, String),
    keys: &[PublicKey],
    findings: &mut Vec<String>,
) {
    let seq = stored.seq;
    if seq != previous.0 + 1 || stored.previous != previous.1 {
        findings.push(format!(
            "checkpoint {seq} does not follow checkpoint {}",
            previous.0
        ));
    }
    if stored.hash != checkpoint_hash(seq, stored.at, &stored.heads, &stored.previous) {
        findings.push(format!(
            "checkpoint {seq} was changed: its hash does not fit"
        ));
    }
    let signature = hex::decode(&stored.signature)
        .ok()
        .and_then(|bytes| Signature::from_slice(&bytes).ok());
    match (
        keys.iter().find(|key| key.key_id == stored.key_id),
        signature,
    ) {
        (None, _) => findings.push(format!(
            "checkpoint {seq} is signed by the unknown key {}",
            stored.key_id
        )),
        (Some(key), Some(signature))
            if key.key.verify(stored.hash.as_bytes(), &signature).is_ok() => {}
        _ => findings.push(format!("checkpoint {seq} bears a false signature")),
    }
}

/// One page of a lane is one snapshot; entries are only appended, so pages fit together.
fn verify_lane(
    store: &Store,
    lane: i64,
    claimed: &mut HashMap<(i64, i64), Vec<String>>,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let mut end = ChainEnd::genesis(lane);
    loop {
        let from = end.seq;
        let page =
            store.read_blocking(move |tx| tx.query(&LANE_PAGE, params![lane, from], read_entry))?;
        if page.is_empty() {
            return Ok(());
        }
        for (seq, at, actor, action, object, detail, hash) in page {
            report.entries += 1;
            if seq != end.seq + 1 {
                report.findings.push(format!(
                    "audit lane {lane}: entry {} is missing",
                    end.seq + 1
                ));
            }
            end.seq = seq - 1;
            let expected = end.extend(&AuditEntry {
                at,
                actor,
                action: &action,
                object,
                detail: &detail,
            });
            if expected.hash != hash {
                report.findings.push(format!(
                    "audit lane {lane}: entry {seq} ({action}) was changed, or one before it"
                ));
            }
            for stated in claimed.remove(&(lane, seq)).unwrap_or_default() {
                if stated != hex::encode(hash) {
                    report.findings.push(format!(
                        "audit lane {lane}: entry {seq} differs from what a checkpoint states"
                    ));
                }
            }
            end = ChainEnd { lane, seq, hash };
        }
    }
}

type StoredEntry = (i64, Timestamp, Id, String, Id, String, [u8; 32]);

fn read_entry(row: &Row<'_>) -> Result<StoredEntry, StoreError> {
    Ok((
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
    ))
}
