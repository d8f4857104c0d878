//! What runs besides requests: the outbox is followed, clocks run out, old things are put away, the audit chain is signed.

use crate::city::City;
use crate::closing::Closing;
use crate::figures::Figures;
use crate::live::{Hub, Watcher};
use base::Timestamp;
use futures_util::future::BoxFuture;
use linkage::Linkage;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{PlacedEntry, StoreError, idempotency, outbox, timer};
use tokio::task::JoinHandle;

/// How often the lists are brought up to what was committed; a question does so anyway, and finds little left to do.
const LISTS_EVERY: Duration = Duration::from_secs(1);
/// How often they are kept for the next start, which applies what came since.
const LISTS_KEPT_EVERY: Duration = Duration::from_hours(6);
/// And in which file.
const LISTS_FILE: &str = "lists";
/// How often due timers are looked for.
const TIMERS_EVERY: Duration = Duration::from_secs(1);
/// How often messages to phones are sent.
const MESSAGES_EVERY: Duration = Duration::from_secs(1);
/// Timers fired before others get a turn.
const TIMERS_AT_ONCE: u32 = 200;
/// How often the samples of figures are folded.
const FIGURES_EVERY: Duration = Duration::from_secs(5);
/// How often old things are put away and the audit chain is signed.
const HOUSEKEEPING_EVERY: Duration = Duration::from_mins(5);
/// How often files that nobody refers to are looked for.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How often new files are copied into the backup.
const FILES_COPIED_EVERY: Duration = Duration::from_mins(1);
/// And at which of these times all of them are looked at, not only those of the last days.
const FILES_LOOKED_THROUGH_EVERY: u64 = 60;
/// Outbox entries are kept so long after every consumer has seen them: how far back a live stream can resume.
const OUTBOX_DAYS: i64 = 7;

/// Tells the rooms what other nodes have changed of what they remember.
struct Memories(City);

impl Watcher for Memories {
    fn seen<'a>(&'a self, entry: &'a PlacedEntry) -> BoxFuture<'a, anyhow::Result<()>> {
        Box::pin(async {
            self.0.access.follow(&entry.kind, &entry.body).await?;
            if entry.kind == registry::REGISTRY_CHANGED {
                self.0.registry.follow(&entry.body).await?;
            }
            if entry.kind == casework::CASEWORK_CHANGED {
                self.0.casework.follow(&entry.body).await?;
            }
            Ok(())
        })
    }
}

/// Starts all of it. The tasks end when the word is said, the threads of the outbox when the store is closed.
pub fn start(
    city: &City,
    hub: Hub,
    figures: Arc<Figures>,
    closing: &Closing,
    search_dir: &Path,
) -> Result<Vec<JoinHandle<()>>, StoreError> {
    city.store.follow_outbox()?;
    city.store
        .consume(Arc::new(Linkage::new(city.store.clone())))?;
    city.store.consume(city.casework.statistics_follower())?;
    city.casework.search_in(search_dir)?;
    let mut tasks = vec![tokio::spawn(
        hub.follow(vec![Arc::new(Memories(city.clone()))]),
    )];
    tasks.push(every(FIGURES_EVERY, closing, move || {
        let figures = figures.clone();
        async move { figures.tidy_up() }
    }));
    city.casework.lists_keep_in(search_dir.join(LISTS_FILE));
    tasks.push(tokio::spawn(follow_lists(city.clone(), closing.clone())));
    let of_kept = city.clone();
    tasks.push(every(LISTS_KEPT_EVERY, closing, move || {
        keep_lists(of_kept.clone())
    }));
    let (of_lists, until) = (city.clone(), closing.clone());
    tasks.push(every(LISTS_EVERY, closing, move || {
        follow_lists(of_lists.clone(), until.clone())
    }));
    let (of_timers, until) = (city.clone(), closing.clone());
    tasks.push(every(TIMERS_EVERY, closing, move || {
        fire_timers(of_timers.clone(), until.clone())
    }));
    let of_messages = city.clone();
    tasks.push(every(MESSAGES_EVERY, closing, move || {
        send_messages(of_messages.clone())
    }));
    let of_house = city.clone();
    tasks.push(every(HOUSEKEEPING_EVERY, closing, move || {
        keep_house(of_house.clone())
    }));
    let of_files = city.clone();
    tasks.push(every(SWEEP_EVERY, closing, move || sweep(of_files.clone())));
    let (of_backup, rounds) = (city.clone(), Arc::new(AtomicU64::new(0)));
    tasks.push(every(FILES_COPIED_EVERY, closing, move || {
        let round = rounds.fetch_add(1, Ordering::Relaxed);
        back_up_files(of_backup.clone(), round % FILES_LOOKED_THROUGH_EVERY == 0)
    }));
    Ok(tasks)
}

