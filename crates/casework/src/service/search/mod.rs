//! Searching: the index of words says which things may fit, the newest first and only those in scope; the database says what they are,
//! within scope once more; and their words, as the caller may read them, decide whether they fit.

mod documents;
mod similar;

use self::documents::{CASES, Hashes, REPORTS, Searched, Sign};
use super::Casework;
use super::query::{after_id, limit};
use crate::failure::CaseworkError;
use crate::search::{Asked, Cutter, Names as NamesOfCity, Piece, Span, find_all, plain};
use crate::store::search::{self as found, AT_ONCE, CaseFound, ReportFound};
use crate::view::{CaseListView, HitKind, HitView, MarkView, MarkedView, SearchView};
use ::store::words::{self, Find, WordIndex, WordsError};
use ::store::{StoreError, Tx};
use access::{Principal, Scope};
use base::limits::SEARCH_CHARACTERS_MAX;
use base::{FieldError, Id, PageRequest, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

/// Looked through for one page; beyond it the page ends, short as it may be, and says where to go on.
const LOOKED_THROUGH_MAX: usize = 16 * AT_ONCE;

/// Characters of a snippet, and how many of them stand before what was found.
const SNIPPET: usize = 80;
const SNIPPET_BEFORE: usize = 20;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// As typed.
    pub text: String,
    /// Only these.
    pub kind: Option<HitKind>,
    /// Which page.
    pub page: PageRequest,
}

/// What searching needs besides the database.
pub(super) struct SearchParts {
    index: OnceLock<WordIndex>,
    hashes: Hashes,
    cutter: Cutter,
}

impl SearchParts {
    pub(super) fn new(sealer: access::Sealer) -> Self {
        Self {
            index: OnceLock::new(),
            hashes: Hashes::new(sealer),
            cutter: Cutter::default(),
        }
    }
}

/// By what a shelf is asked for the things somebody may see there; none where that is nothing.
fn seen(shelf: u32, scope: &Scope) -> Option<Vec<Sign>> {
    if scope.everything {
        return Some(Vec::new());
    }
    let areas = scope.areas.iter().cloned().map(Sign::Area);
    let organisations = scope.organisations.iter().cloned().map(Sign::Organisation);
    let mut signs: Vec<Sign> = areas.chain(organisations).collect();
    if shelf == CASES {
        signs.extend(scope.zones.iter().copied().map(Sign::Zone));
    }
    (!signs.is_empty()).then_some(signs)
}

/// What is to be looked for on one shelf.
struct Look {
    shelf: u32,
    find: Find,
    scope: Scope,
}

/// One thing found, before it is shown.
enum Found {
    Case(Box<CaseFound>),
    Report(Box<ReportFound>),
}

impl Casework {
    /// Opens the index of words in `folder` and keeps it in step from here on, in a thread that ends with the store. Once only.
    pub fn search_in(&self, folder: &Path) -> Result<thread::JoinHandle<()>, StoreError> {
        let index = WordIndex::in_folder(folder)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let kept = words::keep(self.store(), &index, self.documents())?;
        if self.search_parts().index.set(index).is_err() {
            tracing::error!("the index of words was opened twice");
        }
        Ok(kept)
    }

    /// Makes the index of words in `folder` anew, to the end; says how many cases and reports it holds.
    pub fn search_rebuild(&self, folder: &Path) -> Result<u64, StoreError> {
        let index = WordIndex::in_folder(folder)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        words::rebuild(self.store(), &index, self.documents())
    }

    /// Whether everything there is can be found; none when this process keeps no index.
    pub fn search_is_complete(&self) -> Option<bool> {
        self.search_parts().index.get().map(WordIndex::is_complete)
    }

    fn all_is_found(&self) -> bool {
        self.search_is_complete() == Some(true)
    }

    fn names_of_city(&self) -> NamesOfCity {
        self.parts().city.names()
    }

