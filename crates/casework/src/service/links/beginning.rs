//! How a case begins: opened for a report, split from another, or made without any report.

use crate::failure::CaseworkError;
use crate::input::CaseOpenRequest;
use crate::lifecycle::Circumstances;
use crate::lifecycle::case::{self, CaseOpened};
use crate::lifecycle::decide;
use crate::model::{Actor, Digest, Level, OrganisationRef, Report};
use crate::process::Process;
use crate::service::Casework;
use crate::service::links::Moment;
use crate::service::report::{Located, NewCase};
use crate::service::sealed::{self, Words};
use crate::store::write::CaseSecrets;
use ::store::StoreError;
use base::{FieldError, Id};

/// What a new case takes from what it begins with.
#[derive(Clone)]
pub(in crate::service) struct Origin {
    /// The reports it is for.
    pub report_ids: Vec<Id>,
    /// The organisations that received them.
    pub reported_by: Vec<OrganisationRef>,
    /// Its source.
    pub source: String,
    /// Its level unless it says otherwise.
    pub level: Level,
    /// Its category unless it says otherwise.
    pub category_id: Option<Id>,
    /// The case it was split from.
    pub split_from: Option<Id>,
    /// The report whose words it keeps when it has none of its own.
    pub words_of: Option<(Id, Digest)>,
}

impl Origin {
    /// A case opened for a report.
    pub fn of_report(report: &Report, reported_by: OrganisationRef) -> Self {
        Self {
            report_ids: vec![report.id],
            reported_by: vec![reported_by],
            source: report.source.clone(),
            level: report.level,
            category_id: None,
            split_from: None,
            words_of: Some((report.id, report.words.clone())),
        }
    }
}

impl Casework {
    /// Decides that a case begins and seals it. `words` are its own.
    #[expect(
        clippy::too_many_arguments,
        reason = "several callers gather these in several ways, and none is optional"
    )]
    pub(in crate::service) fn case_begin(
        &self,
        origin: &Origin,
        open: &CaseOpenRequest,
        words: Option<&Words>,
        located: &Located,
        (case_id, case_no): (Id, String),
        by: &Actor,
        process: &Process,
        moment: Moment,
    ) -> Result<NewCase, CaseworkError> {
        let parts = self.parts();
        let named = self.process_named(open)?;
        let process = named.as_deref().unwrap_or(process);
        let category_id = open.category_id.or(origin.category_id);
        let rule = self.rule_on_acceptance(open, category_id, process)?;
        let sealed = words
            .map(|words| sealed::seal_words(&parts.sealer, words, &sealed::case_words(case_id)));
        let digest = match (&sealed, &origin.words_of) {
            (Some(sealed), _) => Digest(hex::encode(sealed.digest)),
            (None, Some((_, digest))) => digest.clone(),
            (None, None) => {
                let missing = FieldError::new("title", "required", "it is required");
                return Err(CaseworkError::Invalid(vec![missing]));
            }
        };
        let opened = CaseOpened {
            case_id,
            case_no,
            report_ids: origin.report_ids.clone(),
            split_from: origin.split_from,
            source: origin.source.clone(),
            level: open.level.unwrap_or(origin.level),
            category_id,
            area_path: located.place.as_ref().map(|place| place.area_path.clone()),
            point: located.point,
            component: located.component.clone(),
            words: digest,
            organisation: by.organisation(),
            reported_by: (origin.reported_by.iter())
                .filter(|organisation| organisation.path != by.organisation_path)
                .cloned()
                .collect(),
        };
        let suggested = self.suggested_at_once(process, &opened, rule.as_ref(), moment.recorded_at);
        let category = category_id.and_then(|id| parts.city.category(id));
        let circumstances = Circumstances {
            rule: rule.as_ref(),
            category_has_rules: category.is_some_and(|facts| facts.has_rules),
            suggested: suggested.as_ref(),
            occurred_at: moment.occurred_at,
            ..self.circumstances(process, Some(by), moment.recorded_at)
        };
        let events = decide::begin(&opened, &circumstances).map_err(|refusal| {
            CaseworkError::ReportRefused {
                refusal,
                current: None,
            }
        })?;
        let begun = events
            .first()
            .and_then(case::begin)
            .ok_or_else(|| StoreError::Statement("a case did not begin".to_owned()))?;
        let case = events.iter().skip(1).fold(begun.clone(), case::evolve);
        let secrets = CaseSecrets {
            words: words.zip(sealed).map(|(words, sealed)| {
                let context = sealed::case_title(case_id);
                let title = parts.sealer.seal(words.title.as_bytes(), &context);
                (sealed.sealed, title)
            }),
            zone_ids: self.zones_of(&case),
            first_report_id: origin.words_of.as_ref().map(|(id, _)| *id),
            recorded_at: moment.recorded_at,
        };
        Ok(NewCase {
            begun,
            case,
            events,
            secrets,
        })
    }

    /// Names a category that does not exist.
    pub(in crate::service) fn check_category(
        &self,
        prefix: &str,
        open: &CaseOpenRequest,
        wrong: &mut Vec<FieldError>,
    ) {
        let unknown = |id: &Id| self.parts().city.category(*id).is_none();
        if open.category_id.as_ref().is_some_and(unknown) {
            wrong.push(FieldError::new(
                format!("{prefix}category_id"),
                "unknown_id",
                "there is no such category",
            ));
        }
    }

    /// Where a new case is, when it says so.
    pub(in crate::service) fn locate_own(
        &self,
        prefix: &str,
        open: &CaseOpenRequest,
        wrong: &mut Vec<FieldError>,
    ) -> Option<Located> {
        let place = open.place.as_ref()?;
        Some(self.locate(place, &format!("{prefix}place"), wrong))
    }
}
