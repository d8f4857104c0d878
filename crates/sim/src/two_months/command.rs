//! Commands: who gives them, what is counted of them, and what follows.

use super::cast::Cast;
use super::life::{Done, Life, Town};
use crate::dice::{Dice, Rate};
use crate::founding::{SeedError, data};
use crate::pictures;
use access::Principal;
use base::{FailureKind, Id, Problem, Timestamp};
use casework::view::CaseStateView;
use casework::{Call, CaseworkError};
use std::sync::Arc;

/// One life in so many has pictures,
const PICTURED_EVERY: usize = 240;
/// and one in three of the last so many.
const PICTURED_LATELY: usize = 60;

impl<'a> Town<'a> {
    /// Carries out a command and counts it; a refused one does not count.
    pub(super) async fn carry_out<T>(
        &mut self,
        command: impl Future<Output = Result<T, CaseworkError>>,
    ) -> Result<T, SeedError> {
        let made = command.await?;
        self.tally.commands += 1;
        Ok(made)
    }

    /// Few lives have pictures, and of those now under way some more, because they are looked at first.
    fn has_pictures(&self, nth: usize) -> bool {
        let is_recent = nth + PICTURED_LATELY > self.lives.len();
        nth % PICTURED_EVERY == 5 || (is_recent && nth.is_multiple_of(3))
    }

    /// Takes a picture of what a life is about, for the next action of `by`.
    pub(super) async fn picture(
        &self,
        nth: usize,
        by: &Call,
        is_clean: bool,
    ) -> Result<Vec<Id>, SeedError> {
        if !self.has_pictures(nth) {
            return Ok(Vec::new());
        }
        let drawn =
            pictures::street(nth as u64, is_clean).map_err(|error| data(&error.to_string()))?;
        let name = if is_clean {
            "处置后.jpg"
        } else {
            "现场.jpg"
        };
        let plain = Call::of(by.principal.clone());
        let mut upload = self
            .casework
            .attachment_begin(plain, Some(name.to_owned()))
            .await?;
        upload.push(&drawn).await?;
        Ok(vec![upload.finish().await?.id])
    }

    /// Carries out a command on a case, and follows what it made of it.
    pub(super) async fn give(
        &mut self,
        nth: usize,
        at: Timestamp,
        command: impl Future<Output = Result<CaseStateView, CaseworkError>>,
    ) -> Done {
        let case = self.carry_out(command).await?;
        self.follow(nth, case, at)
    }

    /// What the law refuses is counted, and the case stays where it is.
    pub(super) fn refused(&mut self, operation: &str, error: CaseworkError) -> Done {
        if let CaseworkError::Store(error) = error {
            return Err(error.into());
        }
        let problem = Problem::from(error);
        if matches!(problem.kind, FailureKind::Fault) {
            return Err(data(&problem.detail));
        }
        let counted = format!("{operation} {}", problem.code);
        *self.tally.refusals.entry(counted).or_default() += 1;
        Ok(())
    }

    /// A life, and one of these people for it.
    pub(super) fn by(
        &self,
        nth: usize,
        among: impl FnOnce(&'a Cast) -> &'a [Arc<Principal>],
    ) -> Result<(&Life, Call), SeedError> {
        let (life, ..) = self.life(nth)?;
        Ok((life, someone(among(self.cast), &life.dice)?))
    }

    /// A life, and somebody of the organisation that holds a task of it.
    pub(super) fn by_holder(&self, nth: usize, task: Id) -> Result<(&Life, Call), SeedError> {
        let (life, ..) = self.life(nth)?;
        Ok((life, self.holder(life, task)?))
    }

    /// Somebody of the organisation that holds a task.
    pub(super) fn holder(&self, life: &Life, task: Id) -> Result<Call, SeedError> {
        let held = life.task(task);
        let held = held.ok_or_else(|| data("a task nobody holds"))?;
        self.clerk_of(held.organisation_id, &life.dice)
    }

    /// A clerk of an organisation.
    pub(super) fn clerk_of(&self, organisation: Id, dice: &Dice) -> Result<Call, SeedError> {
        let code = self.codes.get(&organisation);
        let code = code.ok_or_else(|| data("an organisation nobody knows"))?;
        let clerks = self.cast.clerks.get(*code).ok_or_else(|| data(*code))?;
        someone(clerks, dice)
    }
}

/// A call by one of these, as the dice fall.
pub(super) fn someone(among: &[Arc<Principal>], dice: &Dice) -> Result<Call, SeedError> {
    let by = dice.pick(among).ok_or_else(|| data("nobody is there"))?;
    Ok(Call::of(by.clone()))
}

/// Whether it is approved, as often as that is, and what is said when it is not.
pub(super) fn verdict(dice: &Dice, rate: Rate, no: &str) -> (bool, Option<String>) {
    let approved = dice.odds(rate);
    (approved, (!approved).then(|| no.to_owned()))
}
