//! Somebody tells something: what they may mean, what is known nearby, photos, and the report itself.

use super::Portal;
use super::codes::link_of_new;
use super::following::{By, Link};
use crate::error::PortalError;
use crate::limits::{Act, place_key, words_key};
use crate::plain_words::{PlainStatus, of_case};
use crate::suggest;
use access::mask::normalised_phone;
use base::geo::{self, distance_m};
use base::limits::{ADDRESS_CHARACTERS_MAX, REMARK_CHARACTERS_MAX};
use base::{FieldError, Id, Point, Timestamp};
use casework::input::{
    CaseSimilarRequest, PlaceRequest, ReportAcceptRequest, ReportCreateRequest, ReporterRequest,
};
use casework::service::Piece;
use casework::view::UploadView;
use registry::{Component, ComponentCode};
use std::fmt::Write as _;

/// Where citizens' reports come from: a source every installation begins with.
const SOURCE: &str = "citizen_app";
/// Photos of one report.
pub const PHOTOS_MAX: usize = 6;
/// Categories suggested, and cases offered.
const OFFERED_MAX: usize = 3;
/// A case is joined from no farther than this.
const JOIN_METRES_MAX: f64 = 1_000.0;
/// Distances are told to so many metres.
const DISTANCE_STEP: u32 = 100;
/// Whoever asks what lies nearby stands somewhere in a square of so many degrees (some 200 metres).
const ABOUT_DEGREES: f64 = 0.002;
/// How late something may be told that happened without network.
const TOLD_LATE_SECONDS_MAX: i64 = 7 * 86_400;
/// Characters of a title that is made of the words.
const TITLE_CHARACTERS: usize = 40;
/// Characters of an Idempotency-Key: others may not guess it.
const KEY_CHARACTERS_MIN: usize = 32;

/// What somebody tells.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// In their own words.
    pub words: String,
    /// The category they chose.
    pub category_id: Option<Id>,
    /// Where, in words.
    pub address: Option<String>,
    /// Where, as a point.
    pub place: PlaceRequest,
    /// The component whose code they scanned.
    pub component_code: Option<String>,
    /// Who tells.
    pub name: Option<String>,
    /// How they are reached.
    pub phone: Option<String>,
    /// Whoever handles it is not to learn who told it.
    pub is_hidden: bool,
    /// Keys of photos that are here already.
    pub photos: Vec<String>,
    /// 我也遇到: the case they have met too.
    pub join_case_no: Option<String>,
    /// When they told it, if the phone had no network.
    pub occurred_at: Option<Timestamp>,
}

/// A report that is here.
pub struct ReportTold {
    /// Its number.
    pub report_no: String,
    /// The link to follow it by.
    pub link: Link,
    /// Whether it joined the case.
    pub is_joined: bool,
}

/// What may be meant.
pub struct Suggestion {
    /// Street and village of the place, when they are known.
    pub area: Option<String>,
    /// Whether the place is the city's; none when none was told.
    pub in_city: Option<bool>,
    /// Categories, likeliest first.
    pub categories: Vec<(Id, String)>,
    /// Open cases nearby.
    pub cases: Vec<Nearby>,
}

/// An open case nearby, as anybody may see it.
pub struct Nearby {
    /// Its number.
    pub case_no: String,
    /// Its category.
    pub category: String,
    /// Where it stands.
    pub status: PlainStatus,
    /// About how far away.
    pub distance_m: u32,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

impl Portal {
    /// What somebody may mean who has typed so much, and which open cases may be the same. Only place and category are compared: words that
    /// others told are not to be found out by asking.
    pub async fn suggest(
        &self,
        words: &str,
        category_id: Option<Id>,
        place: &PlaceRequest,
    ) -> Result<Suggestion, PortalError> {
        if words.chars().count() > REMARK_CHARACTERS_MAX {
            return Err(PortalError::field(
                "words",
                "too_long",
                "at most 1000 characters",
            ));
        }
        let candidates = self.candidates();
        let suggested = suggest::suggest(words, &candidates, OFFERED_MAX);
        let name = |id: Id| {
            let found = candidates.iter().find(|each| each.id == id);
            found.map(|each| (id, each.name.clone()))
        };
        let likely = category_id.or_else(|| suggested.first().copied());
        let point = point_of(place)?;
        let areas = self.parts().registry.snapshot().areas.clone();
        let hit = point.and_then(|point| areas.area_at(point));
        let cases = match point {
            Some(_) => self.nearby(place, likely).await?,
            None => Vec::new(),
        };
        Ok(Suggestion {
            area: hit.as_ref().and_then(|hit| self.spoken(&hit.area.path)),
            in_city: point.map(|_| hit.is_some()),
            categories: suggested.into_iter().filter_map(name).collect(),
            cases,
        })
    }

