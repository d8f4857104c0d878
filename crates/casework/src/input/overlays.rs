//! What callers send about what lies over the stages: urging, extension, suspension, supervision, exclusion, appeals.

use super::check_remark;
use crate::lifecycle::overlays::OverlayCommand;
use crate::model::{Level, NoteRef};
use base::{FieldError, Id, Timestamp};
use calendar::{BareUnits, Limit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every request about an overlay says: its words, if any, and the command it becomes once they are sealed.
pub(crate) trait OverlayRequest: Serialize {
    /// The operation.
    const OPERATION: &'static str;

    /// The field with the words, and the words.
    fn words(&self) -> Option<(&'static str, Words<'_>)>;

    /// When it happened, where a device may have been offline.
    fn occurred_at(&self) -> Option<Timestamp> {
        None
    }

    /// The command. `subject` is the task of the path where there is one.
    fn command(
        self,
        subject: Id,
        words: Option<NoteRef>,
    ) -> Result<OverlayCommand, Vec<FieldError>>;
}

/// Words that may be left out, or may not.
#[derive(Clone, Copy)]
pub(crate) enum Words<'a> {
    Optional(Option<&'a str>),
    Required(&'a str),
}

impl<'a> Words<'a> {
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Optional(text) => text,
            Self::Required(text) => Some(text),
        }
    }

    pub fn check(self, field: &'static str) -> Vec<FieldError> {
        let mut wrong = check_remark(field, self.text());
        if let Self::Required(text) = self
            && text.trim().is_empty()
        {
            wrong.push(required(field));
        }
        wrong
    }
}

fn required(field: &'static str) -> FieldError {
    FieldError::new(field, "required", "say why")
}

/// Words that were checked to be there.
fn needed(field: &'static str, words: Option<NoteRef>) -> Result<NoteRef, Vec<FieldError>> {
    words.ok_or_else(|| vec![required(field)])
}