    /// What has all that is asked for, of what the caller may see, the newest first.
    pub async fn search(
        &self,
        principal: &Arc<Principal>,
        query: SearchQuery,
    ) -> Result<SearchView, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong) as usize;
        let after = after_id(&query.page, &mut wrong);
        if query.text.chars().count() > SEARCH_CHARACTERS_MAX {
            wrong.push(FieldError::new(
                "q",
                "too_long",
                format!("at most {SEARCH_CHARACTERS_MAX} characters"),
            ));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let cutter = &self.search_parts().cutter;
        let asked = Asked::parse(&query.text, cutter, || self.names_of_city());
        let looks = self.looks(principal, &asked, query.kind);
        let now = self.now();
        let this = self.clone();
        self.store()
            .read(move |tx| this.search_in_tx(tx, &asked, &looks, (after, limit), now))
            .await
    }

    /// Which shelves are asked, and for what.
    fn looks(&self, principal: &Principal, asked: &Asked, kind: Option<HitKind>) -> Vec<Look> {
        if asked.pieces.is_empty() {
            return Vec::new();
        }
        let wanted = |wanted: HitKind| kind.is_none_or(|kind| kind == wanted);
        let mut looks = Vec::new();
        for (shelf, of_kind, permission) in [
            (CASES, HitKind::Case, "case_list"),
            (REPORTS, HitKind::Report, "report_list"),
        ] {
            let scope = principal.scope(permission);
            if !wanted(of_kind) || !principal.allows(permission) {
                continue;
            }
            let Some(seen) = seen(shelf, &scope) else {
                continue;
            };
            let mut all: Vec<Find> = asked.pieces.iter().map(|piece| self.find(piece)).collect();
            if !seen.is_empty() {
                all.push(self.any(seen));
            }
            looks.push(Look {
                shelf,
                find: Find::All(all),
                scope,
            });
        }
        looks
    }

    fn any(&self, signs: impl IntoIterator<Item = Sign>) -> Find {
        let hashes = &self.search_parts().hashes;
        let words = signs.into_iter().map(|sign| Find::Word(hashes.word(&sign)));
        Find::Any(words.collect())
    }

    fn find(&self, piece: &Piece) -> Find {
        let hashes = &self.search_parts().hashes;
        let word = |sign: Sign| Find::Word(hashes.word(&sign));
        let text = Find::All(
            piece
                .terms()
                .into_iter()
                .map(|term| word(Sign::Text(term)))
                .collect(),
        );
        match piece.tail() {
            Some(tail) => Find::Any(vec![word(Sign::Tail(tail)), text]),
            None => text,
        }
    }

    fn search_in_tx(
        &self,
        tx: &mut Tx<'_>,
        asked: &Asked,
        looks: &[Look],
        (after, limit): (Option<Id>, usize),
        now: Timestamp,
    ) -> Result<SearchView, CaseworkError> {
        let (mut items, mut last, mut before) = (Vec::new(), None, after);
        let (mut looked_through, mut has_more) = (0, true);
        while has_more && items.len() <= limit && looked_through < LOOKED_THROUGH_MAX {
            let ids = self.candidates(looks, before)?;
            has_more = ids.len() == AT_ONCE;
            looked_through += ids.len();
            before = ids.keys().next().copied().or(before);
            let mut found = Self::read_found(tx, looks, &ids)?;
            for id in ids.keys().rev() {
                let Some(hit) = found
                    .remove(id)
                    .and_then(|found| self.hit(&found, asked, now))
                else {
                    continue;
                };
                items.push(hit);
                if items.len() == limit {
                    last = Some(*id);
                }
                if items.len() > limit {
                    break;
                }
            }
        }
        let next = if items.len() > limit {
            items.truncate(limit);
            last
        } else {
            before.filter(|_| has_more)
        };
        Ok(SearchView {
            items,
            next: next.map(|id| id.to_string()),
            is_complete: self.all_is_found(),
        })
    }

    /// The next of what may fit, each with the look that found it; [`AT_ONCE`] at most.
    fn candidates(
        &self,
        looks: &[Look],
        before: Option<Id>,
    ) -> Result<BTreeMap<Id, usize>, StoreError> {
        let mut ids = BTreeMap::new();
        for (number, look) in looks.iter().enumerate() {
            for id in self.ask(look.shelf, &look.find, before, AT_ONCE)? {
                ids.insert(id, number);
            }
        }
        while ids.len() > AT_ONCE {
            ids.pop_first();
        }
        Ok(ids)
    }

    /// The ids that fit. An index that is not there or is damaged finds nothing, and the answer says that it is not complete.
    fn ask(
        &self,
        shelf: u32,
        find: &Find,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Vec<Id>, StoreError> {
        let Some(index) = self.search_parts().index.get() else {
            return Ok(Vec::new());
        };
        match index.find(
            shelf,
            find,
            before,
            u32::try_from(limit).unwrap_or(u32::MAX),
        ) {
            Ok(ids) => Ok(ids),
            Err(error @ WordsError::Unavailable(_)) if index.is_complete() => {
                Err(StoreError::Unavailable(error.to_string()))
            }
            Err(error) => {
                tracing::warn!(%error, "a search found nothing");
                Ok(Vec::new())
            }
        }
    }

    /// What they are, as far as they are in scope.
    fn read_found(
        tx: &mut Tx<'_>,
        looks: &[Look],
        ids: &BTreeMap<Id, usize>,
    ) -> Result<BTreeMap<Id, Found>, StoreError> {
        let mut all = BTreeMap::new();
        for (number, look) in looks.iter().enumerate() {
            let of_look = ids.iter().filter(|(_, by)| **by == number);
            let ids: Vec<Id> = of_look.map(|(id, _)| *id).collect();
            if ids.is_empty() {
                continue;
            }
            if look.shelf == CASES {
                let cases = found::cases(tx, &found::compose_cases(&ids, &look.scope))?;
                for case in cases {
                    all.insert(case.row.case.id, Found::Case(Box::new(case)));
                }
            } else {
                let reports = found::reports(tx, &found::compose_reports(&ids, &look.scope))?;
                for report in reports {
                    all.insert(report.row.report.id, Found::Report(Box::new(report)));
                }
            }
        }
        Ok(all)
    }

    /// The thing as it is shown, if it truly has all that is asked for.
    fn hit(&self, found: &Found, asked: &Asked, now: Timestamp) -> Option<HitView> {
        let (number, searched) = match found {
            Found::Case(case) => (&case.row.case.case_no, self.searched_case(case)),
            Found::Report(report) => (&report.row.report.report_no, self.searched_report(report)),
        };
        let texts: Vec<Vec<char>> = searched.texts().map(plain).collect();
        let fits = |piece: &Piece| {
            let is_in = |text: &Vec<char>| !find_all(text, piece.characters()).is_empty();
            piece.ends(number) || texts.iter().any(is_in)
        };
        if !asked.pieces.iter().all(fits) {
            return None;
        }
        let Searched { words, .. } = &searched;
        let address = words.address.as_deref().filter(|text| !text.is_empty());
        let title = Some(words.title.clone()).filter(|title| !title.is_empty());
        let (case, report) = match found {
            Found::Case(case) => (Some(self.case_found_view(case, title, now)), None),
            Found::Report(report) => {
                let head = super::query::report_head(&report.row.report, title, &mut self.names());
                (None, Some(head))
            }
        };
        Some(HitView {
            kind: if case.is_some() {
                HitKind::Case
            } else {
                HitKind::Report
            },
            case,
            report,
            title: marked(&words.title, asked),
            snippet: snippet(&words.detail, asked),
            address: address.map(|text| marked(text, asked)),
        })
    }

    fn case_found_view(
        &self,
        found: &CaseFound,
        title: Option<String>,
        now: Timestamp,
    ) -> CaseListView {
        CaseListView {
            title,
            ..self.case_list_view(&found.row, &mut self.names(), now)
        }
    }
}