    async fn nearby(
        &self,
        place: &PlaceRequest,
        category_id: Option<Id>,
    ) -> Result<Vec<Nearby>, PortalError> {
        let principal = self.reporter().await?;
        // About where whoever asks stands: by asking from many places nobody finds out where exactly a case lies.
        let about = |degrees: f64| ((degrees / ABOUT_DEGREES).floor() + 0.5) * ABOUT_DEGREES;
        let asked = CaseSimilarRequest {
            place: PlaceRequest {
                lon: place.lon.map(about),
                lat: place.lat.map(about),
                ..place.clone()
            },
            category_id,
            limit: Some(10),
            ..CaseSimilarRequest::default()
        };
        let alike = self.casework().case_similar(&principal, asked).await?;
        let mut nearby = Vec::new();
        for item in alike.items {
            let Some(distance) = item.distance_m else {
                continue;
            };
            // What may not be shown to all is not offered either.
            let Ok(shown) = self.shown(&item.case.case_no).await else {
                continue;
            };
            nearby.push(Nearby {
                case_no: shown.case_no,
                category: shown.category,
                status: of_case(item.case.stage),
                distance_m: distance.div_ceil(DISTANCE_STEP).max(1) * DISTANCE_STEP,
                accepted_at: item.case.accepted_at,
            });
            if nearby.len() == OFFERED_MAX {
                break;
            }
        }
        Ok(nearby)
    }

    /// A piece of a photo.
    pub async fn upload_push(&self, piece: Piece) -> Result<UploadView, PortalError> {
        let call = self.call(None).await?;
        Ok(self.casework().upload_push(&call, piece).await?)
    }

    /// How much of a photo is here.
    pub async fn upload_view(&self, key: &str) -> Result<UploadView, PortalError> {
        let principal = self.reporter().await?;
        Ok(self.casework().upload_view(&principal, key).await?)
    }

    /// A component by the code on it.
    pub async fn component(&self, code: &str) -> Result<(Component, String), PortalError> {
        let none = || PortalError::NotFound("component");
        let code = ComponentCode::parse(code.trim()).map_err(|_| none())?;
        let found = self.parts().registry.component_by_code(code).await?;
        let found = found.ok_or_else(none)?;
        let spoken = found.area_path.as_ref().and_then(|path| self.spoken(path));
        let name = spoken.unwrap_or_default();
        Ok((found, name))
    }

    /// Receives what somebody tells. With the same key it is received once, and the same answer given.
    pub async fn report(&self, key: Option<String>, told: Told) -> Result<ReportTold, PortalError> {
        let key = self.key_of(key)?;
        let (mut input, point) = self.input(&told).await?;
        let mut call = self.call(Some(key.clone())).await?;
        for (n, upload) in told.photos.iter().enumerate() {
            let field = format!("photos[{n}]");
            let id = self
                .casework()
                .upload_attachment(&call.principal, &field, upload)
                .await?;
            call.attachment_ids.push(id);
        }
        input.occurred_at = told.occurred_at;
        // Counted once nothing else is wrong: what is refused anyway uses up nobody's allowance, neither that of a phone nor of a place.
        if let Some(phone) = told.phone.as_deref().and_then(normalised_phone) {
            let phone_key = hex::encode(self.parts().sealer.keyed_hash(&phone));
            self.count_by(Act::PhoneReport, &phone_key)?;
        }
        let address = input.address.as_deref().map(words_key);
        match (point, address) {
            (Some(point), _) => self.count_by(Act::PlaceReport, &place_key(point))?,
            (None, Some(words)) => {
                self.count_by(Act::PlaceReport, &format!("address:{words}"))?;
            }
            (None, None) => {}
        }
        let made = self.casework().report_create(&call, input).await?.report;
        let is_joined = match &told.join_case_no {
            None => false,
            Some(case_no) => self.join(&key, made.id, case_no, point).await?,
        };
        Ok(ReportTold {
            report_no: made.report_no,
            link: self.link(made.id, link_of_new(made.id), By::Telling),
            is_joined,
        })
    }

