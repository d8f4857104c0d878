//! Filling (SQLite): while an empty database is filled by a maker who starts anew when interrupted, nobody waits for the disk or for a
//! thread. The writer is lent to whoever calls: closures run where they are called, one after the other, reading ones too, each
//! in a savepoint of one long transaction that is committed now and then.

use crate::StoreError;
use crate::audit::ChainEnd;
use crate::job::{Job, Verdict};
use crate::sqlite::Writer;
use crate::tx::{Engine, Tx};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// So many closures share a commit: a page that each of them writes to goes to the log once.
const GROUP: usize = 512;

/// Asks the writer's thread for the writer, and gives it back.
pub(crate) struct Loan {
    to: Sender<Writer>,
    back: Receiver<Writer>,
}

impl Loan {
    /// Lends the writer until it comes back; none when it does not.
    pub(crate) fn lend(self, writer: Writer) -> Option<Writer> {
        self.to.send(writer).ok()?;
        self.back.recv().ok()
    }
}

/// The writer while it is lent, if it is.
#[derive(Default)]
pub(crate) struct Filling {
    is_on: AtomicBool,
    lent: Mutex<Option<Lent>>,
}

struct Lent {
    writer: Writer,
    back: Sender<Writer>,
    /// Closures since the last commit; none when no transaction is open.
    count: usize,
    has_emitted: bool,
    /// Why what was answered is lost, if it is: then nothing more can be kept.
    lost: Option<StoreError>,
}

impl Filling {
    /// Borrows the writer; `ask` passes the loan on to its thread.
    pub(crate) fn begin(&self, ask: impl FnOnce(Loan) -> bool) -> Result<(), StoreError> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        if lent.is_some() {
            return Ok(());
        }
        let closed = || StoreError::Unavailable("the store is closed".into());
        let (to, writer) = bounded(1);
        let (back, returned) = bounded(1);
        let loan = Loan { to, back: returned };
        if !ask(loan) {
            return Err(closed());
        }
        let writer: Writer = writer.recv().map_err(|_| closed())?;
        let hastened = writer.hasten();
        *lent = Some(Lent {
            writer,
            back,
            count: 0,
            has_emitted: false,
            lost: hastened.clone().err(),
        });
        self.is_on.store(true, Ordering::SeqCst);
        hastened
    }

    /// Commits, brings all of it to the disk and gives the writer back.
    pub(crate) fn end(&self) -> Result<(), StoreError> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_on.store(false, Ordering::SeqCst);
        let Some(mut lent) = lent.take() else {
            return Ok(());
        };
        lent.commit();
        let settled = lent.writer.settle();
        // Its thread is there as long as the store is.
        let _ = lent.back.send(lent.writer);
        lent.lost.map_or(settled, Err)
    }

    /// Runs and answers the job here and now; gives it back when nothing is being filled.
    pub(crate) fn run(&self, mut job: Box<dyn Job>, writes: bool) -> Option<Box<dyn Job>> {
        if !self.is_on.load(Ordering::SeqCst) {
            return Some(job);
        }
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lent) = &mut *lent else {
            return Some(job);
        };
        let fate = lent.run(job.as_mut(), writes);
        job.finish(fate);
        None
    }
}

impl Lent {
    fn run(&mut self, job: &mut dyn Job, writes: bool) -> Result<(), StoreError> {
        let ran = match self.lost.clone() {
            Some(lost) => Err(lost),
            None if writes => self.write(job),
            None => self.read(job),
        };
        if let Err(error) = &ran {
            self.lost = Some(error.clone());
        }
        ran
    }

    fn write(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        if self.count == 0 {
            self.writer.control("BEGIN IMMEDIATE")?;
        }
        self.count += 1;
        self.has_emitted |= self.writer.run_in_savepoint(job)?;
        if self.count >= GROUP {
            self.commit();
        }
        self.lost.clone().map_or(Ok(()), Err)
    }

    fn read(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        let connection = self.writer.connection();
        let before = connection.total_changes();
        let mut tx = Tx::new(Engine::Sqlite(connection), ChainEnd::genesis(0));
        let verdict = job.run(&mut tx);
        if let (Verdict::Keep, Some(error)) = (verdict, tx.doomed.take()) {
            job.refuse(error);
        }
        if connection.total_changes() == before {
            Ok(())
        } else {
            Err(StoreError::Corrupt("a reading closure wrote".into()))
        }
    }

    fn commit(&mut self) {
        let count = std::mem::take(&mut self.count);
        if count == 0 || self.lost.is_some() {
            return;
        }
        let emitted = std::mem::take(&mut self.has_emitted);
        if let Err(error) = self.writer.commit_filled(count, emitted) {
            self.lost = Some(error);
        }
    }
}
