//! One waiting transaction, its types erased so that one queue holds them all.

use crate::filling::Loan;
use crate::{StoreError, Tx, within};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// What stands in the queues.
pub(crate) enum Order {
    Run(Box<dyn Job>),
    /// Lend the writer; on SQLite only.
    Lend(Loan),
    /// Finish what came before, then end the thread.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    Discard,
}

pub(crate) trait Job: Send {
    /// Runs the closure once; panics are caught here. The answer is held back until [`Job::finish`].
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict;
    /// Releases the answer, or replaces it by why the transaction was lost.
    fn finish(self: Box<Self>, fate: Result<(), StoreError>);
    /// Replaces the answer: the closure said yes although one of its statements had failed.
    fn refuse(&mut self, error: StoreError);
    /// The caller has gone away (request cancelled): no need to begin.
    fn is_abandoned(&self) -> bool;
}

pub(crate) struct Call<T, E, F> {
    work: F,
    answer: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Call<T, E, F> {
    pub(crate) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, receiver) = oneshot::channel();
        (
            Self {
                work,
                answer: None,
                reply,
            },
            receiver,
        )
    }
}

impl<T, E, F> Job for Call<T, E, F>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict {
        let work = &self.work;
        let (answer, has_called_the_store) =
            within::run(|| catch_unwind(AssertUnwindSafe(|| work(tx))));
        let mut answer = answer.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        if has_called_the_store {
            tracing::error!("a closure called the store from inside its transaction");
            answer = Err(StoreError::WithinTransaction.into());
        }
        let verdict = if answer.is_ok() {
            Verdict::Keep
        } else {
            Verdict::Discard
        };
        self.answer = Some(answer);
        verdict
    }

    fn finish(self: Box<Self>, fate: Result<(), StoreError>) {
        let answer = match (fate, self.answer) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(StoreError::Unavailable("never ran".into()).into()),
        };
        let _ = self.reply.send(answer); // the caller may have left
    }

    fn refuse(&mut self, error: StoreError) {
        self.answer = Some(Err(error.into()));
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}