    fn key_of(&self, key: Option<String>) -> Result<String, PortalError> {
        let key = key.filter(|key| key.len() >= KEY_CHARACTERS_MIN);
        let key = key.ok_or_else(|| {
            let what =
                "a key of 32 characters or more, drawn at random, so that it is received once";
            PortalError::field("Idempotency-Key", "required", what)
        })?;
        Ok(self.key_hashed(&key))
    }

    /// All who have no account are one caller: their keys are kept apart, and nobody finds one.
    pub(super) fn key_hashed(&self, key: &str) -> String {
        let hash = self
            .parts()
            .sealer
            .keyed_hash(&format!("portal.once:{key}"));
        format!("portal:{}", hex::encode(hash))
    }

    /// What was told, as casework takes it; and its point.
    async fn input(
        &self,
        told: &Told,
    ) -> Result<(ReportCreateRequest, Option<Point>), PortalError> {
        let mut wrong = Vec::new();
        let words = told.words.trim();
        let address = told.address.as_deref().map(str::trim).unwrap_or_default();
        let long = |text: &str, most: usize| text.chars().count() > most;
        if words.is_empty() && told.category_id.is_none() && told.photos.is_empty() {
            wrong.push(FieldError::new("words", "required", "say what it is about"));
        }
        if long(words, REMARK_CHARACTERS_MAX) {
            wrong.push(FieldError::new(
                "words",
                "too_long",
                "at most 1000 characters",
            ));
        }
        if long(address, ADDRESS_CHARACTERS_MAX) {
            wrong.push(FieldError::new(
                "address",
                "too_long",
                "at most 300 characters",
            ));
        }
        if told.photos.len() > PHOTOS_MAX {
            let most = format!("at most {PHOTOS_MAX} photos");
            wrong.push(FieldError::new("photos", "too_many", most));
        }
        let earliest = self.now().plus_seconds(-TOLD_LATE_SECONDS_MAX);
        if told.occurred_at.is_some_and(|at| at < earliest) {
            let what = "at most seven days ago";
            wrong.push(FieldError::new("occurred_at", "out_of_range", what));
        }
        let category = self.category_name(told.category_id, &mut wrong);
        let component = match &told.component_code {
            None => None,
            Some(code) => match self.component(code).await {
                Ok(found) => Some(found.0),
                Err(PortalError::NotFound(_)) => {
                    let what = "there is no component with this code";
                    wrong.push(FieldError::new("component_code", "unknown_id", what));
                    None
                }
                Err(error) => return Err(error),
            },
        };
        let mut place = told.place.clone();
        // The place says which area it is; nobody sends a report elsewhere.
        if place.lon.is_some() {
            place.area_code = None;
        }
        if let (Some(found), None) = (&component, place.lon) {
            place = PlaceRequest {
                lon: Some(found.point.lon),
                lat: Some(found.point.lat),
                ..PlaceRequest::default()
            };
        }
        let point = point_of(&place)?;
        let areas = self.parts().registry.snapshot().areas.clone();
        if point.is_none() && address.is_empty() {
            let what = "a point or an address";
            wrong.push(FieldError::new("place", "required", what));
        }
        if point.is_some_and(|point| !areas.is_empty() && areas.area_at(point).is_none()) {
            wrong.push(FieldError::new(
                "place",
                "too_far",
                "the place is not in this city",
            ));
        }
        if !wrong.is_empty() {
            return Err(PortalError::Invalid(wrong));
        }
        let mut detail = words.to_owned();
        if let Some(found) = &component {
            let _ = write!(detail, "\n部件：{}（{}）", found.name, found.code);
        }
        let input = ReportCreateRequest {
            source: SOURCE.to_owned(),
            level: None,
            title: title(category.as_deref(), words),
            detail,
            address: Some(address.to_owned()).filter(|text| !text.is_empty()),
            place,
            reporter: reporter(told),
            external: None,
            occurred_at: None,
            open_case: None,
        };
        Ok((input, point))
    }

