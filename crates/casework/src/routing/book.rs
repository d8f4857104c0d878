//! The routing table in memory. Pure; read again when it changes.

use super::Hours;
use crate::model::words;
use base::path::TreePath;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

words! {
    /// What a row of the routing table says.
    RouteKind {
        /// Cases of a category in an area at certain hours go to an organisation.
        Route = "route",
        /// The unit that rule rows write so is this organisation, in an area.
        Unit = "unit",
    }
}

/// A row of the routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRow {
    /// Its id.
    pub id: Id,
    /// Counted from 1.
    pub version: i64,
    /// What it says.
    pub kind: RouteKind,
    /// For this category and those below it; every one when none. Rows of kind `route` only.
    pub category_id: Option<Id>,
    /// In this area and those below it; everywhere when none.
    pub area_path: Option<TreePath>,
    /// At these hours; always when none. Rows of kind `route` only.
    pub hours: Option<Hours>,
    /// The unit as rule rows write it. Rows of kind `unit` only.
    pub unit_name: Option<String>,
    /// Who gets it.
    pub organisation_id: Id,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

impl RouteRow {
    /// Whether another row says something for the very same occasion.
    pub fn is_twin(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.category_id == other.category_id
            && self.area_path == other.area_path
            && self.hours == other.hours
            && self.unit_name == other.unit_name
    }

    fn covers(&self, area: Option<&TreePath>) -> bool {
        match (&self.area_path, area) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(area)) => own.contains(area),
        }
    }

    /// How near its area is; the deeper the nearer.
    fn depth(&self) -> usize {
        self.area_path.as_ref().map_or(0, TreePath::depth)
    }
}

/// The whole table.
#[derive(Clone, Debug, Default)]
pub struct RouteBook {
    pub(super) rows: Vec<Arc<RouteRow>>,
    pub(super) routes: HashMap<Option<Id>, Vec<Arc<RouteRow>>>,
    pub(super) units: HashMap<String, Vec<Arc<RouteRow>>>,
    /// 兜底: by area.
    pub(super) fallbacks: HashMap<TreePath, Id>,
}

impl RouteBook {
    /// From its rows and the fallback organisations of areas, in any order.
    pub fn new(
        rows: impl IntoIterator<Item = RouteRow>,
        fallbacks: impl IntoIterator<Item = (TreePath, Id)>,
    ) -> Self {
        let mut book = Self {
            rows: rows.into_iter().map(Arc::new).collect(),
            fallbacks: fallbacks.into_iter().collect(),
            ..Self::default()
        };
        book.rows.sort_by_key(|row| row.id);
        for row in &book.rows {
            match row.kind {
                RouteKind::Route => {
                    let same = book.routes.entry(row.category_id).or_default();
                    same.push(row.clone());
                }
                RouteKind::Unit => {
                    let name = row.unit_name.clone().unwrap_or_default();
                    book.units.entry(name).or_default().push(row.clone());
                }
            }
        }
        book
    }

    /// Every row, by id.
    pub fn rows(&self) -> &[Arc<RouteRow>] {
        &self.rows
    }

    /// The row with this id.
    pub fn row(&self, id: Id) -> Option<&Arc<RouteRow>> {
        let place = self.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        self.rows.get(place)
    }

    /// The row for a category, given with those above it, nearest first. Most specific is: of the nearest category; of these,
    /// of the smallest area; of these, for certain hours; of these, entered last.
    pub fn route(
        &self,
        category_line: &[Id],
        area: Option<&TreePath>,
        at: Timestamp,
    ) -> Option<&RouteRow> {
        let holds = |row: &&Arc<RouteRow>| {
            row.covers(area) && row.hours.as_ref().is_none_or(|hours| hours.hold(at))
        };
        let categories = category_line.iter().copied().map(Some);
        categories.chain([None]).find_map(|category| {
            self.routes
                .get(&category)?
                .iter()
                .filter(holds)
                .max_by_key(|row| (row.depth(), row.hours.is_some(), row.id))
                .map(Arc::as_ref)
        })
    }

    /// The row for a unit as a rule row writes it, of the smallest area.
    pub fn unit(&self, name: &str, area: Option<&TreePath>) -> Option<&RouteRow> {
        self.units
            .get(name)?
            .iter()
            .filter(|row| row.covers(area))
            .max_by_key(|row| (row.depth(), row.id))
            .map(Arc::as_ref)
    }

    /// The fallback organisations of the areas around, the smallest area's first.
    pub fn fallbacks(&self, area: Option<&TreePath>) -> Vec<Id> {
        let mut found = Vec::new();
        let mut here = area.cloned();
        while let Some(path) = here {
            found.extend(self.fallbacks.get(&path));
            here = path.parent();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMP: Id = Id(11);
    const FACILITIES: Id = Id(1);

    fn path(text: &str) -> TreePath {
        TreePath::parse(text).unwrap()
    }

    fn row(id: i64, kind: RouteKind, category: Option<Id>, area: Option<&str>) -> RouteRow {
        RouteRow {
            id: Id(id),
            version: 1,
            kind,
            category_id: category,
            area_path: area.map(path),
            hours: None,
            unit_name: None,
            organisation_id: Id(id * 100),
            changed_at: Timestamp(0),
        }
    }

    #[test]
    fn the_most_specific_row_wins() {
        let night = Hours {
            days: vec![1, 2, 3, 4, 5, 6, 7],
            from: "20:00".to_owned(),
            until: "06:00".to_owned(),
        };
        let mut at_night = row(5, RouteKind::Route, Some(LAMP), Some("00010001"));
        at_night.hours = Some(night);
        let book = RouteBook::new(
            [
                row(1, RouteKind::Route, None, None),
                row(2, RouteKind::Route, Some(FACILITIES), Some("000100010001")),
                row(3, RouteKind::Route, Some(LAMP), None),
                row(4, RouteKind::Route, Some(LAMP), Some("00010001")),
                at_night,
            ],
            [],
        );
        let (noon, night) = (
            "2026-11-20T12:00:00+08:00".parse().unwrap(),
            "2026-11-20T23:00:00+08:00".parse().unwrap(),
        );
        for (line, area, at, expected) in [
            (&[LAMP, FACILITIES][..], Some("000100010001"), noon, 4),
            (&[LAMP, FACILITIES], Some("000100010001"), night, 5),
            (&[LAMP, FACILITIES], Some("00010002"), noon, 3),
            (&[LAMP, FACILITIES], None, noon, 3),
            (&[Id(12), FACILITIES], Some("000100010001"), noon, 2),
            (&[Id(12), FACILITIES], Some("00010001"), noon, 1),
            (&[], None, noon, 1),
        ] {
            let area = area.map(path);
            let found = book.route(line, area.as_ref(), at).unwrap();
            assert_eq!(found.id, Id(expected), "{line:?} {area:?}");
        }
    }

    #[test]
    fn the_fallback_of_the_smallest_area_answers() {
        let book = RouteBook::new([], [(path("0001"), Id(1)), (path("00010002"), Id(2))]);
        let of = |area: Option<&str>| book.fallbacks(area.map(path).as_ref());
        assert_eq!(of(Some("000100020003")), [Id(2), Id(1)]);
        assert_eq!(of(Some("000100010003")), [Id(1)]);
        assert_eq!(of(Some("0002")), []);
        assert_eq!(of(None), []);
    }
}
