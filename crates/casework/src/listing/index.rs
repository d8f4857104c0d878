//! The index itself: for each word the numbers of the things it is said of.
//!
//! Things are numbered as they arrive, which is nearly always the order of their ids; one that comes late (brought in from elsewhere with
//! a time of its own, or committed by another writer a moment after a younger one) is noted as such and looked at by its id. When many
//! have come late all are numbered anew.

use super::filter::MapBox;
use super::find::{Find, Word};
use super::place::{Block, Place, Placed, Spread};
use super::terms::{Facts, Numbers, Term, TooMany, narrow, small};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use roaring::{MultiOps, RoaringBitmap};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// The number of a thing.
type Row = u32;
/// The numbers of things.
pub(crate) type Rows = RoaringBitmap;

/// So many may come late before all are numbered anew; beyond it one in [`LATE_SHARE`].
const LATE_MAX: u64 = 1_024;
const LATE_SHARE: u64 = 64;

/// What is known of a case or a report for the lists.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    /// As the model numbers them.
    pub(crate) stage: u8,
    pub(crate) level: u8,
    /// One bit each.
    pub(crate) marks: u16,
    pub(crate) source: String,
    pub(crate) category_id: Option<Id>,
    pub(crate) process: Option<String>,
    /// Whose it is, of which those above may ask.
    pub(crate) holder: Option<TreePath>,
    pub(crate) area: Option<TreePath>,
    pub(crate) point: Option<Point>,
    /// Of what has not ended; none of anything else.
    pub(crate) running: Option<Running>,
}

/// What orders the open ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// When it is due soon and when it is due; none without a clock.
    pub(crate) clock: Option<(Timestamp, Timestamp)>,
    pub(crate) updated_at: Timestamp,
}

/// Areas below this many levels from the top are compared one by one; above, each has its things.
pub(crate) type DepthOf = dyn Fn(&TreePath) -> usize;

/// Where a page begins and ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    /// With this id or a higher one.
    pub(crate) from: Option<Id>,
    /// Below this id.
    pub(crate) below: Option<Id>,
}

impl Window {
    fn holds(self, id: i64) -> bool {
        self.from.is_none_or(|from| id >= from.0) && self.below.is_none_or(|below| id < below.0)
    }
}

/// Cases, or reports, by what lists ask for.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Ids by number; of what came late that of the one before, so that they rise.
    ids: Vec<i64>,
    facts: Vec<Facts>,
    running: HashMap<Row, Running>,
    late: Rows,
    late_ids: HashMap<Row, i64>,
    late_rows: HashMap<i64, Row>,
    terms: HashMap<Term, Rows>,
    categories: Numbers<Id>,
    sources: Numbers<String>,
    processes: Numbers<String>,
    holders: Numbers<TreePath>,
    areas: Numbers<TreePath>,
    /// By the number of an area: its path, and the numbers of those above that have their things.
    area_lines: Vec<(TreePath, Box<[u32]>)>,
    /// By the number of an organisation: the numbers of those above and its own.
    holder_lines: Vec<Box<[u16]>>,
    /// The largest blocks of the map in which anything lies.
    blocks: Vec<Block>,
    /// What organisations have to do with, and what lies in zones: only those somebody has asked for.
    #[serde(skip)]
    ties: HashMap<Tied, Rows>,
}

/// To what a case is tied, beside what stands in itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Tied {
    /// An organisation, or one below it, has to do with it.
    Organisation(TreePath),
    /// It lies in a zone.
    Zone(Id),
}

