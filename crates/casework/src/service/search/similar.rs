//! Open cases that may be about what is being typed. Found by where, what and words; judged by [`crate::search::alike`].

use super::documents::{CASES, Sign, cells_around};
use super::{Look, marks, seen};
use crate::failure::CaseworkError;
use crate::input::CaseSimilarRequest;
use crate::search::{Alike, Kinship, alike, find_all, plain};
use crate::service::Casework;
use crate::service::sealed::Words;
use crate::store::search::{self as found, AT_ONCE, CaseFound};
use crate::view::{AlikeView, AlikesView, MarkedView};
use ::store::words::Find;
use ::store::{StoreError, Tx};
use access::Principal;
use base::geo::distance_m;
use base::{Id, Point, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The newest open cases looked at, by each of: place, category, words.
const NEAR_MAX: usize = 3 * AT_ONCE;
const KIND_MAX: usize = AT_ONCE;
const WORDS_MAX: usize = 2 * AT_ONCE;

/// The most telling words of what is typed are looked for; the rest of a long message would bring in everything.
const TELLING_MAX: usize = 8;

/// What is being typed, taken apart.
struct Typed {
    point: Option<Point>,
    category_id: Option<Id>,
    kinds: Vec<Id>,
    words: Vec<(String, bool)>,
    limit: usize,
}

/// A case that may be about the same, and how much speaks for it.
struct Judged {
    found: CaseFound,
    words: Words,
    likeness: Alike,
    points: u32,
}

impl Casework {
    /// Open cases the caller may see that may be about the same, the most alike first.
    pub async fn case_similar(
        &self,
        principal: &Arc<Principal>,
        request: CaseSimilarRequest,
    ) -> Result<AlikesView, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = request.check(&mut wrong) as usize;
        let point = request.place.point(&mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let text = plain(&format!(
            "{} {} {}",
            request.title, request.address, request.detail
        ));
        let cutter = &self.search_parts().cutter;
        let mut words = cutter.telling(&text, || self.names_of_city());
        words.truncate(TELLING_MAX);
        let kinds = request
            .category_id
            .map(|id| self.parts().city.category_line(id));
        let typed = Typed {
            point,
            category_id: request.category_id,
            kinds: kinds.unwrap_or_default().into_iter().take(2).collect(),
            words,
            limit,
        };
        let scope = principal.scope("case_list");
        let Some(seen) = seen(CASES, &scope) else {
            return Ok(AlikesView {
                items: Vec::new(),
                is_complete: self.all_is_found(),
            });
        };
        let find = (!seen.is_empty()).then(|| self.any(seen));
        let look = Look {
            shelf: CASES,
            find: Find::All(find.into_iter().collect()),
            scope,
        };
        let (this, now) = (self.clone(), self.now());
        Ok(self
            .store()
            .read(move |tx| this.similar_in(tx, &typed, &look, now))
            .await?)
    }

    fn similar_in(
        &self,
        tx: &mut Tx<'_>,
        typed: &Typed,
        look: &Look,
        now: Timestamp,
    ) -> Result<AlikesView, StoreError> {
        let ids: Vec<Id> = self.may_be_alike(typed, look)?.into_iter().collect();
        let mut judged = Vec::new();
        for ids in ids.chunks(AT_ONCE) {
            let cases = found::cases(tx, &found::compose_cases(ids, &look.scope))?;
            let alikes = cases
                .into_iter()
                .filter_map(|found| self.judge(found, typed, now));
            judged.extend(alikes);
        }
        judged.sort_by_key(|alike| (Reverse(alike.points), Reverse(alike.found.row.case.id)));
        judged.truncate(typed.limit);
        let views = judged.into_iter().map(|alike| self.alike_view(alike, now));
        Ok(AlikesView {
            items: views.collect(),
            is_complete: self.all_is_found(),
        })
    }

    fn may_be_alike(&self, typed: &Typed, look: &Look) -> Result<BTreeSet<Id>, StoreError> {
        let open = |mut also: Vec<Find>| {
            also.push(self.any([Sign::Open]));
            if look.find != Find::All(Vec::new()) {
                also.push(look.find.clone());
            }
            Find::All(also)
        };
        let mut ids = BTreeSet::new();
        let mut ask = |find: Find, limit: usize| -> Result<(), StoreError> {
            ids.extend(self.ask(look.shelf, &find, None, limit)?);
            Ok(())
        };
        if let Some(point) = typed.point {
            ask(open(vec![self.any(cells_around(point))]), NEAR_MAX)?;
        }
        if let Some(category_id) = typed.category_id {
            ask(
                open(vec![self.any([Sign::Category(category_id)])]),
                KIND_MAX,
            )?;
        }
        let words: Vec<Find> = typed
            .words
            .iter()
            .map(|(word, _)| self.find_word(word))
            .collect();
        // Two words together first: one alone stands in many.
        let mut pairs = Vec::new();
        for (n, one) in words.iter().enumerate() {
            for other in words.iter().skip(n + 1) {
                pairs.push(Find::All(vec![one.clone(), other.clone()]));
            }
        }
        if !pairs.is_empty() {
            ask(open(vec![Find::Any(pairs)]), WORDS_MAX)?;
        } else if !words.is_empty() {
            ask(open(vec![Find::Any(words)]), WORDS_MAX)?;
        }
        Ok(ids)
    }

    fn find_word(&self, word: &str) -> Find {
        let piece = crate::search::Piece::Word(word.chars().collect());
        self.find(&piece)
    }

    fn judge(&self, found: CaseFound, typed: &Typed, now: Timestamp) -> Option<Judged> {
        let case = &found.row.case;
        if !case.stage.is_open() {
            return None;
        }
        let searched = self.searched_case(&found);
        let texts: Vec<Vec<char>> = searched.texts().map(plain).collect();
        let is_common = |word: &&(String, bool)| {
            let word: Vec<char> = word.0.chars().collect();
            texts.iter().any(|text| !find_all(text, &word).is_empty())
        };
        let likeness = Alike {
            distance_m: typed.point.zip(case.point).map(|(a, b)| distance_m(a, b)),
            kinship: self.kinship(typed, case.category_id),
            words: typed.words.iter().filter(is_common).cloned().collect(),
            age_seconds: (now.0 - case.accepted_at.0) / 1_000_000,
        };
        let points = alike(&likeness)?;
        let words = searched.words;
        Some(Judged {
            found,
            words,
            likeness,
            points,
        })
    }

    fn alike_view(&self, alike: Judged, now: Timestamp) -> AlikeView {
        let Judged {
            found,
            words: Words { title, address, .. },
            likeness,
            points,
        } = alike;
        let words: Vec<String> = likeness.words.into_iter().map(|(word, _)| word).collect();
        let in_title = words.iter().map(|word| word.chars().collect::<Vec<_>>());
        AlikeView {
            title: MarkedView {
                marks: marks(&plain(&title), in_title),
                text: title.clone(),
            },
            case: self.case_found_view(&found, Some(title).filter(|title| !title.is_empty()), now),
            address,
            points,
            distance_m: likeness.distance_m.map(metres),
            kinship: likeness.kinship,
            words,
        }
    }

    /// How another category is related to one.
    pub(in crate::service) fn kinship_of(
        &self,
        one: Option<Id>,
        other: Option<Id>,
    ) -> Option<Kinship> {
        let (one, other) = one.zip(other)?;
        if one == other {
            return Some(Kinship::Category);
        }
        let city = &self.parts().city;
        let kinds = city.category_line(one);
        let line = city.category_line(other);
        let has_common = line
            .iter()
            .take(2)
            .any(|kind| kinds.iter().take(2).any(|each| each == kind));
        has_common.then_some(Kinship::Class)
    }

    fn kinship(&self, typed: &Typed, category_id: Option<Id>) -> Option<Kinship> {
        let id = category_id?;
        if typed.category_id == Some(id) {
            return Some(Kinship::Category);
        }
        let line = self.parts().city.category_line(id);
        let has_common = line.iter().take(2).any(|kind| typed.kinds.contains(kind));
        has_common.then_some(Kinship::Class)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "distances on the globe are below 2^25 metres and not below zero"
)]
fn metres(distance: f64) -> u32 {
    distance.round() as u32
}
