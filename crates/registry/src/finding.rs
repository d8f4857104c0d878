//! Places by what people call them: an area, a place of a layer, or the code on a component. What an address or a landmark that somebody
//! tells on the phone means, as far as the registry knows it.

use crate::failure::RegistryError;
use crate::model::{Area, ComponentCode, level_text};
use crate::service::Registry;
use crate::store::layers as sql;
use access::Principal;
use base::limits::SEARCH_CHARACTERS_MAX;
use base::{AreaCode, AreaLevel, Point};
use serde::Serialize;
use utoipa::ToSchema;

/// The most places of one answer.
pub const FOUND_MAX: usize = 50;
/// Places looked at more closely for each answer: what is known of one may hold the text in what is no address.
const LOOKED_AT: i64 = 400;

/// What somebody may mean by a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// An area in force.
    Area,
    /// A place of a layer.
    Place,
    /// A component, by its code.
    Component,
}

/// A place that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceFound {
    /// What it is.
    pub kind: FoundKind,
    /// What it is called.
    pub name: String,
    /// Where or what it is: the areas an area lies in, the address of a place, the code of a component.
    pub about: String,
    /// What of its kind: the level of an area, the layer of a place, the category of a component.
    pub sort: String,
    /// Where it lies; an area may have no centre.
    pub point: Option<Point>,
    /// The code of an area.
    pub area_code: Option<AreaCode>,
}

impl Registry {
    /// What is called `text`, the likeliest first: the component with this code, areas, then places of layers that are offered; of
    /// components and layers only for whoever may see them.
    pub async fn place_find(
        &self,
        who: &Principal,
        text: &str,
        limit: usize,
    ) -> Result<Vec<PlaceFound>, RegistryError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RegistryError::invalid("q", "required", "say what to find"));
        }
        if text.chars().count() > SEARCH_CHARACTERS_MAX {
            let message = format!("at most {SEARCH_CHARACTERS_MAX} characters");
            return Err(RegistryError::invalid("q", "too_long", message));
        }
        if !(1..=FOUND_MAX).contains(&limit) {
            let message = format!("1 to {FOUND_MAX}");
            return Err(RegistryError::invalid("limit", "out_of_range", message));
        }
        let mut found = Vec::new();
        if let Ok(code) = ComponentCode::parse(text)
            && who.allows("component_view")
        {
            found.extend(self.component_found(code).await?);
        }
        found.extend(self.areas_named(text, limit));
        if who.allows("layer_view") {
            found.extend(self.places_named(text).await?);
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn places_named(&self, text: &str) -> Result<Vec<PlaceFound>, RegistryError> {
        let wanted = text.to_owned();
        let places = self
            .store
            .read(move |tx| sql::places_named(tx, &wanted, LOOKED_AT))
            .await?;
        let lower = text.to_lowercase();
        let holds = |words: &str| words.to_lowercase().contains(&lower);
        let places = places.into_iter().filter_map(|(place, layer)| {
            let mut known = ["address", "地址"].into_iter();
            let address = known.find_map(|key| place.attributes.get(key)?.as_str());
            let about = address.unwrap_or_default().to_owned();
            (holds(&place.name) || holds(&about)).then_some(PlaceFound {
                kind: FoundKind::Place,
                about,
                sort: layer,
                point: Some(place.point),
                area_code: None,
                name: place.name,
            })
        });
        Ok(places.collect())
    }

    async fn component_found(
        &self,
        code: ComponentCode,
    ) -> Result<Option<PlaceFound>, RegistryError> {
        let Some(component) = self.component_by_code(code).await? else {
            return Ok(None);
        };
        let snapshot = self.snapshot();
        let category = snapshot.rules.category(component.category_id);
        Ok(Some(PlaceFound {
            kind: FoundKind::Component,
            about: component.code.as_str().to_owned(),
            sort: category.map_or_else(String::new, |category| category.name.clone()),
            point: Some(component.point),
            area_code: None,
            name: component.name,
        }))
    }

    fn areas_named(&self, text: &str, limit: usize) -> Vec<PlaceFound> {
        let snapshot = self.snapshot();
        let tree = &snapshot.areas;
        let is_named = |area: &&std::sync::Arc<Area>| {
            area.level != AreaLevel::Grid && area.is_in_force() && area.name.contains(text)
        };
        let mut areas: Vec<_> = tree.areas().iter().filter(is_named).collect();
        areas.sort_by_key(|area| {
            let begins = !area.name.starts_with(text);
            (begins, area.path.depth(), area.path.clone())
        });
        let found = areas.into_iter().take(limit).map(|area| {
            let above = tree.line(&area.path);
            let above = above.iter().filter(|each| each.id != area.id);
            let names: Vec<&str> = above.map(|each| each.name.as_str()).collect();
            PlaceFound {
                kind: FoundKind::Area,
                name: area.name.clone(),
                about: names.join(" "),
                sort: level_text(area.level).to_owned(),
                point: area.centre,
                area_code: Some(area.code),
            }
        });
        found.collect()
    }
}
