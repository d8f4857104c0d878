//! Cases on a map: the list by the same filters and the same visibility, as dots or as counts; and what lies near one.

use super::CaseQuery;
use crate::clocks::{Clock, Light};
use crate::failure::CaseworkError;
use crate::listing::{CaseFilter, MapBox, Placed};
use crate::model::Level;
use crate::search::Kinship;
use crate::service::Casework;
use crate::store::read::{self, CaseKey};
use crate::view::{CaseCellView, CaseMapView, CaseNearView, CasePointView, CasesNearView};
use access::Principal;
use base::geo::distance_m;
use base::{FieldError, Id, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Up to so many cases are shown one by one: more dots are a smear, and a browser draws no more of them fluently.
const POINTS_MAX: u64 = 5_000;
/// Counts are given for about so many cells from the west to the east.
const CELLS_ACROSS: f64 = 20.0;

/// How far away is near.
const NEAR_M: u32 = 50;
/// How long before and after counts.
const NEAR_DAYS: u32 = 30;
const NEAR_MAX: usize = 20;
/// The newest looked at: a bus stop that the whole street complains of has no more in two months.
const NEAR_LOOK_MAX: usize = 500;
const DAY: i64 = 86_400 * 1_000_000;

impl Casework {
    /// The cases of a list that lie in its box, which it must have.
    pub async fn case_map(
        &self,
        principal: &Arc<Principal>,
        query: CaseQuery,
    ) -> Result<CaseMapView, CaseworkError> {
        let mut wrong = Vec::new();
        let filter = self.case_filter(principal, &query, &mut wrong);
        if query.within.is_none() {
            let message = "say which part of the map: west,south,east,north";
            wrong.push(FieldError::new("within", "required", message));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let Some((filter, within)) = filter.and_then(|filter| {
            let within = filter.within?;
            Some((filter, within))
        }) else {
            return Ok(CaseMapView::default());
        };
        let now = self.now();
        let asked = self.cases_asked(principal, "case_list", filter, now);
        self.cases_placed(asked, move |count, places| {
            shown(count, places, within, now)
        })
        .await
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
            within: Some(MapBox::around(point, f64::from(NEAR_M))),
            accepted_from: Some(Timestamp(case.accepted_at.0.saturating_sub(span))),
            accepted_to: Some(Timestamp(case.accepted_at.0.saturating_add(span))),
            ..CaseFilter::default()
        };
        let now = self.now();
        let asked = self.cases_asked(principal, "case_list", filter, now);
        let rows = self.cases_listed(asked, NEAR_LOOK_MAX).await?;
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

fn shown(
    count: u64,
    places: &mut dyn Iterator<Item = Placed>,
    within: MapBox,
    now: Timestamp,
) -> CaseMapView {
    let (points, cells) = if count > POINTS_MAX {
        (Vec::new(), cells(places, within, now))
    } else {
        (places.map(|place| dot(place, now)).collect(), Vec::new())
    };
    CaseMapView {
        points,
        cells,
        count,
    }
}

fn light(place: Placed, now: Timestamp) -> Option<Light> {
    let clock = place.clock.map(|(yellow_at, due_at)| Clock {
        // What it shows does not depend on when it began.
        started_at: yellow_at,
        yellow_at,
        due_at,
    });
    clock.map(|clock| clock.light(now))
}

fn dot(place: Placed, now: Timestamp) -> CasePointView {
    let levels = Level::ALL.iter().copied();
    let level = levels.into_iter().find(|level| *level as u8 == place.level);
    CasePointView {
        id: place.id,
        lon: place.point.lon,
        lat: place.point.lat,
        level: level.unwrap_or(Level::Normal),
        light: light(place, now),
    }
}

/// Counts by cells whose borders stay where they are when the view moves: the side is a power of two of a degree.
fn cells(
    places: &mut dyn Iterator<Item = Placed>,
    within: MapBox,
    now: Timestamp,
) -> Vec<CaseCellView> {
    let side = ((within.east - within.west) / CELLS_ACROSS)
        .log2()
        .ceil()
        .exp2();
    let mut cells: BTreeMap<(i64, i64), CaseCellView> = BTreeMap::new();
    for place in places {
        let cell = cells
            .entry((
                number(place.point.lat / side),
                number(place.point.lon / side),
            ))
            .or_default();
        cell.lon += place.point.lon;
        cell.lat += place.point.lat;
        cell.count += 1;
        cell.late += u32::from(light(place, now) == Some(Light::Red));
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
    use base::Point;

    const VIEW: MapBox = MapBox {
        west: 121.0,
        south: 31.0,
        east: 121.4,
        north: 31.2,
    };

    const NOW: Timestamp = Timestamp(100);

    /// Every other one is late.
    fn places(count: u64) -> impl Iterator<Item = Placed> {
        (0..i64::try_from(count).unwrap()).map(|n| Placed {
            id: Id(n),
            point: Point {
                lon: 121.0 + 0.4 * f64::from(i32::try_from(n % 100).unwrap()) / 100.0,
                lat: 31.1,
            },
            level: Level::Urgent as u8,
            clock: (n % 2 == 0).then_some((Timestamp(5), Timestamp(50))),
        })
    }

    #[test]
    fn few_are_dots_and_many_are_counted_with_none_lost() {
        let few = shown(POINTS_MAX, &mut places(POINTS_MAX), VIEW, NOW);
        assert_eq!((few.points.len(), few.cells.len()), (5_000, 0));
        let lights: Vec<_> = few
            .points
            .iter()
            .map(|dot| (dot.level, dot.light))
            .collect();
        assert_eq!(lights[0], (Level::Urgent, Some(Light::Red)));
        assert_eq!(lights[1], (Level::Urgent, None));
        let many = shown(POINTS_MAX + 1, &mut places(POINTS_MAX + 1), VIEW, NOW);
        assert!(many.points.is_empty());
        let sum = |of: fn(&CaseCellView) -> u32| many.cells.iter().map(of).sum::<u32>();
        assert_eq!((sum(|cell| cell.count), many.count), (5_001, 5_001));
        assert_eq!(sum(|cell| cell.late), 2_501);
        assert!(
            (10..=22).contains(&many.cells.len()),
            "{}",
            many.cells.len()
        );
    }

    #[test]
    fn cells_stay_where_they_are_when_the_view_moves_a_little() {
        let moved = MapBox {
            west: 121.03,
            east: 121.43,
            ..VIEW
        };
        let of = |view| cells(&mut places(6_000), view, NOW);
        assert_eq!(of(VIEW), of(moved));
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
