//! What the index of words is told of cases and reports: the words as anybody may see them, masked, and who may see them at all.

use crate::lifecycle::Fact;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::report::ReportFact;
use crate::model::Case;
use crate::search::{tails, terms};
use crate::service::sealed::{self, Words};
use crate::service::{CASE_ZONES, Casework};
use crate::store::read::{self, SealedWords};
use crate::store::search::{self as found, CaseFound, ReportFound};
use ::store::words::{Batch, Document, Subject, Word};
use ::store::{PlacedEntry, StoreError, Tx};
use access::Sealer;
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The shelf of cases.
pub(super) const CASES: u32 = 0;
/// The shelf of reports.
pub(super) const REPORTS: u32 = 1;

/// Changes when words are cut or named otherwise than before, so that every index is made anew.
const RULES: &str = "search.rules:1";

/// Hashes remembered, so that the words of all texts are not hashed anew for each.
const REMEMBERED_MAX: usize = 65_536;

/// Degrees of a cell: some 500 metres each way, so that a cell and those around it hold all within 400 metres.
const CELL_DEGREES: f64 = 0.005;

/// A word of the index, before it is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sign {
    /// Characters of a text.
    Text(String),
    /// The last digits of its number.
    Tail(String),
    /// It lies in this area or below.
    Area(TreePath),
    /// An organisation at or below this one has to do with it.
    Organisation(TreePath),
    /// It lies in this zone.
    Zone(Id),
    /// It is open.
    Open,
    /// It is of this category or class.
    Category(Id),
    /// It lies in this cell.
    Cell(i64, i64),
}

impl Sign {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => format!("search.text:{text}"),
            Self::Tail(digits) => format!("search.tail:{digits}"),
            Self::Area(path) => format!("search.area:{path}"),
            Self::Organisation(path) => format!("search.organisation:{path}"),
            Self::Zone(id) => format!("search.zone:{id}"),
            Self::Open => "search.open".to_owned(),
            Self::Category(id) => format!("search.category:{id}"),
            Self::Cell(x, y) => format!("search.cell:{x}:{y}"),
        }
    }
}

/// The cell of a point, and those around it.
pub(super) fn cells_around(point: Point) -> Vec<Sign> {
    let (x, y) = cell(point);
    let around = [-1, 0, 1];
    around
        .iter()
        .flat_map(|dx| around.iter().map(move |dy| Sign::Cell(x + dx, y + dy)))
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "degrees are within 180")]
fn cell(point: Point) -> (i64, i64) {
    let number = |degrees: f64| (degrees / CELL_DEGREES).floor() as i64;
    (number(point.lon), number(point.lat))
}

/// Hashes of words under the key of the installation.
pub(super) struct Hashes {
    sealer: Sealer,
    known: Mutex<HashMap<Sign, Word>>,
}

impl Hashes {
    pub(super) fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            known: Mutex::default(),
        }
    }

    pub(super) fn word(&self, sign: &Sign) -> Word {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = known.get(sign) {
            return *word;
        }
        let hash = self.sealer.keyed_hash(&sign.text());
        let (head, _) = hash.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let word = Word(u64::from_be_bytes(*head));
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(sign.clone(), word);
        word
    }

    fn words(&self, signs: &BTreeSet<Sign>) -> Vec<Word> {
        let mut words: Vec<Word> = signs.iter().map(|sign| self.word(sign)).collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

/// What is searched of something: its own words, masked, and what its place and kind are called.
pub(super) struct Searched {
    pub(super) words: Words,
    pub(super) names: Vec<String>,
}

impl Searched {
    fn signs(&self) -> BTreeSet<Sign> {
        let mut texts = BTreeSet::new();
        for text in self.texts() {
            terms(&crate::search::plain(text), &mut texts);
        }
        texts.into_iter().map(Sign::Text).collect()
    }

    /// Every text that something may be found in.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        [self.words.title.as_str(), self.words.detail.as_str()]
            .into_iter()
            .chain(self.words.address.as_deref())
            .chain(self.names.iter().map(String::as_str))
    }
}

impl Casework {
    /// The masked words of a case; empty when forgotten. One that does not open is logged and has none: an index must not stand still
    /// for it.
    pub(super) fn searched_case(&self, found: &CaseFound) -> Searched {
        let case = &found.row.case;
        let words = self.opened(found.words.as_ref(), sealed::case_words(case.id));
        let mut names = self.area_names(case.area_path.as_ref(), case.accepted_at);
        let category = case
            .category_id
            .and_then(|id| self.parts().city.category(id));
        names.extend(category.map(|category| category.name));
        Searched { words, names }
    }

    pub(super) fn searched_report(&self, found: &ReportFound) -> Searched {
        let report = &found.row.report;
        let sealed = found.words.clone().map(|words| (Some(report.id), words));
        let words = self.opened(sealed.as_ref(), String::new());
        let names = self.area_names(report.area_path.as_ref(), report.received_at);
        Searched { words, names }
    }

    fn opened(&self, sealed: Option<&SealedWords>, own_context: String) -> Words {
        let Some((report_id, bytes)) = sealed else {
            return Words::default();
        };
        let context = report_id.map_or(own_context, sealed::report_words);
        match sealed::open_words(&self.parts().sealer, bytes, &context) {
            Ok((words, _)) => words.masked(),
            Err(error) => {
                tracing::error!(%error, "sealed words do not open and cannot be found");
                Words::default()
            }
        }
    }

