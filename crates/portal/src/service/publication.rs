//! What everybody may see of a case.
//!
//! Of public matters (components and events of the city's standards): number, category, street, where it stands, how many told of it. Never
//! names, exact places, or anything in the words of whoever told it. A title and photos only when somebody of the city has looked
//! at them, and nothing at all of a case that somebody has hidden, or that is not a public matter.

use super::Portal;
use super::following::{Turn, expected_by, turns};
use crate::error::PortalError;
use crate::plain_words::{Language, PlainStatus, of_case};
use crate::store::{PUBLICATION_PUT, Publication, publication};
use access::Principal;
use base::limits::TITLE_CHARACTERS_MAX;
use base::{AreaLevel, FieldError, Id, Point, Timestamp};
use casework::Casework;
use casework::model::CaseStage;
use casework::service::AttachmentFile;
use casework::view::{AttachmentView, CaseView};
use registry::CategoryKind;
use std::sync::Arc;
use store::{AuditEntry, StoreError, params};

/// Photos of one case that are shown.
const PHOTOS_MAX: usize = 10;
/// The longest case number that is looked for.
const NUMBER_BYTES_MAX: usize = 40;

/// A case as everybody may see it, and what the portal knows besides.
pub struct Shown {
    /// Not for others.
    pub(super) case_id: Id,
    /// Not for others.
    pub(super) point: Option<Point>,
    /// Not for others.
    pub(super) stage: CaseStage,
    /// Its number.
    pub case_no: String,
    /// Its category.
    pub category: String,
    /// District and street.
    pub area: Option<String>,
    /// Its title, if somebody wrote one for everybody.
    pub title: Option<String>,
    /// Where it stands.
    pub status: PlainStatus,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Until when it should be dealt with.
    pub expected_by: Option<Timestamp>,
    /// How many told of it.
    pub told_by: i64,
    /// The kinds of entries of its timeline, with their times.
    timeline: Vec<(Timestamp, String)>,
    /// Photos that somebody has looked at.
    pub photos: Vec<AttachmentView>,
}

impl Shown {
    /// The turns it has taken.
    pub fn turns(&self, language: Language) -> Vec<Turn> {
        let entries = self.timeline.iter().map(|(at, kind)| (*at, kind.as_str()));
        turns(entries, language)
    }
}

/// What somebody of the city has everybody see of a case.
#[derive(Clone, Debug, Default)]
pub struct Publish {
    /// Nothing at all.
    pub is_hidden: bool,
    /// A title for everybody.
    pub title: Option<String>,
    /// Photos.
    pub attachment_ids: Vec<Id>,
}

/// What everybody sees of a case, for whoever decides on it.
pub struct Published {
    /// Whether it is a public matter at all.
    pub is_public_matter: bool,
    /// What was decided.
    pub decided: Publish,
    /// Counts the decisions.
    pub version: i64,
}

impl Portal {
    /// A case that everybody may see, by its number. Not there, not public and hidden are the same.
    pub async fn shown(&self, case_no: &str) -> Result<Shown, PortalError> {
        const NONE: PortalError = PortalError::NotFound("case");
        let case_no = case_no.trim().to_owned();
        if case_no.is_empty() || case_no.len() > NUMBER_BYTES_MAX {
            return Err(NONE);
        }
        let (found, told_by) = self
            .store()
            .read(move |tx| {
                let Some(id) = Casework::case_of_number(tx, &case_no)? else {
                    return Ok::<_, StoreError>((None, 0));
                };
                let decided = publication(tx, id)?;
                Ok((Some((id, decided)), Casework::reporters_of_case(tx, id)?))
            })
            .await?;
        let (id, decided) = found.ok_or(NONE)?;
        let principal = self.reporter().await?;
        let case = self.casework().case_view(&principal, id).await?;
        let decided = decided.unwrap_or_default();
        let category = self.public_category(&case).ok_or(NONE)?;
        if decided.is_hidden || case.head.stage == CaseStage::Merged {
            return Err(NONE);
        }
        Ok(self.show(case, category, &decided, told_by))
    }

    fn show(&self, case: CaseView, category: String, decided: &Publication, told_by: i64) -> Shown {
        let chosen = |file: &AttachmentView| decided.attachment_ids.contains(&file.id);
        let point = case.head.lon.zip(case.head.lat);
        Shown {
            case_id: case.head.id,
            point: point.and_then(|(lon, lat)| Point::new(lon, lat).ok()),
            stage: case.head.stage,
            category,
            area: self.street(&case),
            title: decided.title.clone(),
            status: of_case(case.head.stage),
            accepted_at: case.head.accepted_at,
            expected_by: expected_by(&case),
            told_by,
            timeline: case
                .timeline
                .iter()
                .map(|each| (each.occurred_at, each.kind.clone()))
                .collect(),
            photos: case.attachments.into_iter().filter(chosen).collect(),
            case_no: case.head.case_no,
        }
    }

