//! Whoever told something follows it, says whether it is solved, and rates.
//!
//! A link is a secret made of the report's id, a time, how it was come by and a keyed hash of all three: nothing is stored, and none can be
//! made up.
//!
//! Who joined a case (我也遇到) may be anybody with any phone. Until the phone is proved with a code they see that it is done and say whether
//! it is, but neither read what was reported to others nor send people out again: what they say is on record, and no more.

use super::Portal;
use crate::error::PortalError;
use crate::plain_words::{Language, PlainStatus, of_case, of_report, of_turn};
use base::{Id, Timestamp};
use casework::CaseworkError;
use casework::input::{RedoRequest, ReportCallbackRequest, ReportRateRequest};
use casework::lifecycle::Refusal;
use casework::model::{CaseStage, ReportStage, Satisfaction, TaskRole, TaskState};
use casework::view::{CaseView, ReportView};

/// How a link was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// With a new report: whoever has it told that.
    Telling,
    /// For a code: whoever has it has the phone besides.
    Code,
}

impl By {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Telling => "t",
            Self::Code => "c",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Telling, Self::Code]
            .into_iter()
            .find(|by| by.as_str() == text)
    }
}

/// The secret to follow a report by.
pub struct Link {
    /// To be sent as `Authorization: Bearer …`.
    pub token: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a reporter says of how it was.
pub struct Said {
    /// One of five.
    pub satisfaction: Satisfaction,
    /// What they add.
    pub words: Option<String>,
    /// When they said so; now when left out.
    pub occurred_at: Option<Timestamp>,
}

/// A turn that it has taken.
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// The kind of entry of the timeline.
    pub kind: String,
    /// In plain words.
    pub words: &'static str,
}

/// A report as its reporter sees it.
pub struct Followed {
    /// Its number.
    pub report_no: String,
    /// When it was told.
    pub told_at: Timestamp,
    /// What it is called.
    pub title: Option<String>,
    /// What was told.
    pub words: Option<String>,
    /// Where.
    pub address: Option<String>,
    /// Where it stands.
    pub status: PlainStatus,
    /// Until when it should be dealt with.
    pub expected_by: Option<Timestamp>,
    /// What the reporter was told.
    pub answer: Option<String>,
    /// What was done, once somebody has looked at it.
    pub result: Option<String>,
    /// The turns, in order.
    pub turns: Vec<Turn>,
    /// The numbers of its cases.
    pub case_nos: Vec<String>,
    /// Whether the reporter is asked if it is solved.
    pub may_answer: bool,
    /// Whether what is not solved is then done again; whoever joined proves the phone first.
    pub may_redo: bool,
    /// Whether the reporter may rate.
    pub may_rate: bool,
    /// How the reporter rated.
    pub rated: Option<Satisfaction>,
}

impl Portal {
    pub(super) fn link(&self, report_id: Id, expires_at: Timestamp, by: By) -> Link {
        let seconds = expires_at.0 / 1_000_000;
        let hash = hex::encode(self.link_hash(report_id, seconds, by));
        Link {
            token: format!("{report_id}.{seconds}.{}.{hash}", by.as_str()),
            expires_at: Timestamp(seconds * 1_000_000),
        }
    }

    fn link_hash(&self, report_id: Id, seconds: i64, by: By) -> [u8; 32] {
        let text = format!("portal.link:{report_id}:{seconds}:{}", by.as_str());
        self.parts().sealer.keyed_hash(&text)
    }

    fn linked(&self, token: &str) -> Result<(Id, By), PortalError> {
        let pieces: Vec<&str> = token.splitn(4, '.').collect();
        let [id, seconds, by, given] = pieces[..] else {
            return Err(PortalError::LinkExpired);
        };
        let (Ok(id), Ok(seconds), Some(by), Ok(given)) = (
            id.parse::<Id>(),
            seconds.parse::<i64>(),
            By::parse(by),
            hex::decode(given),
        ) else {
            return Err(PortalError::LinkExpired);
        };
        let expected = self.link_hash(id, seconds, by);
        // Compared as hashes of hashes: how far the two are alike says nothing.
        let sealer = &self.parts().sealer;
        let again = |bytes: &[u8]| sealer.keyed_hash(&hex::encode(bytes));
        if again(&given) != again(&expected) || self.now().0 / 1_000_000 >= seconds {
            return Err(PortalError::LinkExpired);
        }
        Ok((id, by))
    }

    /// The report of a link.
    pub async fn follow(&self, token: &str, language: Language) -> Result<Followed, PortalError> {
        let (id, by) = self.linked(token)?;
        let principal = self.reporter().await?;
        let report = self.casework().report_view(&principal, id).await?;
        let mut cases = Vec::with_capacity(report.case_ids.len());
        for case_id in &report.case_ids {
            cases.push(self.casework().case_view(&principal, *case_id).await?);
        }
        Ok(Self::followed(report, &cases, by, language))
    }