    /// What the area and those around it were called then.
    fn area_names(&self, path: Option<&TreePath>, at: Timestamp) -> Vec<String> {
        let line = path.into_iter().flat_map(|path| {
            let own = path.clone();
            path.ancestors().chain([own])
        });
        line.filter_map(|path| self.parts().city.area_name_at(&path, at))
            .collect()
    }

    fn case_document(&self, found: &CaseFound, organisations: Vec<TreePath>) -> Document {
        let case = &found.row.case;
        let mut signs = self.searched_case(found).signs();
        signs.extend(tails(&case.case_no).into_iter().map(Sign::Tail));
        signs.extend(areas(case.area_path.as_ref()));
        signs.extend(organisations.into_iter().map(Sign::Organisation));
        signs.extend(self.zones_of(case).into_iter().map(Sign::Zone));
        // What is looked for only among open cases is said only of them.
        if case.stage.is_open() {
            signs.insert(Sign::Open);
            signs.extend(self.kinds(case).into_iter().map(Sign::Category));
            signs.extend(case.point.map(|point| {
                let (x, y) = cell(point);
                Sign::Cell(x, y)
            }));
        }
        Document {
            shelf: CASES,
            id: case.id,
            words: self.search_parts().hashes.words(&signs),
        }
    }

    /// The category of a case and the class around it.
    fn kinds(&self, case: &Case) -> Vec<Id> {
        let line = case
            .category_id
            .map(|id| self.parts().city.category_line(id));
        line.unwrap_or_default().into_iter().take(2).collect()
    }

    fn report_document(&self, found: &ReportFound) -> Document {
        let report = &found.row.report;
        let mut signs = self.searched_report(found).signs();
        signs.extend(tails(&report.report_no).into_iter().map(Sign::Tail));
        signs.extend(areas(report.area_path.as_ref()));
        let path = &found.row.organisation.path;
        signs.extend(
            path.ancestors()
                .chain([path.clone()])
                .map(Sign::Organisation),
        );
        Document {
            shelf: REPORTS,
            id: report.id,
            words: self.search_parts().hashes.words(&signs),
        }
    }

    fn case_documents(
        &self,
        tx: &mut Tx<'_>,
        cases: &[CaseFound],
    ) -> Result<Vec<Document>, StoreError> {
        let ids = || cases.iter().map(|found| found.row.case.id);
        let (Some(first), Some(last)) = (ids().min(), ids().max()) else {
            return Ok(Vec::new());
        };
        let mut seen_by: BTreeMap<Id, Vec<TreePath>> = BTreeMap::new();
        for (id, path) in found::organisations_between(tx, first, last)? {
            seen_by.entry(id).or_default().push(path);
        }
        let mut document = |found: &CaseFound| {
            let organisations = seen_by.remove(&found.row.case.id).unwrap_or_default();
            self.case_document(found, organisations)
        };
        Ok(cases.iter().map(&mut document).collect())
    }
}

/// The area and those around it.
fn areas(path: Option<&TreePath>) -> Vec<Sign> {
    let line = path.into_iter().flat_map(|path| {
        let own = path.clone();
        path.ancestors().chain([own])
    });
    line.map(Sign::Area).collect()
}

/// Cases and reports as the index is told of them.
pub(super) struct Documents(pub(super) Casework);

impl Subject for Documents {
    fn fingerprint(&self) -> [u8; 32] {
        self.0.parts().sealer.keyed_hash(RULES)
    }

    fn told(&self, tx: &mut Tx<'_>, entries: &[PlacedEntry]) -> Result<Vec<Document>, StoreError> {
        let (mut cases, mut reports) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            match entry.kind.as_str() {
                CaseFact::CHANGED | CASE_ZONES => {
                    cases.insert(entry.key);
                }
                ReportFact::CHANGED => {
                    reports.insert(entry.key);
                    // A case has the words of its first report, also when those are forgotten.
                    cases.extend(read::cases_of(tx, entry.key)?.iter().map(|tie| tie.case_id));
                }
                _ => {}
            }
        }
        let mut documents = Vec::with_capacity(cases.len() + reports.len());
        for id in cases {
            let found: Vec<_> = found::case_by_id(tx, id)?.into_iter().collect();
            documents.extend(self.0.case_documents(tx, &found)?);
        }
        for id in reports {
            let found = found::report_by_id(tx, id)?;
            documents.extend(found.map(|found| self.0.report_document(&found)));
        }
        Ok(documents)
    }

    fn below(
        &self,
        tx: &mut Tx<'_>,
        shelf: u32,
        before: Id,
        limit: u32,
    ) -> Result<Batch, StoreError> {
        if shelf == REPORTS {
            let reports = found::reports_below(tx, before, limit)?;
            return Ok(Batch {
                last: reports.last().map(|found| found.row.report.id),
                documents: reports
                    .iter()
                    .map(|found| self.0.report_document(found))
                    .collect(),
            });
        }
        let cases = found::cases_below(tx, before, limit)?;
        Ok(Batch {
            last: cases.last().map(|found| found.row.case.id),
            documents: self.0.case_documents(tx, &cases)?,
        })
    }
}

impl Casework {
    pub(super) fn documents(&self) -> Arc<dyn Subject> {
        Arc::new(Documents(self.clone()))
    }
}
