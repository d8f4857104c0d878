//! What a record becomes: decided by the law, its words sealed.

use super::later::Told;
use super::{File, Ready, told_text};
use crate::input::ReportCreateRequest;
use crate::lifecycle::bring_in::{self, CaseHistory, End, Given, ReportHistory, Source};
use crate::lifecycle::case::{self, CaseOpened};
use crate::lifecycle::report::{self, ReportReceived};
use crate::lifecycle::{Circumstances, Refusal};
use crate::model::{CaseStage, Digest, ExternalKey, NoteRef};
use crate::records::{Kind, Record, Standing};
use crate::service::Casework;
use crate::service::report::{Located, NewCase};
use crate::service::sealed::{self, Words};
use crate::store::write::{CaseSecrets, ReportSecrets};
use base::{Id, Timestamp};

/// Makes of a record what is written.
pub(super) struct Maker<'a> {
    pub(super) casework: &'a Casework,
    pub(super) file: &'a File<'a>,
    pub(super) record: &'a Record,
    pub(super) notes: Vec<(Id, Id, Vec<u8>)>,
}

impl Maker<'_> {
    pub(super) fn make(
        mut self,
        input: &ReportCreateRequest,
        located: &Located,
        (report_no, case_no): (String, String),
    ) -> Result<Ready, Refusal> {
        let (casework, record) = (self.casework, self.record);
        let now = self.file.now;
        let id = casework.next_id();
        let process = match &self.file.process {
            Some(process) => process.clone(),
            None => casework
                .process_for(&record.source)
                .map_err(|_| Refusal::SourceNotServed {
                    source_code: record.source.clone(),
                })?,
        };
        let by = self.file.by.clone();
        let circumstances = casework.circumstances(&process, Some(&by), now);
        let sealer = &casework.parts().sealer;
        let words = sealed::seal_words(sealer, &words_of(input), &sealed::report_words(id));
        let digest = Digest(hex::encode(words.digest));
        let mut secrets = ReportSecrets {
            words: words.sealed,
            title: sealer.seal(input.title.trim().as_bytes(), &sealed::report_title(id)),
            ..ReportSecrets::default()
        };
        casework.seal_reporter(id, input, &mut secrets);
        let received = ReportReceived {
            report_id: id,
            report_no,
            source: record.source.clone(),
            level: record.level,
            words: digest.clone(),
            area_path: located.place.as_ref().map(|place| place.area_path.clone()),
            point: located.point,
            external: Some(ExternalKey {
                system: self.file.mapping.system().to_owned(),
                id: record.id.clone(),
            }),
            clock: None,
        };
        let mut told = Told::of(record, words_of(input));
        let (history, case) = match self.file.mapping.kind() {
            Kind::Messages => {
                let answer = record.reply.as_deref();
                let answer = answer.and_then(|reply| self.note(id, reply));
                let history = match record.replied_at.zip(answer) {
                    Some((at, answer)) => ReportHistory::Answered { at, answer },
                    None => ReportHistory::Undecided,
                };
                (history, None)
            }
            Kind::Cases => {
                let (case, history, source) = self.case(&received, case_no, &circumstances)?;
                told.case = Some((history, source));
                let history = ReportHistory::Accepted {
                    case_id: case.case.id,
                    process: case.case.process.clone(),
                    ended: end_of(record.standing),
                };
                (history, Some(case))
            }
        };
        let source = self.source(id);
        let events = bring_in::report(
            received,
            record.reported_at,
            &history,
            &source,
            &circumstances,
        )?;
        told.report = Some((history, source));
        let report = report::replay(&events).map_err(|_| Refusal::OccurredTooEarly {
            begun: record.reported_at,
        })?;
        Ok(Ready {
            report,
            events,
            secrets,
            organisation: self.file.received_by.clone(),
            notes: self.notes,
            case,
            remarks: Vec::new(),
            told,
        })
    }

    fn case(
        &mut self,
        received: &ReportReceived,
        case_no: String,
        circumstances: &Circumstances<'_>,
    ) -> Result<(NewCase, CaseHistory, Source), Refusal> {
        let (casework, record) = (self.casework, self.record);
        let case_id = casework.next_id();
        let opened = CaseOpened {
            case_id,
            case_no,
            report_ids: vec![received.report_id],
            split_from: None,
            source: received.source.clone(),
            level: received.level,
            category_id: record.category_id,
            area_path: received.area_path.clone(),
            point: received.point,
            component: None,
            words: received.words.clone(),
            organisation: self.file.received_by.clone(),
            reported_by: Vec::new(),
        };
        let history = CaseHistory {
            filed_at: record.filed_at,
            given: record.organisation.clone().map(|organisation| Given {
                task_id: casework.next_id(),
                organisation,
                at: (record.assigned_at)
                    .or(record.filed_at)
                    .unwrap_or(record.reported_at),
                due_at: record.due_at,
            }),
            end: self.end(case_id),
        };
        let source = self.source(case_id);
        let events = bring_in::case(
            &opened,
            record.reported_at,
            &history,
            &source,
            circumstances,
        )?;
        let begun = events.first().and_then(case::begin);
        let begun = begun.ok_or(Refusal::OccurredTooEarly {
            begun: record.reported_at,
        })?;
        let case = events.iter().skip(1).fold(begun.clone(), case::evolve);
        let secrets = CaseSecrets {
            words: None,
            zone_ids: casework.zones_of(&case),
            first_report_id: Some(received.report_id),
            recorded_at: self.file.now,
        };
        let new = NewCase {
            begun,
            case,
            events,
            secrets,
        };
        Ok((new, history, source))
    }

    fn end(&mut self, case_id: Id) -> Option<End> {
        let record = self.record;
        match record.standing {
            Standing::Open => None,
            Standing::Closed(at) => Some(End::Closed {
                handled_at: record.replied_at.unwrap_or(at),
                at,
                result: (record.reply.as_deref()).and_then(|reply| self.note(case_id, reply)),
            }),
            Standing::Cancelled(at) => {
                let reason = self.note(case_id, cancelled_for(record))?;
                Some(End::Cancelled { at, reason })
            }
        }
    }

    /// Seals a note of a report or case.
    fn note(&mut self, subject_id: Id, text: &str) -> Option<NoteRef> {
        let (reference, sealed) = self.casework.seal_note(Some(text));
        self.notes
            .extend(sealed.map(|(id, sealed)| (id, subject_id, sealed)));
        reference
    }

    fn source(&mut self, subject_id: Id) -> Source {
        let told = told_text(self.record);
        Source {
            system: self.file.mapping.system().to_owned(),
            id: self.record.id.clone(),
            told: self.note(subject_id, &told),
        }
    }
}

fn end_of(standing: Standing) -> Option<(Timestamp, CaseStage)> {
    match standing {
        Standing::Open => None,
        Standing::Closed(at) => Some((at, CaseStage::Closed)),
        Standing::Cancelled(at) => Some((at, CaseStage::Cancelled)),
    }
}

/// Why a case was dropped, in the words there are.
pub(super) fn cancelled_for(record: &Record) -> &str {
    let said = record.reply.as_deref().or(record.state_word.as_deref());
    said.unwrap_or("cancelled")
}

fn words_of(input: &ReportCreateRequest) -> Words {
    Words {
        title: input.title.trim().to_owned(),
        detail: input.detail.clone(),
        address: input.address.clone(),
    }
}