    fn followed(report: ReportView, cases: &[CaseView], by: By, language: Language) -> Followed {
        let is_believed = is_believed(&report, by);
        let stages: Vec<CaseStage> = cases.iter().map(|case| case.head.stage).collect();
        let mut turns = turns(
            report
                .timeline
                .iter()
                .map(|each| (each.occurred_at, &*each.kind)),
            language,
        );
        for case in cases {
            let of_case = case.timeline.iter();
            turns.extend(self::turns(
                of_case.map(|each| (each.occurred_at, &*each.kind)),
                language,
            ));
        }
        turns.sort_by_key(|turn| turn.at);
        let stage = report.head.stage;
        let has_ended = matches!(
            stage,
            ReportStage::Settled | ReportStage::Answered | ReportStage::Rejected
        );
        // Rated after its last end, as the law looks at it.
        let rated_since = turns
            .iter()
            .rposition(|turn| turn.kind == "report_rated")
            .zip(turns.iter().rposition(|turn| is_end(&turn.kind)))
            .is_some_and(|(rated, ended)| rated > ended);
        let is_looked_at = matches!(stage, ReportStage::CallingBack | ReportStage::Settled);
        Followed {
            report_no: report.head.report_no,
            told_at: report.head.received_at,
            title: report.head.title,
            words: report.detail,
            address: report.address,
            status: of_report(stage, &stages),
            expected_by: cases.iter().filter_map(expected_by).max(),
            answer: report.answer,
            result: result(cases).filter(|_| is_looked_at && is_believed),
            turns,
            case_nos: cases.iter().map(|case| case.head.case_no.clone()).collect(),
            may_answer: stage == ReportStage::CallingBack,
            may_redo: stage == ReportStage::CallingBack && is_believed,
            may_rate: has_ended && !rated_since && report.called_back.is_none(),
            rated: report
                .rating
                .map(|rating| rating.satisfaction)
                .or(report.called_back.map(|said| said.satisfaction)),
        }
    }

    /// The reporter says whether it is solved. What is not is done again, as often as the process allows.
    pub async fn answer(
        &self,
        token: &str,
        key: Option<String>,
        solved: bool,
        said: Said,
    ) -> Result<(), PortalError> {
        let (id, by) = self.linked(token)?;
        let key = key.map(|key| self.key_hashed(&key));
        let call = self.call(key.clone()).await?;
        let report = self.casework().report_view(&call.principal, id).await?;
        let redo = report.case_ids.last().map(|case_id| RedoRequest {
            reopen_case_id: Some(*case_id),
            open_case: None,
        });
        let mut input = ReportCallbackRequest {
            reached: true,
            solved: Some(solved),
            satisfaction: Some(said.satisfaction),
            words: said.words,
            occurred_at: said.occurred_at,
            redo: redo.filter(|_| !solved && is_believed(&report, by)),
        };
        let casework = self.casework();
        match casework.report_callback(&call, id, input.clone()).await {
            Err(CaseworkError::ReportRefused {
                refusal: Refusal::RedoLimitReached { .. },
                ..
            }) => {
                // Done again as often as is allowed: that it is not solved is on record.
                input.redo = None;
                let call = self.call(key.map(|key| format!("{key}:end"))).await?;
                casework.report_callback(&call, id, input).await?;
            }
            outcome => drop(outcome?),
        }
        Ok(())
    }

    /// The reporter rates, once for each time it came to its end.
    pub async fn rate(
        &self,
        token: &str,
        key: Option<String>,
        said: Said,
    ) -> Result<(), PortalError> {
        let (id, _) = self.linked(token)?;
        let call = self.call(key.map(|key| self.key_hashed(&key))).await?;
        let input = ReportRateRequest {
            satisfaction: said.satisfaction,
            words: said.words,
            occurred_at: said.occurred_at,
        };
        self.casework().report_rate(&call, id, input).await?;
        Ok(())
    }
}

/// Whether somebody at a desk took it up, or its reporter has proved the phone.
fn is_believed(report: &ReportView, by: By) -> bool {
    let has_joined = report.timeline.iter().any(|entry| {
        let role = entry.by.as_ref().map(|by| by.role.as_str());
        entry.kind == "report_accepted" && role == Some(access::REPORTER)
    });
    by == By::Code || !has_joined
}

fn is_end(kind: &str) -> bool {
    matches!(
        kind,
        "report_settled" | "report_answered" | "report_rejected"
    )
}

pub(super) fn turns<'a>(
    entries: impl Iterator<Item = (Timestamp, &'a str)>,
    language: Language,
) -> Vec<Turn> {
    entries
        .filter_map(|(at, kind)| {
            Some(Turn {
                at,
                kind: kind.to_owned(),
                words: of_turn(kind, language)?,
            })
        })
        .collect()
}

/// Until when somebody must have dealt with it; none once they have.
pub(super) fn expected_by(case: &CaseView) -> Option<Timestamp> {
    if of_case(case.head.stage) != PlainStatus::Working {
        return None;
    }
    let open = case.tasks.iter().filter(|task| {
        task.role == TaskRole::Lead
            && matches!(task.state, TaskState::Assigned | TaskState::Accepted)
    });
    open.map(|task| task.handling.due_at).max()
}

/// What whoever led the handling says was done.
fn result(cases: &[CaseView]) -> Option<String> {
    let mut finished = cases.iter().flat_map(|case| &case.tasks).filter(|task| {
        task.role == TaskRole::Lead && task.state == TaskState::Finished && task.result.is_some()
    });
    finished.next_back().and_then(|task| task.result.clone())
}
