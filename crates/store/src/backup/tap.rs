//! Where the writer and the backup meet. Changes are taken from the log by whoever comes first: the backup's thread when its
//! time has come, or the writer before a checkpoint, after which SQLite may write over the log. So nothing is ever waited for: the writer
//! copies pages in memory, the backup's thread packs them and brings them to the disk.

use super::BackupError;
use super::log::{self, Changes, Position};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Frames in the log at which the writer folds it into the database, as SQLite does by itself.
const FOLD_AT_FRAMES: u32 = 4_000;
/// With so many bytes waiting the backup's thread is woken before its time.
const HEAVY_BYTES: usize = 32 << 20;
/// With so many bytes waiting the backup is slower than the city: the log grows on the disk instead of the memory.
const WAITING_BYTES_MAX: usize = 128 << 20;
/// A log of so many frames (1 GiB) is folded whatever becomes of the backup, which then begins anew: the city does not stop for it.
const LOG_FRAMES_MAX: u32 = 262_144;

/// Beginning to follow is tried so often.
const TRIES_MAX: u32 = 100;

/// Shared by the writer, the backup's thread, and the store.
pub(crate) struct Tap {
    log_path: PathBuf,
    state: Mutex<State>,
    bell: Sender<()>,
    frames: AtomicU32,
    is_finished: AtomicBool,
}

enum State {
    /// Nobody follows; the log may be folded at any time.
    Off,
    On(Followed),
    /// Changes were lost on the way: what follows does not follow from what was kept.
    Broken(String),
}

struct Followed {
    position: Option<Position>,
    waiting: Changes,
}

/// What was taken, and how far the log had been read then.
pub(crate) struct Taken {
    pub(crate) changes: Changes,
    pub(crate) position: Option<Position>,
}

impl Tap {
    /// For the database at `path`; with the bell that wakes the backup's thread.
    pub(crate) fn new(path: &Path) -> (Arc<Self>, Receiver<()>) {
        let (bell, rung) = bounded(1);
        let mut log_path = path.as_os_str().to_owned();
        log_path.push("-wal");
        let tap = Self {
            log_path: PathBuf::from(log_path),
            state: Mutex::new(State::Off),
            bell,
            frames: AtomicU32::new(0),
            is_finished: AtomicBool::new(false),
        };
        (Arc::new(tap), rung)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, followed: &mut Followed) -> Result<(), BackupError> {
        let drained = match File::open(&self.log_path) {
            Ok(log) => log::read_on(&log, &mut followed.position, &mut followed.waiting),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        drained.map_err(|source| BackupError::io(&self.log_path, source))
    }

    /// Follows from here on. All of the present epoch of the log is taken: what came before it stands in the database file.
    pub(crate) fn begin(&self) -> Result<(), BackupError> {
        let mut state = self.state();
        for _ in 0..TRIES_MAX {
            let mut followed = Followed {
                position: None,
                waiting: Changes::default(),
            };
            self.drain(&mut followed)?;
            if self.is_of_now(followed.position)? {
                *state = State::On(followed);
                return Ok(());
            }
        }
        Err(BackupError::Broken(
            "the log is begun anew faster than it can be read".into(),
        ))
    }

    /// Follows on from `position`, if the log still holds all up to it. Says whether it does.
    pub(crate) fn resume(&self, position: Position) -> Result<bool, BackupError> {
        let mut state = self.state();
        let failed = |source| BackupError::io(&self.log_path, source);
        let is_held = match File::open(&self.log_path) {
            Ok(log) => log::holds(&log, &position).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
        };
        if !is_held {
            return Ok(false);
        }
        let mut followed = Followed {
            position: Some(position),
            waiting: Changes::default(),
        };
        self.drain(&mut followed)?;
        // While nobody followed, the log could be begun anew at any time, this very moment too.
        let is_held = !followed.waiting.begins_epoch && self.is_of_now(followed.position)?;
        if is_held {
            *state = State::On(followed);
        }
        Ok(is_held)
    }

    /// Whether the log was not begun anew since it was read so far.
    fn is_of_now(&self, position: Option<Position>) -> Result<bool, BackupError> {
        let of_now = match File::open(&self.log_path) {
            Ok(log) => log::is_of_now(&log, position.as_ref()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(position.is_none()),
            Err(error) => Err(error),
        };
        of_now.map_err(|source| BackupError::io(&self.log_path, source))
    }

    /// Everything committed since the last time.
    pub(crate) fn take(&self) -> Result<Taken, BackupError> {
        let mut state = self.state();
        match &mut *state {
            State::On(followed) => {
                self.drain(followed)?;
                Ok(Taken {
                    changes: std::mem::take(&mut followed.waiting),
                    position: followed.position,
                })
            }
            State::Broken(why) => Err(BackupError::Broken(why.clone())),
            State::Off => Err(BackupError::Broken("nobody follows".into())),
        }
    }

    /// What could not be kept waits again.
    pub(crate) fn put_back(&self, changes: Changes) {
        if let State::On(followed) = &mut *self.state() {
            followed.waiting.come_after(changes);
        }
    }

    /// The log is so long now; SQLite tells after each commit.
    pub(crate) fn log_grew(&self, frames: u32) {
        self.frames.store(frames, Ordering::Relaxed);
    }

    /// After a commit: folds the log when it is long.
    pub(crate) fn fold_when_long(&self, fold: impl FnOnce()) {
        let frames = self.frames.load(Ordering::Relaxed);
        if frames < FOLD_AT_FRAMES {
            return;
        }
        let mut state = self.state();
        if let State::On(followed) = &*state
            && followed.waiting.bytes() >= WAITING_BYTES_MAX
        {
            if frames < LOG_FRAMES_MAX {
                return;
            }
            *state = State::Broken("the backup is too slow for what is written".into());
        }
        self.fold_from(state, fold);
    }

    /// Folds the log, and not before all of it has been taken.
    pub(crate) fn fold(&self, fold: impl FnOnce()) {
        self.fold_from(self.state(), fold);
    }

    /// The state is held until the log is folded: whoever began to follow meanwhile would copy a file that is being written to, and
    /// not know by what.
    fn fold_from(&self, mut state: MutexGuard<'_, State>, fold: impl FnOnce()) {
        let frames = self.frames.swap(0, Ordering::Relaxed);
        if let State::On(followed) = &mut *state {
            let drained = self.drain(followed);
            let read = followed.position.map_or(0, |position| position.frame);
            if followed.waiting.bytes() >= HEAVY_BYTES {
                self.ring();
            }
            match drained {
                Err(error) => *state = State::Broken(error.to_string()),
                Ok(()) if read < frames => {
                    let why = format!("{read} of {frames} frames of the log could be read");
                    *state = State::Broken(why);
                }
                Ok(()) => {}
            }
        }
        fold();
    }

    /// Whether so much waits that it should be taken now.
    pub(crate) fn is_heavy(&self) -> bool {
        matches!(&*self.state(), State::On(followed) if followed.waiting.bytes() >= HEAVY_BYTES)
    }

    fn ring(&self) {
        let _ = self.bell.try_send(()); // it rings already
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::SeqCst)
    }
}

/// The writer's end of the tap: when it is dropped, nothing more will be written.
pub(crate) struct WriterTap(pub(crate) Arc<Tap>);

impl Drop for WriterTap {
    fn drop(&mut self) {
        self.0.is_finished.store(true, Ordering::SeqCst);
        self.0.ring();
    }
}
