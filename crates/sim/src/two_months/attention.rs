//! Attention from above while a case is handled: urged, marked as important, supervised.

use super::life::{Act, Town, is_open, someone};
use super::rates;
use crate::founding::SeedError;
use base::Timestamp;
use casework::input::{
    CaseMarkRequest, CaseSuperviseRequest, CaseUrgeRequest, SupervisionEndRequest,
    SupervisionReplyRequest,
};
use casework::model::CaseStage;

impl Town<'_> {
    /// Some cases are urged, marked, supervised while they are handled.
    pub(super) fn expect_attention(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        if life.supervised.is_some() || life.is_redone {
            return Ok(());
        }
        let window = ((life.due_at.0 - at.0) / 1_000_000).max(3_600);
        let mut acts = Vec::new();
        for (odds, act) in [
            (rates::URGED, Act::Urge),
            (rates::MARKED, Act::Mark),
            (rates::SUPERVISED, Act::Supervise),
        ] {
            if life.dice.odds(odds) {
                let share = life.dice.between(5, 60);
                acts.push((at.plus_seconds(window * share / 100), act));
            }
        }
        for (at, act) in acts {
            self.put(nth, at, act);
        }
        Ok(())
    }

    pub(super) async fn urge(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        if life.stage != Some(CaseStage::Handling) {
            return Ok(());
        }
        let by = someone(&self.cast.dispatchers, &life.dice)?;
        let input = CaseUrgeRequest {
            note: Some("诉求人来电催促，请加快处置。".to_owned()),
        };
        let urged = self.rooms.casework.case_urge(&by, life.case_id, input);
        let urged = urged.await?;
        self.follow(nth, urged, at)
    }

    pub(super) async fn mark(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        if !life.is_open() {
            return Ok(());
        }
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseMarkRequest { important: true };
        let marked = self.rooms.casework.case_mark(&by, life.case_id, input);
        let marked = marked.await?;
        self.follow(nth, marked, at)
    }

    pub(super) async fn supervise(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        let lead = life.lead().filter(|lead| is_open(lead));
        let Some(holder) = lead.map(|lead| lead.organisation_id) else {
            return Ok(());
        };
        if life.stage != Some(CaseStage::Handling) || life.supervised.is_some() {
            return Ok(());
        }
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseSuperviseRequest {
            due_at: None,
            demand: "请限期处置并书面反馈进展。".to_owned(),
        };
        let reply_at = at.plus_seconds(life.dice.between(2, 30) * 3_600);
        let casework = self.rooms.casework;
        let supervised = casework.case_supervise(&by, life.case_id, input).await?;
        self.change(nth, |life| life.supervised = Some(holder))?;
        self.follow(nth, supervised, at)?;
        self.put(nth, reply_at, Act::SupervisionReply);
        Ok(())
    }

    pub(super) async fn supervision_reply(
        &mut self,
        nth: usize,
        at: Timestamp,
    ) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        let (true, Some(holder)) = (life.is_open(), life.supervised) else {
            return Ok(());
        };
        let by = self.clerk_of(holder, &life.dice)?;
        let input = SupervisionReplyRequest {
            reply: "已组织力量处置，预计按期完成。".to_owned(),
        };
        let later = at.plus_seconds(life.dice.between(1, 20) * 3_600);
        let casework = self.rooms.casework;
        let replied = casework.supervision_reply(&by, life.case_id, input).await?;
        self.follow(nth, replied, at)?;
        self.put(nth, later, Act::SupervisionEnd);
        Ok(())
    }

    pub(super) async fn supervision_end(
        &mut self,
        nth: usize,
        at: Timestamp,
    ) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        if !life.is_open() {
            return Ok(());
        }
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = SupervisionEndRequest {
            opinion: Some("反馈属实，解除督办。".to_owned()),
        };
        let casework = self.rooms.casework;
        let ended = casework.supervision_end(&by, life.case_id, input).await?;
        self.follow(nth, ended, at)
    }
}