    fn category_name(&self, id: Option<Id>, wrong: &mut Vec<FieldError>) -> Option<String> {
        let id = id?;
        let found = self.candidates().into_iter().find(|each| each.id == id);
        if found.is_none() {
            let what = "there is no such category";
            wrong.push(FieldError::new("category_id", "unknown_id", what));
        }
        found.map(|each| each.name)
    }

    /// Joins a report to a case nearby. Should the case have ended meanwhile, the report waits at the desk like any other.
    async fn join(
        &self,
        key: &str,
        report_id: Id,
        case_no: &str,
        point: Option<Point>,
    ) -> Result<bool, PortalError> {
        let Ok(shown) = self.shown(case_no).await else {
            return Ok(false);
        };
        let is_near = match (point, shown.point) {
            (Some(here), Some(there)) => distance_m(here, there) <= JOIN_METRES_MAX,
            _ => false,
        };
        if !is_near || !shown.stage.is_open() {
            return Ok(false);
        }
        let call = self.call(Some(format!("{key}:join"))).await?;
        let accept = ReportAcceptRequest {
            open_cases: Vec::new(),
            join_case_ids: vec![shown.case_id],
        };
        match self
            .casework()
            .report_accept(&call, report_id, accept)
            .await
        {
            Ok(_) => Ok(true),
            Err(casework::CaseworkError::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::info!(%error, "a report did not join the case it was to join, and waits at the desk");
                Ok(false)
            }
        }
    }

    /// Everything that may be chosen: by class.
    pub fn categories(&self) -> Vec<(String, Vec<(Id, String)>)> {
        let snapshot = self.parts().registry.snapshot();
        let mut classes: Vec<(String, Vec<(Id, String)>)> = Vec::new();
        for each in self.candidates() {
            let parent = snapshot
                .rules
                .category(each.id)
                .and_then(|category| category.parent_id)
                .and_then(|id| snapshot.rules.category(id));
            let class = parent.map(|parent| parent.name.clone()).unwrap_or_default();
            match classes.iter_mut().find(|(known, _)| *known == class) {
                Some((_, members)) => members.push((each.id, each.name)),
                None => classes.push((class, vec![(each.id, each.name)])),
            }
        }
        classes
    }
}

fn reporter(told: &Told) -> Option<ReporterRequest> {
    let given = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim).unwrap_or_default();
        Some(text.to_owned()).filter(|text| !text.is_empty())
    };
    let (name, phone) = (given(&told.name), given(&told.phone));
    (name.is_some() || phone.is_some()).then_some(ReporterRequest {
        name,
        phone,
        hidden: told.is_hidden,
    })
}

fn point_of(place: &PlaceRequest) -> Result<Option<Point>, PortalError> {
    let (Some(lon), Some(lat)) = (place.lon, place.lat) else {
        if place.lon.is_some() || place.lat.is_some() {
            return Err(PortalError::field(
                "place",
                "required",
                "a point has lon and lat",
            ));
        }
        return Ok(None);
    };
    let point = Point::new(lon, lat)
        .map_err(|error| PortalError::field("place.lon", "out_of_range", &error.to_string()))?;
    Ok(Some(geo::to_cgcs2000(place.coordinate_system, point)))
}

/// What the desk reads first: the category, then how the words begin.
fn title(category: Option<&str>, words: &str) -> String {
    let first: String = words
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(TITLE_CHARACTERS)
        .collect();
    match (category, first.is_empty()) {
        (Some(category), true) => category.to_owned(),
        (Some(category), false) => format!("{category}：{first}"),
        (None, true) => "随手拍".to_owned(),
        (None, false) => first,
    }
}
