//! How alike an open case is to what is being typed: a sum of points that anybody can work out by hand, with what they are for.
//!
//! | what | points |
//! |---|---|
//! | apart at most 30 m, 100 m, 300 m, 500 m | 40, 30, 20, 10 |
//! | the same category; another of its class | 25; 10 |
//! | each word in common | 8, a name of the registry 14; all words at most 40 |
//! | accepted within a day, three days, a week | 10, 6, 3 |
//!
//! It is offered from [`ENOUGH`] points on, and never for its time alone.

/// From so many points on a case is offered.
pub const ENOUGH: u32 = 35;
/// Older ones are not recent.
pub const RECENT_DAYS: i64 = 7;
/// The most that words count for.
const WORDS_MAX: u32 = 40;

/// How two categories are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kinship {
    /// The same category.
    Category,
    /// Another category of the same class.
    Class,
}

/// What two things have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// Metres between them.
    pub distance_m: Option<f64>,
    /// How their categories are related.
    pub kinship: Option<Kinship>,
    /// Words in common, and whether each is a name of the registry.
    pub words: Vec<(String, bool)>,
    /// Seconds since the case was accepted.
    pub age_seconds: i64,
}

/// The points of a likeness; none when it is not worth showing.
pub fn alike(alike: &Alike) -> Option<u32> {
    let near = alike.distance_m.map_or(0, |metres| match metres {
        m if m <= 30.0 => 40,
        m if m <= 100.0 => 30,
        m if m <= 300.0 => 20,
        m if m <= 500.0 => 10,
        _ => 0,
    });
    let kind = match alike.kinship {
        Some(Kinship::Category) => 25,
        Some(Kinship::Class) => 10,
        None => 0,
    };
    let each = alike
        .words
        .iter()
        .map(|(_, is_name)| if *is_name { 14 } else { 8 });
    let words = each.sum::<u32>().min(WORDS_MAX);
    let recent = match alike.age_seconds / 86_400 {
        0 => 10,
        1 | 2 => 6,
        days if days < RECENT_DAYS => 3,
        _ => 0,
    };
    let points = near + kind + words + recent;
    (near + kind + words > 0 && points >= ENOUGH).then_some(points)
}