/// A request with its fields, its words and the command it becomes.
macro_rules! requests {
    ($(
        $(#[$meta:meta])*
        $name:ident for $operation:literal {
            $($(#[$field_meta:meta])* $field:ident : $type:ty,)*
        }
        words $words:ident ( $kind:ident );
        $(dated $dated:ident;)?
        command |$this:ident, $subject:ident, $note:ident| $command:expr;
    )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl OverlayRequest for $name {
            const OPERATION: &'static str = $operation;

            fn words(&self) -> Option<(&'static str, Words<'_>)> {
                requests!(@words self, $words, $kind)
            }

            $(fn occurred_at(&self) -> Option<Timestamp> {
                self.$dated
            })?

            fn command(
                self,
                $subject: Id,
                $note: Option<NoteRef>,
            ) -> Result<OverlayCommand, Vec<FieldError>> {
                let $this = self;
                $command
            }
        }
    )+ };
    (@words $self:ident, $words:ident, none) => { None };
    (@words $self:ident, $words:ident, optional) => {
        Some((stringify!($words), Words::Optional($self.$words.as_deref())))
    };
    (@words $self:ident, $words:ident, required) => {
        Some((stringify!($words), Words::Required(&$self.$words)))
    };
}

requests! {
    /// `case_urge`.
    CaseUrgeRequest for "case_urge" {
        /// What the holders are told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
    words note(optional);
    command |_this, _subject, note| Ok(OverlayCommand::Urge { note });

    /// `case_mark`.
    CaseMarkRequest for "case_mark" {
        /// Whether it is important from now on.
        important: bool,
    }
    words important(none);
    command |this, _subject, _note| Ok(OverlayCommand::Mark { important: this.important });

    /// `case_hide_reporter`.
    CaseHideReporterRequest for "case_hide_reporter" {
        /// Whether those who handle may not learn who reported. A reporter who asked for that stays hidden in any case.
        hidden: bool,
    }
    words hidden(none);
    command |this, _subject, _note| Ok(OverlayCommand::HideReporter { hidden: this.hidden });

    /// `case_level`.
    CaseLevelRequest for "case_level" {
        /// The level from now on.
        level: Level,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    words reason(optional);
    command |this, _subject, reason| Ok(OverlayCommand::Level { level: this.level, reason });

    /// `case_recall`.
    CaseRecallRequest for "case_recall" {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    words reason(optional);
    command |_this, _subject, reason| Ok(OverlayCommand::Recall { reason });

    /// `case_cancel`.
    CaseCancelRequest for "case_cancel" {
        /// Why.
        reason: String,
    }
    words reason(required);
    command |_this, _subject, reason| {
        Ok(OverlayCommand::Cancel { reason: needed("reason", reason)? })
    };

    /// `extension_request`.
    ExtensionRequest for "extension_request" {
        /// How much more; as much as the process grants when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(example = "2工作日")]
        limit: Option<String>,
        /// Why.
        reason: String,
        /// When it happened, if the device was offline; now when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        occurred_at: Option<Timestamp>,
    }
    words reason(required);
    dated occurred_at;
    command |this, subject, reason| {
        let limit = this.limit.as_deref().map(parse_limit).transpose()?;
        Ok(OverlayCommand::ExtensionRequest {
            task_id: subject,
            limit,
            reason: needed("reason", reason)?,
        })
    };

    /// `extension_decide`.
    ExtensionDecideRequest for "extension_decide" {
        /// Granted or not.
        approved: bool,
        /// What is said; the reason when it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opinion: Option<String>,
    }
    words opinion(optional);
    command |this, subject, opinion| {
        Ok(OverlayCommand::ExtensionDecide { task_id: subject, approved: this.approved, opinion })
    };

    /// `suspension_request`.
    SuspensionRequest for "suspension_request" {
        /// Until when.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        /// Why.
        reason: String,
    }
    words reason(required);
    command |this, subject, reason| {
        Ok(OverlayCommand::SuspensionRequest {
            task_id: subject,
            until: this.until,
            reason: needed("reason", reason)?,
        })
    };

    /// `suspension_decide`.
    SuspensionDecideRequest for "suspension_decide" {
        /// Granted or not.
        approved: bool,
        /// From when the clock stands still; not before it was asked for. From now when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        effective_from: Option<Timestamp>,
        /// Until when; as applied for when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        /// What is said; the reason when it is not granted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opinion: Option<String>,
    }
    words opinion(optional);
    command |this, subject, opinion| {
        Ok(OverlayCommand::SuspensionDecide {
            task_id: subject,
            approved: this.approved,
            from: this.effective_from,
            until: this.until,
            opinion,
        })
    };

    /// `suspension_end`.
    SuspensionEndRequest for "suspension_end" {
        /// What is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    words reason(optional);
    command |_this, subject, reason| {
        Ok(OverlayCommand::SuspensionEnd { task_id: subject, reason })
    };

    /// `case_supervise`.
    CaseSuperviseRequest for "case_supervise" {
        /// Until when it must be answered; by the process when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = DateTime)]
        due_at: Option<Timestamp>,
        /// What is demanded.
        demand: String,
    }
    words demand(required);
    command |this, _subject, demand| {
        Ok(OverlayCommand::Supervise { due_at: this.due_at, demand: needed("demand", demand)? })
    };

    /// `supervision_reply`.
    SupervisionReplyRequest for "supervision_reply" {
        /// The answer.
        reply: String,
    }
    words reply(required);
    command |_this, _subject, reply| {
        Ok(OverlayCommand::SupervisionReply { reply: needed("reply", reply)? })
    };

    /// `supervision_end`.
    SupervisionEndRequest for "supervision_end" {
        /// What is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opinion: Option<String>,
    }
    words opinion(optional);
    command |_this, _subject, opinion| Ok(OverlayCommand::SupervisionEnd { opinion });

    /// `case_reopen`.
    CaseReopenRequest for "case_reopen" {
        /// Why.
        reason: String,
    }
    words reason(required);
    command |_this, _subject, reason| {
        Ok(OverlayCommand::Reopen { reason: needed("reason", reason)? })
    };

    /// `case_exclude`.
    CaseExcludeRequest for "case_exclude" {
        /// Why.
        reason: String,
    }
    words reason(required);
    command |_this, _subject, reason| {
        Ok(OverlayCommand::Exclude { reason: needed("reason", reason)? })
    };

    /// `exclusion_decide`.
    ExclusionDecideRequest for "exclusion_decide" {
        /// Granted or not.
        approved: bool,
        /// What is said; the reason when it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opinion: Option<String>,
    }
    words opinion(optional);
    command |this, _subject, opinion| {
        Ok(OverlayCommand::ExclusionDecide { approved: this.approved, opinion })
    };

    /// `appeal_file`.
    AppealFileRequest for "appeal_file" {
        /// Why the overdue fact should not count.
        reason: String,
    }
    words reason(required);
    command |_this, subject, reason| {
        Ok(OverlayCommand::AppealFile { task_id: subject, reason: needed("reason", reason)? })
    };

    /// `appeal_review`.
    AppealReviewRequest for "appeal_review" {
        /// Granted or not.
        approved: bool,
        /// What is said; the reason when it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opinion: Option<String>,
    }
    words opinion(optional);
    command |this, _subject, opinion| {
        Ok(OverlayCommand::AppealReview { approved: this.approved, opinion })
    };

    /// `case_deadline_give`.
    CaseDeadlineGiveRequest for "case_deadline_give" {
        /// Of this task; of whatever the case waits for now when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        task_id: Option<Id>,
        /// Until when.
        #[schema(value_type = String, format = DateTime)]
        due_at: Timestamp,
        /// What is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    words reason(optional);
    command |this, _subject, reason| {
        Ok(OverlayCommand::DeadlineGive { task_id: this.task_id, due_at: this.due_at, reason })
    };

    /// `case_mode_apply`.
    CaseModeApplyRequest for "case_mode_apply" {
        /// The mode's word in the process; the ordinary one when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(example = "emergency")]
        mode: Option<String>,
    }
    words mode(none);
    command |this, _subject, _note| Ok(OverlayCommand::ModeApply { mode: this.mode });
}

fn parse_limit(text: &str) -> Result<Limit, Vec<FieldError>> {
    Limit::parse(text, &BareUnits::default())
        .map_err(|error| vec![FieldError::new("limit", "malformed", error.to_string())])
}