/// Copies new files into the backup, if one is kept: all that are missing, or those of the last two days.
async fn back_up_files(city: City, all: bool) {
    let yesterday = city.store.clock().now().plus_seconds(-86_400);
    let since = yesterday.to_jiff().strftime("%Y-%m-%d").to_string();
    let since = if all { "" } else { &since };
    if let Err(error) = city.blobs.back_up(since).await {
        tracing::warn!(%error, "files could not be copied into the backup");
    }
}

/// Reading everything for the first time takes long where there is much; who stops does not wait for it.
async fn follow_lists(city: City, mut closing: Closing) {
    tokio::select! {
        followed = city.casework.lists_follow() => {
            if let Err(error) = followed {
                tracing::warn!(%error, "the lists could not be brought up to date");
            }
        }
        () = closing.closed() => {}
    }
}

/// Writes down what the lists know, so that the next start need not read everything.
pub async fn keep_lists(city: City) {
    if let Err(error) = city.casework.lists_keep().await {
        tracing::warn!(%error, "the lists could not be kept; the next start reads them from the database");
    }
}

async fn sweep(city: City) {
    match city.casework.attachments_sweep().await {
        Ok(swept) if swept.orphans > 0 => {
            tracing::info!(
                files = swept.orphans,
                "files that nobody refers to were removed"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "files could not be looked through"),
    }
}

/// Runs `work` again and again, `pause` apart, until the word is said.
fn every<F, W>(pause: Duration, closing: &Closing, work: W) -> JoinHandle<()>
where
    W: Fn() -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut closing = closing.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => work().await,
                () = closing.closed() => return,
            }
        }
    })
}

async fn send_messages(city: City) {
    if let Err(error) = city.portal.messages_send().await {
        tracing::warn!(%error, "messages to phones could not be sent and wait");
    }
}

async fn fire_timers(city: City, closing: Closing) {
    let firing = tokio::task::spawn_blocking(move || {
        loop {
            let casework = city.casework.clone();
            let fired =
                timer::fire_due(&city.store, TIMERS_AT_ONCE, move |tx, due, now| {
                    match due.kind.as_str() {
                        kind if casework::TIMERS.contains(&kind) => {
                            casework.timer_due(tx, due, now)
                        }
                        other => Err(StoreError::Corrupt(format!(
                            "nobody handles timers of kind {other}"
                        ))),
                    }
                })?;
            // A timer that fired may have set the next one for now.
            if fired == 0 || closing.is_closing() {
                return Ok::<_, StoreError>(());
            }
        }
    });
    if let Ok(Err(error)) = firing.await {
        tracing::warn!(%error, "timers could not be fired and wait");
    }
}

async fn keep_house(city: City) {
    if let Err(error) = city.access.prune().await {
        tracing::warn!(%error, "old sessions could not be put away");
    }
    if let Err(error) = city.casework.attachments_tidy().await {
        tracing::warn!(%error, "uploads that nothing used could not be put away");
    }
    let now = city.store.clock().now();
    let put_away = city.store.write(move |tx| put_away(tx, now)).await;
    if let Err(error) = put_away {
        tracing::warn!(%error, "old outbox entries and remembered answers could not be put away");
    }
    let signing = tokio::task::spawn_blocking(move || {
        store::audit::checkpoint(&city.store, &city.checkpoint_key)
    });
    if let Ok(Err(error)) = signing.await {
        tracing::warn!(%error, "the audit chain could not be signed");
    }
}

fn put_away(tx: &mut store::Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    outbox::prune(tx, now.plus_seconds(-OUTBOX_DAYS * 86_400))?;
    idempotency::prune(tx, now)?;
    Ok(())
}
