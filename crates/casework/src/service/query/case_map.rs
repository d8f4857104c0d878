//! Cases on a map: the list by the same filters and the same visibility, as dots or as counts; and what lies near one.

use super::CaseQuery;
use crate::failure::CaseworkError;
use crate::search::Kinship;
use crate::service::Casework;
use crate::store::case_list::{self as list, CaseFilter, CasePlace, MapBox};
use crate::store::read::{self, CaseKey};
use crate::view::{CaseCellView, CaseMapView, CaseNearView, CasePointView, CasesNearView};
use access::Principal;
use base::geo::distance_m;
use base::{FieldError, Id, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Up to so many cases are shown one by one: more dots are a smear, and a browser draws no more of them fluently.
const POINTS_MAX: usize = 5_000;
/// So many are looked at; it bounds the work of one answer, on a million cases too.
const LOOK_MAX: usize = 20_000;
/// Counts are given for about so many cells from the west to the east.
const CELLS_ACROSS: f64 = 20.0;

/// How far away is near.
const NEAR_M: u32 = 50;
/// How long before and after counts.
const NEAR_DAYS: u32 = 30;
const NEAR_MAX: usize = 20;
/// The newest looked at: a bus stop that the whole street complains of has no more in two months.
const NEAR_LOOK_MAX: i64 = 500;
const DAY: i64 = 86_400 * 1_000_000;

impl Casework {
    /// The cases of a list that lie in its box, which it must have.
    pub async fn case_map(
        &self,
        principal: &Arc<Principal>,
        query: CaseQuery,
    ) -> Result<CaseMapView, CaseworkError> {
        let mut wrong = Vec::new();
        let look = i64::try_from(LOOK_MAX + 1).unwrap_or(i64::MAX);
        let filter = self.case_filter(principal, &query, look, &mut wrong);
        if query.within.is_none() {
            let message = "say which part of the map: west,south,east,north";
            wrong.push(FieldError::new("within", "required", message));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let Some((filter, (within, _))) = filter.and_then(|filter| {
            let within = filter.within?;
            Some((filter, within))
        }) else {
            return Ok(shown(Vec::new(), None));
        };
        let now = self.now();
        let (filter, ties) = self.sized(principal, "case_list", filter).await?;
        let composed = list::compose_places(&filter, &ties, now);
        let found = self
            .store()
            .read(move |tx| list::places(tx, &composed, now))
            .await?;
        Ok(shown(found, Some(within)))
    }

    /// Cases the caller may see that lie near one and were accepted about the same time.
    pub async fn case_near(
        &self,
        principal: &Arc<Principal>,
        id: Id,
    ) -> Result<CasesNearView, CaseworkError> {
        let (this, who) = (self.clone(), principal.clone());
        let case = self
            .store()
            .read(move |tx| read::case_with_tasks(tx, CaseKey::Case(id)))
            .await?
            .filter(|case| this.may_see(&who, case))
            .ok_or(CaseworkError::NotFound("case"))?;
        let mut near = CasesNearView {
            items: Vec::new(),
            radius_m: NEAR_M,
            days: NEAR_DAYS,
            has_place: case.point.is_some(),
        };
        let Some(point) = case.point else {
            return Ok(near);
        };
        let span = i64::from(NEAR_DAYS) * DAY;
        let filter = CaseFilter {
            within: Some((MapBox::around(point, f64::from(NEAR_M)), false)),
            accepted_from: Some(Timestamp(case.accepted_at.0.saturating_sub(span))),
            accepted_to: Some(Timestamp(case.accepted_at.0.saturating_add(span))),
            limit: NEAR_LOOK_MAX,
            ..CaseFilter::default()
        };
        let now = self.now();
        let (filter, ties) = self.sized(principal, "case_list", filter).await?;
        let composed = list::compose_cases(&filter, &ties, now);
        let rows = self
            .store()
            .read(move |tx| list::cases(tx, &composed))
            .await?;
        let mut found: Vec<_> = rows
            .iter()
            .filter(|row| row.case.id != id)
            .filter_map(|row| {
                let metres = distance_m(point, row.case.point?);
                let kinship = self.kinship_of(case.category_id, row.case.category_id);
                (metres <= f64::from(NEAR_M)).then_some((kinship, metres, row))
            })
            .collect();
        let rank = |kinship: Option<Kinship>| match kinship {
            Some(Kinship::Category) => 0,
            Some(Kinship::Class) => 1,
            None => 2,
        };
        found.sort_by(|a, b| rank(a.0).cmp(&rank(b.0)).then(a.1.total_cmp(&b.1)));
        found.truncate(NEAR_MAX);
        let mut names = self.names();
        near.items = found
            .into_iter()
            .map(|(kinship, metres, row)| CaseNearView {
                case: self.case_list_view(row, &mut names, now),
                distance_m: whole(metres),
                kinship,
            })
            .collect();
        Ok(near)
    }
}

fn shown(mut found: Vec<CasePlace>, within: Option<MapBox>) -> CaseMapView {
    let is_cut = found.len() > LOOK_MAX;
    found.truncate(LOOK_MAX);
    let count = found.len();
    let (points, cells) = match within {
        Some(within) if count > POINTS_MAX => (Vec::new(), cells(&found, within)),
        _ => (found.iter().map(dot).collect(), Vec::new()),
    };
    CaseMapView {
        points,
        cells,
        count,
        is_cut,
    }
}

fn dot(place: &CasePlace) -> CasePointView {
    CasePointView {
        id: place.id,
        lon: place.point.lon,
        lat: place.point.lat,
        level: place.level,
        light: place.light,
    }
}

/// Counts by cells whose borders stay where they are when the view moves: the side is a power of two of a degree.
fn cells(found: &[CasePlace], within: MapBox) -> Vec<CaseCellView> {
    let side = ((within.east - within.west) / CELLS_ACROSS)
        .log2()
        .ceil()
        .exp2();
    let mut cells: BTreeMap<(i64, i64), CaseCellView> = BTreeMap::new();
    for place in found {
        let cell = cells
            .entry((
                number(place.point.lat / side),
                number(place.point.lon / side),
            ))
            .or_default();
        cell.lon += place.point.lon;
        cell.lat += place.point.lat;
        cell.count += 1;
        cell.late += u32::from(place.light == Some(crate::clocks::Light::Red));
    }
    let middle = |mut cell: CaseCellView| {
        cell.lon /= f64::from(cell.count);
        cell.lat /= f64::from(cell.count);
        cell
    };
    cells.into_values().map(middle).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees over a side of a degree's small part are far below 2^63"
)]
fn number(cell: f64) -> i64 {
    cell.floor() as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most NEAR_M metres"
)]
fn whole(metres: f64) -> u32 {
    metres.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::Light;
    use crate::model::Level;
    use base::Point;

    const VIEW: MapBox = MapBox {
        west: 121.0,
        south: 31.0,
        east: 121.4,
        north: 31.2,
    };

    fn places(count: usize) -> Vec<CasePlace> {
        (0..count)
            .map(|n| CasePlace {
                id: Id(i64::try_from(n).unwrap()),
                point: Point {
                    lon: 121.0 + 0.4 * f64::from(u32::try_from(n % 100).unwrap()) / 100.0,
                    lat: 31.1,
                },
                level: Level::Normal,
                light: (n % 2 == 0).then_some(Light::Red),
            })
            .collect()
    }

    #[test]
    fn few_are_dots_and_many_are_counted_with_none_lost() {
        let few = shown(places(POINTS_MAX), Some(VIEW));
        assert_eq!(
            (few.points.len(), few.cells.len(), few.is_cut),
            (POINTS_MAX, 0, false)
        );
        let many = shown(places(POINTS_MAX + 1), Some(VIEW));
        assert!(many.points.is_empty());
        let sum = |of: fn(&CaseCellView) -> u32| many.cells.iter().map(of).sum::<u32>() as usize;
        assert_eq!(
            (sum(|cell| cell.count), many.count),
            (POINTS_MAX + 1, POINTS_MAX + 1)
        );
        assert_eq!(sum(|cell| cell.late), POINTS_MAX / 2 + 1);
        assert!(
            (10..=22).contains(&many.cells.len()),
            "{}",
            many.cells.len()
        );
    }

    #[test]
    fn more_than_are_looked_at_are_said_to_be_cut() {
        let cut = shown(places(LOOK_MAX + 1), Some(VIEW));
        assert_eq!((cut.count, cut.is_cut), (LOOK_MAX, true));
    }

    #[test]
    fn cells_stay_where_they_are_when_the_view_moves_a_little() {
        let moved = MapBox {
            west: 121.03,
            east: 121.43,
            ..VIEW
        };
        assert_eq!(cells(&places(6_000), VIEW), cells(&places(6_000), moved));
    }

    #[test]
    fn a_box_is_four_numbers_in_order() {
        assert_eq!(MapBox::parse("121,31,121.4,31.2"), Some(VIEW));
        for wrong in [
            "",
            "121,31,121.4",
            "121,31,121.4,31.2,1",
            "121.4,31,121,31.2",
            "121,31,a,31.2",
            "121,NaN,122,32",
            "121,31,inf,32",
        ] {
            assert_eq!(MapBox::parse(wrong), None, "{wrong}");
        }
    }
}