impl Index {
    /// How many things there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    fn id_of(&self, row: Row) -> i64 {
        if !self.late.is_empty()
            && let Some(id) = self.late_ids.get(&row)
        {
            return *id;
        }
        self.ids.get(row as usize).copied().unwrap_or_default()
    }

    fn row_of(&self, id: Id) -> Option<Row> {
        // The late ones among equals stand behind the one they were noted with.
        let at = self.ids.partition_point(|each| *each < id.0);
        let row = Row::try_from(at).ok()?;
        if self.ids.get(at) == Some(&id.0) && !self.late.contains(row) {
            return Some(row);
        }
        self.late_rows.get(&id.0).copied()
    }

    /// Notes what is known of something, new or changed. `depth_of` says down to which level an area has its things.
    pub(crate) fn put(&mut self, entry: &Entry, depth_of: &DepthOf) -> Result<(), TooMany> {
        let facts = self.facts_of(entry, depth_of)?;
        let row = if let Some(row) = self.row_of(entry.id) {
            let before = self.facts.get(row as usize).copied().unwrap_or_default();
            if before != facts {
                self.change(row, &before, &facts);
            }
            row
        } else {
            self.add(entry.id.0, facts)?
        };
        match entry.running {
            Some(running) => self.running.insert(row, running),
            None => self.running.remove(&row),
        };
        Ok(())
    }

    fn add(&mut self, id: i64, facts: Facts) -> Result<Row, TooMany> {
        let row = Row::try_from(self.ids.len()).map_err(|_| TooMany)?;
        let last = self.ids.last().copied().unwrap_or(i64::MIN);
        if id > last {
            self.ids.push(id);
        } else {
            self.ids.push(last);
            self.late.insert(row);
            self.late_ids.insert(row, id);
            self.late_rows.insert(id, row);
        }
        self.facts.push(facts);
        for term in self.terms_of(&facts) {
            self.say(term, row);
        }
        Ok(row)
    }

    fn say(&mut self, term: Term, row: Row) {
        let rows = self.terms.entry(term).or_default();
        if let Term::Block(block) = term
            && rows.is_empty()
            && block.is_largest()
            && !self.blocks.contains(&block)
        {
            self.blocks.push(block);
        }
        rows.insert(row);
    }

    fn change(&mut self, row: Row, before: &Facts, after: &Facts) {
        let (then, now) = (self.terms_of(before), self.terms_of(after));
        for term in then.iter().filter(|term| !now.contains(term)) {
            if let Some(rows) = self.terms.get_mut(term) {
                rows.remove(row);
            }
        }
        for term in now.iter().filter(|term| !then.contains(term)) {
            self.say(*term, row);
        }
        if let Some(facts) = self.facts.get_mut(row as usize) {
            *facts = *after;
        }
    }

    fn facts_of(&mut self, entry: &Entry, depth_of: &DepthOf) -> Result<Facts, TooMany> {
        Ok(Facts {
            place: entry.point.map(Place::of),
            area: entry
                .area
                .as_ref()
                .map_or(0, |path| self.area(path, depth_of)),
            category: narrow(entry.category_id.map_or(0, |id| self.categories.of(&id)))?,
            source: narrow(self.sources.of(entry.source.as_str()))?,
            process: narrow(
                entry
                    .process
                    .as_deref()
                    .map_or(0, |code| self.processes.of(code)),
            )?,
            holder: match &entry.holder {
                None => 0,
                Some(path) => self.holder(path)?,
            },
            stage: entry.stage,
            level: entry.level,
            marks: entry.marks,
        })
    }

    fn area(&mut self, path: &TreePath, depth_of: &DepthOf) -> u32 {
        if let Some(number) = self.areas.known(path)
            && let Some((_, line)) = self.area_lines.get(number as usize)
            && !line.is_empty()
        {
            return number;
        }
        let depth = depth_of(path);
        let above = path.ancestors().filter(|each| each.depth() <= depth);
        let line = above.map(|each| self.areas.of(&each)).collect();
        let number = self.areas.of(path);
        let at = number as usize;
        let known = self.areas.len() + 1;
        if self.area_lines.len() < known {
            // Those above get their lines when something lies right in them.
            let nothing = (path.clone(), Box::default());
            self.area_lines.resize(known, nothing);
        }
        if let Some(place) = self.area_lines.get_mut(at) {
            *place = (path.clone(), line);
        }
        number
    }

    fn holder(&mut self, path: &TreePath) -> Result<u16, TooMany> {
        if let Some(number) = self.holders.known(path)
            && (self.holder_lines.get(number as usize)).is_some_and(|line| !line.is_empty())
        {
            return narrow(number);
        }
        let line = path.ancestors().map(|each| narrow(self.holders.of(&each)));
        let line = line.collect::<Result<Box<[u16]>, TooMany>>()?;
        let number = narrow(self.holders.of(path))?;
        let known = self.holders.len() + 1;
        if self.holder_lines.len() < known {
            self.holder_lines.resize(known, Box::default());
        }
        if let Some(place) = self.holder_lines.get_mut(usize::from(number)) {
            *place = line;
        }
        Ok(number)
    }

    fn terms_of(&self, facts: &Facts) -> Vec<Term> {
        let mut terms = Vec::with_capacity(16);
        terms.extend([Term::Stage(facts.stage), Term::Level(facts.level)]);
        let bits = (0..16).filter(|bit| facts.marks & (1 << bit) != 0);
        terms.extend(bits.map(Term::Mark));
        let some = |number: u16, term: fn(u16) -> Term| (number > 0).then(|| term(number));
        terms.extend(some(facts.category, Term::Category));
        terms.extend(some(facts.source, Term::Source));
        terms.extend(some(facts.process, Term::Process));
        if let Some(line) = self.holder_lines.get(usize::from(facts.holder)) {
            terms.extend(line.iter().copied().map(Term::Holder));
        }
        if let Some((_, line)) = self.area_lines.get(facts.area as usize) {
            terms.extend(line.iter().copied().map(Term::Area));
        }
        if let Some(place) = facts.place {
            terms.extend(place.blocks().map(Term::Block));
        }
        terms
    }

    /// Whether what is tied to this has been looked up.
    pub(crate) fn has_tied(&self, tied: &Tied) -> bool {
        self.ties.contains_key(tied)
    }

    /// Everything of which somebody has asked.
    pub(crate) fn tied(&self) -> impl Iterator<Item = &Tied> {
        self.ties.keys()
    }

    /// All that is tied to this.
    pub(crate) fn put_tied(&mut self, tied: Tied, ids: &[Id]) {
        let rows = self.rows_of(ids);
        self.ties.insert(tied, rows);
    }

    /// To what a case is tied now, of that which somebody has asked for.
    pub(crate) fn put_ties_of(&mut self, id: Id, is_tied: impl Fn(&Tied) -> bool) {
        let Some(row) = self.row_of(id) else { return };
        for (tied, rows) in &mut self.ties {
            if is_tied(tied) {
                rows.insert(row);
            } else {
                rows.remove(row);
            }
        }
    }

    /// Those of the things that are known.
    pub(crate) fn rows_of(&self, ids: &[Id]) -> Rows {
        ids.iter().filter_map(|id| self.row_of(*id)).collect()
    }

    /// Numbers all anew when many came late.
    pub(crate) fn tidy(&mut self) {
        let size = u64::try_from(self.ids.len()).unwrap_or(u64::MAX);
        if self.late.len() <= LATE_MAX.max(size / LATE_SHARE) {
            return;
        }
        let mut order: Vec<(i64, Row)> = (0..)
            .take(self.ids.len())
            .map(|row: Row| (self.id_of(row), row))
            .collect();
        order.sort_unstable();
        let mut new_of: Vec<Row> = vec![0; order.len()];
        for (new, (_, old)) in (0..).zip(&order) {
            if let Some(place) = new_of.get_mut(*old as usize) {
                *place = new;
            }
        }
        let moved = |row: Row| new_of.get(row as usize).copied().unwrap_or(row);
        let facts = order
            .iter()
            .filter_map(|(_, old)| self.facts.get(*old as usize).copied());
        self.facts = facts.collect();
        self.ids = order.into_iter().map(|(id, _)| id).collect();
        self.running = self
            .running
            .drain()
            .map(|(row, of)| (moved(row), of))
            .collect();
        for rows in self.terms.values_mut().chain(self.ties.values_mut()) {
            let mut moved: Vec<Row> = rows.iter().map(moved).collect();
            moved.sort_unstable();
            *rows = moved.into_iter().collect();
        }
        self.late.clear();
        self.late_ids.clear();
        self.late_rows.clear();
    }

    /// All that is found.
    pub(crate) fn rows(&self, find: &Find) -> Rows {
        self.found(find).into_owned()
    }

    fn found<'a>(&'a self, find: &'a Find) -> Cow<'a, Rows> {
        match find {
            Find::Word(word) => self.said(word),
            Find::Rows(rows) => Cow::Borrowed(rows),
            Find::Any(many) => {
                let mut all = Rows::new();
                for each in many {
                    all |= &*self.found(each);
                }
                Cow::Owned(all)
            }
            Find::Not(_) => {
                let mut all = self.all();
                self.without(&mut all, find);
                Cow::Owned(all)
            }
            Find::All(many) => {
                let is_not = |each: &&Find| matches!(each, Find::Not(_));
                let wanted = many.iter().filter(|each| !is_not(each));
                let mut wanted: Vec<Cow<'_, Rows>> = wanted.map(|each| self.found(each)).collect();
                // The fewest first: what is left is never more.
                wanted.sort_by_key(|rows| rows.len());
                let mut left = match wanted.as_slice() {
                    [] => self.all(),
                    [one] => one.clone().into_owned(),
                    [first, second, ..] => &**first & &**second,
                };
                for rows in wanted.iter().skip(2) {
                    left &= &**rows;
                }
                for each in many.iter().filter(is_not) {
                    self.without(&mut left, each);
                }
                Cow::Owned(left)
            }
        }
    }

    fn without(&self, left: &mut Rows, not: &Find) {
        if let Find::Not(unwanted) = not {
            *left -= &*self.found(unwanted);
        }
    }

    fn all(&self) -> Rows {
        let mut all = Rows::new();
        all.insert_range(0..Row::try_from(self.ids.len()).unwrap_or(Row::MAX));
        all
    }

    fn said(&self, word: &Word) -> Cow<'_, Rows> {
        let term = match word {
            Word::Stage(stage) => Some(Term::Stage(*stage)),
            Word::Level(level) => Some(Term::Level(*level)),
            Word::Mark(bit) => Some(Term::Mark(*bit)),
            Word::Category(id) => small(self.categories.known(id), Term::Category),
            Word::Source(code) => small(self.sources.known(code.as_str()), Term::Source),
            Word::Process(code) => small(self.processes.known(code.as_str()), Term::Process),
            Word::Holder(path) => small(self.holders.known(path), Term::Holder),
            Word::Area { whole, area } => return self.in_area(whole, area),
            Word::Within(within) => return Cow::Owned(self.within(*within)),
            Word::Tied(tied) => {
                let rows = self.ties.get(tied);
                return rows.map_or_else(|| Cow::Owned(Rows::new()), Cow::Borrowed);
            }
        };
        let rows = term.and_then(|term| self.terms.get(&term));
        rows.map_or_else(|| Cow::Owned(Rows::new()), Cow::Borrowed)
    }

    /// What lies in `area`, which lies in `whole`, an area that has its things.
    fn in_area(&self, whole: &TreePath, area: &TreePath) -> Cow<'_, Rows> {
        let number = self.areas.known(whole);
        let Some(rows) = number.and_then(|number| self.terms.get(&Term::Area(number))) else {
            return Cow::Owned(Rows::new());
        };
        if whole == area {
            return Cow::Borrowed(rows);
        }
        let lies_in = |row: &Row| {
            let facts = self.facts.get(*row as usize).copied().unwrap_or_default();
            let line = self.area_lines.get(facts.area as usize);
            line.is_some_and(|(path, _)| area.contains(path))
        };
        Cow::Owned(rows.iter().filter(lies_in).collect())
    }

    /// What lies in a box: whole blocks where they lie in it, one by one where its border crosses them.
    fn within(&self, within: MapBox) -> Rows {
        let spread = Spread::of(within, &self.blocks);
        let nothing = Rows::new();
        let rows_in = |block: &Block| self.terms.get(&Term::Block(*block)).unwrap_or(&nothing);
        let whole = spread
            .whole
            .iter()
            .map(|block| Cow::Borrowed(rows_in(block)));
        let holds = |row: &Row| {
            let facts = self.facts.get(*row as usize);
            facts
                .and_then(|facts| facts.place)
                .is_some_and(|place| spread.holds(place))
        };
        let crossed = spread.crossed.iter();
        let crossed =
            crossed.map(|block| Cow::Owned(rows_in(block).iter().filter(holds).collect()));
        let all: Vec<Cow<'_, Rows>> = whole.chain(crossed).collect();
        all.iter().map(|rows| &**rows).union()
    }

    /// Those of these that lie in a window.
    pub(crate) fn in_window(&self, mut rows: Rows, window: Window) -> Rows {
        let range = self.between(window);
        let late = &rows & &self.late;
        rows.remove_range(..range.start);
        rows.remove_range(range.end..);
        rows -= &self.late;
        rows.extend(late.iter().filter(|row| window.holds(self.id_of(*row))));
        rows
    }

    /// Where each of these lies, how urgent it is, and its clock.
    pub(crate) fn places<'a>(&'a self, rows: &'a Rows) -> impl Iterator<Item = Placed> + 'a {
        rows.iter().filter_map(|row| {
            let facts = self.facts.get(row as usize)?;
            Some(Placed {
                id: Id(self.id_of(row)),
                point: facts.place?.point(),
                level: facts.level,
                clock: self.running.get(&row).and_then(|running| running.clock),
            })
        })
    }

    /// The numbers between which ids of a window lie, but for those that came late.
    fn between(&self, window: Window) -> std::ops::Range<Row> {
        let at = |id: Id| {
            let at = self.ids.partition_point(|each| *each < id.0);
            Row::try_from(at).unwrap_or(Row::MAX)
        };
        let all = Row::try_from(self.ids.len()).unwrap_or(Row::MAX);
        let (from, below) = (window.from.map_or(0, at), window.below.map_or(all, at));
        from.min(below)..below
    }

    /// How many of these lie in a window, up to `limit`.
    pub(crate) fn count(&self, rows: &Rows, window: Window, limit: u64) -> u64 {
        let late = self.late_of(rows, window).len();
        let mut count = rows.range_cardinality(self.between(window));
        if !self.late.is_empty() {
            let range = self.between(window);
            count -= (rows & &self.late).range_cardinality(range);
        }
        (count + u64::try_from(late).unwrap_or(0)).min(limit)
    }

    /// The ids of those that came late.
    fn late_of(&self, rows: &Rows, window: Window) -> Vec<i64> {
        if self.late.is_empty() {
            return Vec::new();
        }
        let late = rows & &self.late;
        let ids = late.iter().map(|row| self.id_of(row));
        ids.filter(|id| window.holds(*id)).collect()
    }

    /// The ids of the newest of these in a window.
    pub(crate) fn newest(&self, rows: &Rows, window: Window, limit: usize) -> Vec<Id> {
        let range = self.between(window);
        let in_time = rows
            .range(range)
            .rev()
            .filter(|row| !self.late.contains(*row))
            .take(limit);
        let mut ids: Vec<i64> = in_time.map(|row| self.id_of(row)).collect();
        let late = self.late_of(rows, window);
        if !late.is_empty() {
            ids.extend(late);
            ids.sort_unstable_by(|a, b| b.cmp(a));
            ids.truncate(limit);
        }
        ids.into_iter().map(Id).collect()
    }

    /// The ids of the first of these in an order by something that runs, with their ids, so that `after` is where the last page ended.
    /// What `key` knows nothing of is left out.
    pub(crate) fn first(
        &self,
        rows: &Rows,
        window: Window,
        after: Option<(i64, i64)>,
        limit: usize,
        key: impl Fn(&Running, i64) -> Option<(i64, i64)>,
    ) -> Vec<Id> {
        let mut found: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for row in rows {
            let (id, Some(running)) = (self.id_of(row), self.running.get(&row)) else {
                continue;
            };
            let Some(key) = key(running, id).filter(|_| window.holds(id)) else {
                continue;
            };
            if after.is_some_and(|after| key <= after) {
                continue;
            }
            if found.len() < limit {
                found.insert(key, id);
            } else if found.last_key_value().is_some_and(|(last, _)| key < *last) {
                found.insert(key, id);
                found.pop_last();
            }
        }
        found.into_values().map(Id).collect()
    }

    /// Those of these whose clock fits.
    pub(crate) fn with_clock(
        &self,
        rows: &Rows,
        fits: impl Fn(Timestamp, Timestamp) -> bool,
    ) -> Rows {
        let running = |row: &Row| {
            let clock = self.running.get(row).and_then(|running| running.clock);
            clock.is_some_and(|(yellow_at, due_at)| fits(yellow_at, due_at))
        };
        // Few clocks run, whatever else is said.
        if rows.len() > u64::try_from(self.running.len()).unwrap_or(u64::MAX) {
            let with_clock = self.running.keys().copied().filter(running);
            return with_clock.filter(|row| rows.contains(*row)).collect();
        }
        rows.iter().filter(running).collect()
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