/// Where any of what is asked for stands in a text.
fn marks(text: &[char], pieces: impl Iterator<Item = impl AsRef<[char]>>) -> Vec<MarkView> {
    let mut spans: Vec<Span> = pieces
        .flat_map(|piece| find_all(text, piece.as_ref()))
        .collect();
    spans.sort_unstable();
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => apart.push((from, to)),
        }
    }
    apart
        .into_iter()
        .map(|(from, to)| MarkView { from, to })
        .collect()
}

fn marked(text: &str, asked: &Asked) -> MarkedView {
    MarkedView {
        text: text.to_owned(),
        marks: marks(&plain(text), asked.pieces.iter().map(Piece::characters)),
    }
}

/// A piece of a text around the first thing found in it.
fn snippet(text: &str, asked: &Asked) -> Option<MarkedView> {
    let all = marked(text, asked);
    let first = all.marks.first()?.from;
    let characters: Vec<char> = text.chars().collect();
    let from = (first as usize).saturating_sub(SNIPPET_BEFORE);
    let to = characters.len().min(from + SNIPPET);
    let (start, end) = (u32::try_from(from).ok()?, u32::try_from(to).ok()?);
    let within = all.marks.iter().filter(|mark| mark.from < end);
    Some(MarkedView {
        text: characters.get(from..to)?.iter().collect(),
        marks: within
            .map(|mark| MarkView {
                from: mark.from - start,
                to: mark.to.min(end) - start,
            })
            .collect(),
    })
}
