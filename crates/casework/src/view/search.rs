//! What a search and a look for alike cases answer.

use super::{CaseListView, ReportListView};
use crate::search::Kinship;
use serde::Serialize;
use utoipa::ToSchema;

/// A part of a text. Characters are Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkView {
    /// The first character.
    pub from: u32,
    /// The character after the last.
    pub to: u32,
}

/// A text with what was asked for marked in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkedView {
    /// The text, masked.
    pub text: String,
    /// From left to right, without overlap.
    pub marks: Vec<MarkView>,
}

/// What a hit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    /// A case.
    Case,
    /// A report.
    Report,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HitView {
    /// What it is.
    pub kind: HitKind,
    /// The case, as in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseListView>,
    /// The report, as in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportListView>,
    /// What it is called.
    pub title: MarkedView,
    /// A piece of the description around the first thing found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<MarkedView>,
    /// Where it is, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<MarkedView>,
}

/// A page of what was found.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SearchView {
    /// The newest first.
    pub items: Vec<HitView>,
    /// Pass as `after` for what is older. A page may be short of the limit while there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// False while the index is made anew: then older ones may be missing.
    pub is_complete: bool,
}

/// An open case that may be about the same, and why it is thought so.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlikeView {
    /// The case, as in lists.
    pub case: CaseListView,
    /// What it is called, with the words in common marked.
    pub title: MarkedView,
    /// Where it is, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How much it is alike: the sum of what follows, by the table in `docs/API.md`.
    pub points: u32,
    /// Metres apart, where both places are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<u32>,
    /// Whether it is of the same category or class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinship: Option<Kinship>,
    /// Words in common, the most telling first.
    pub words: Vec<String>,
}

/// Open cases that may be about the same.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlikesView {
    /// The most alike first.
    pub items: Vec<AlikeView>,
    /// False while the index is made anew: then some may be missing.
    pub is_complete: bool,
}