    /// The name of its category, if that is a public matter.
    fn public_category(&self, case: &CaseView) -> Option<String> {
        let id: Id = case.head.category.as_ref()?.id.parse().ok()?;
        let snapshot = self.parts().registry.snapshot();
        let category = snapshot.rules.category(id)?;
        (category.kind != CategoryKind::Appeal).then(|| category.name.clone())
    }

    /// District and street; nothing nearer.
    fn street(&self, case: &CaseView) -> Option<String> {
        let path = case.head.area.as_ref()?.id.parse().ok()?;
        self.area_names(&path, [AreaLevel::District, AreaLevel::Street])
    }

    /// A photo that is shown to everybody.
    pub async fn photo(
        &self,
        case_no: &str,
        id: Id,
        thumbnail: bool,
    ) -> Result<AttachmentFile, PortalError> {
        let shown = self.shown(case_no).await?;
        if !shown.photos.iter().any(|photo| photo.id == id) {
            return Err(PortalError::NotFound("photo"));
        }
        let principal = self.reporter().await?;
        Ok(self
            .casework()
            .attachment_open(&principal, id, thumbnail)
            .await?)
    }

    /// What everybody sees of a case.
    pub async fn case_publication(
        &self,
        principal: &Arc<Principal>,
        case_id: Id,
    ) -> Result<Published, PortalError> {
        let case = self.casework().case_view(principal, case_id).await?;
        let decided = self
            .store()
            .read(move |tx| publication(tx, case_id))
            .await?;
        let decided = decided.unwrap_or_default();
        Ok(Published {
            is_public_matter: self.public_category(&case).is_some(),
            version: decided.version,
            decided: Publish {
                is_hidden: decided.is_hidden,
                title: decided.title,
                attachment_ids: decided.attachment_ids,
            },
        })
    }

    /// 公开案卷: somebody has looked, and everybody sees this from now on.
    pub async fn case_publish(
        &self,
        principal: &Arc<Principal>,
        case_id: Id,
        expected_version: Option<i64>,
        input: Publish,
    ) -> Result<Published, PortalError> {
        let case = self.casework().case_view(principal, case_id).await?;
        let actor = self
            .casework()
            .case_acting(principal, "case_publish", case_id)
            .await?;
        let title = input.title.as_deref().map(str::trim).unwrap_or_default();
        let mut wrong = Vec::new();
        if title.chars().count() > TITLE_CHARACTERS_MAX {
            wrong.push(FieldError::new(
                "title",
                "too_long",
                "at most 200 characters",
            ));
        }
        if input.attachment_ids.len() > PHOTOS_MAX {
            let most = format!("at most {PHOTOS_MAX} photos");
            wrong.push(FieldError::new("attachment_ids", "too_many", most));
        }
        for (n, id) in input.attachment_ids.iter().enumerate() {
            let found = case.attachments.iter().find(|file| file.id == *id);
            if found.is_none_or(|file| !file.has_thumbnail) {
                let field = format!("attachment_ids[{n}]");
                let what = "not a picture of this case";
                wrong.push(FieldError::new(field, "not_a_picture", what));
            }
        }
        if !wrong.is_empty() {
            return Err(PortalError::Invalid(wrong));
        }
        let title = Some(title.to_owned()).filter(|text| !text.is_empty());
        let (now, hidden, account) = (self.now(), input.is_hidden, actor.account_id);
        let ids = serde_json::to_string(&input.attachment_ids)
            .map_err(|error| StoreError::Statement(error.to_string()))?;
        self.store()
            .write(move |tx| {
                // Somebody else decided meanwhile: nobody shows a photo that a colleague has just taken back.
                let version = publication(tx, case_id)?.map_or(0, |found| found.version);
                if expected_version.is_some_and(|expected| expected != version) {
                    return Err(PortalError::PublicationVersion(version));
                }
                tx.post(
                    &PUBLICATION_PUT,
                    params![case_id, hidden, title, ids, account, now],
                )?;
                tx.audit(&AuditEntry {
                    at: now,
                    actor: account,
                    action: "case_publish",
                    object: case_id,
                    detail: &format!("{{\"is_hidden\":{hidden},\"attachment_ids\":{ids}}}"),
                })?;
                Ok(())
            })
            .await?;
        self.case_publication(principal, case_id).await
    }
}
