//! Attention from above while a case is handled: urged, marked as important, supervised.

use super::command::someone;
use super::life::{Act, Done, Town, is_open};
use super::rates;
use base::Timestamp;
use casework::input::{
    CaseMarkRequest, CaseSuperviseRequest, CaseUrgeRequest, SupervisionEndRequest,
    SupervisionReplyRequest,
};

impl Town<'_> {
    /// Some cases are urged, marked, supervised while they are handled.
    pub(super) fn expect_attention(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        if life.supervised.is_some() || life.is_redone {
            return Ok(());
        }
        let window = ((life.due_at.0 - at.0) / 1_000_000).max(3_600);
        let mut acts = Vec::new();
        for (rate, act) in [
            (rates::URGED, Act::Urge),
            (rates::MARKED, Act::Mark),
            (rates::SUPERVISED, Act::Supervise),
        ] {
            if life.dice.odds(rate) {
                let share = life.dice.between(5, 60);
                acts.push((at.plus_seconds(window * share / 100), act));
            }
        }
        for (at, act) in acts {
            self.put(nth, at, act);
        }
        Ok(())
    }

    pub(super) async fn urge(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.dispatchers)?;
        let input = CaseUrgeRequest {
            note: Some("诉求人来电催促，请加快处置。".to_owned()),
        };
        let command = self.casework.case_urge(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn mark(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = CaseMarkRequest { important: true };
        let command = self.casework.case_mark(&by, life.case_id, input);
        self.give(nth, at, command).await
    }

    pub(super) async fn supervise(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let lead = life.lead().filter(|lead| is_open(lead));
        let Some(holder) = lead.map(|lead| lead.organisation_id) else {
            return Ok(());
        };
        let by = someone(&self.cast.shift_leaders, &life.dice)?;
        let input = CaseSuperviseRequest {
            due_at: None,
            demand: "请限期处置并书面反馈进展。".to_owned(),
        };
        let reply_at = at.plus_seconds(life.dice.between(2, 30) * 3_600);
        let command = self.casework.case_supervise(&by, life.case_id, input);
        let supervised = self.carry_out(command).await?;
        self.change(nth, |life| life.supervised = Some(holder))?;
        self.follow(nth, supervised, at)?;
        self.put(nth, reply_at, Act::SupervisionReply);
        Ok(())
    }

    pub(super) async fn supervision_reply(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, ..) = self.life(nth)?;
        let Some(holder) = life.supervised else {
            return Ok(());
        };
        let by = self.clerk_of(holder, &life.dice)?;
        let input = SupervisionReplyRequest {
            reply: "已组织力量处置，预计按期完成。".to_owned(),
        };
        let later = at.plus_seconds(life.dice.between(1, 20) * 3_600);
        let command = self.casework.supervision_reply(&by, life.case_id, input);
        self.give(nth, at, command).await?;
        self.put(nth, later, Act::SupervisionEnd);
        Ok(())
    }

    pub(super) async fn supervision_end(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let input = SupervisionEndRequest {
            opinion: Some("反馈属实，解除督办。".to_owned()),
        };
        let command = self.casework.supervision_end(&by, life.case_id, input);
        self.give(nth, at, command).await
    }
}
