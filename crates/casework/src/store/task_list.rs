//! The list of tasks, newest first or by what is due first. Keys first, then their rows: open tasks are few and looked
//! through; those that have ended come newest first out of an index, organisation by organisation where a few hold them, else out of all
//! that ended so. The parts are merged as they come, so that each is read no further than the page needs.

use super::list::{self, Bound, Composed, Composer, SealedTitle, sealed_title};
use super::{read, task_columns};
use crate::listing::{CaseSort, Cursor};
use crate::model::{CaseStage, Task, TaskKind, TaskState};
use ::store::{Statement, StoreError, Tx};
use access::Scope;
use base::path::TreePath;
use base::{Id, Timestamp};

/// The very words of the partial indexes.
const OPEN: &str = "t.state IN ('assigned', 'accepted')";
const ENDED: &str = "t.state NOT IN ('assigned', 'accepted')";

/// When the clock that runs runs out.
const DUE: &str = "CASE WHEN t.state = 'assigned' THEN COALESCE(t.response_due_at, t.handling_due_at) ELSE t.handling_due_at END";

/// Where more organisations than this hold what has ended (each kind and state by itself), they are not asked one by one: so many have
/// a large share of all tasks, so that the newest of all will do.
const HOLDERS_MAX: usize = 32;

/// In which order tasks are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskSort {
    /// The newest first.
    #[default]
    Newest,
    /// What is due first, first, by the clock that runs; only open tasks.
    Due,
}

impl TaskSort {
    /// The cursor on the wire.
    pub fn cursor_to_text(self, cursor: Cursor) -> String {
        cursor.to_text(self.of_cases())
    }

    /// The cursor from the wire.
    pub fn cursor_parse(self, text: &str) -> Option<Cursor> {
        Cursor::parse(text, self.of_cases())
    }

    const fn of_cases(self) -> CaseSort {
        match self {
            Self::Newest => CaseSort::Newest,
            Self::Due => CaseSort::Due,
        }
    }
}

/// What tasks are wanted.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// In this state.
    pub state: Option<TaskState>,
    /// Asking for this.
    pub kind: Option<TaskKind>,
    /// Held by this organisation or one below it.
    pub organisation_path: Option<TreePath>,
    /// Worked on by this person.
    pub assignee: Option<Id>,
    /// Open, and the clock that runs has run out by this time.
    pub overdue_at: Option<Timestamp>,
    /// In which order.
    pub sort: TaskSort,
    /// After this row.
    pub after: Option<Cursor>,
    /// At most so many rows.
    pub limit: i64,
}

impl TaskFilter {
    /// Whether only open tasks can be meant.
    fn is_open(&self) -> bool {
        self.overdue_at.is_some() || self.sort == TaskSort::Due
    }

    /// Whether tasks in this state can be among them.
    fn may_be(&self, state: TaskState) -> bool {
        self.state.is_none_or(|wanted| wanted == state) && (!self.is_open() || state.is_open())
    }

    /// Whether nothing is asked of tasks themselves.
    fn is_any(&self) -> bool {
        self.state.is_none() && self.kind.is_none() && !self.is_open()
    }
}

/// The subtrees whose tasks may be listed, none in another; `None` for all tasks. A scope reaches tasks by who holds them only.
fn roots(filter: &TaskFilter, scope: &Scope) -> Option<Vec<TreePath>> {
    let wanted = filter.organisation_path.as_ref();
    if scope.everything {
        return wanted.map(|path| vec![path.clone()]);
    }
    let mut found: Vec<TreePath> = Vec::new();
    for path in &scope.organisations {
        let both = match wanted {
            Some(wanted) if path.contains(wanted) => wanted,
            Some(wanted) if !wanted.contains(path) => continue,
            _ => path,
        };
        if !found.iter().any(|other| other.contains(both)) {
            found.retain(|other| !both.contains(other));
            found.push(both.clone());
        }
    }
    Some(found)
}

/// What one index answers, newest first or few, or in no order.
enum Part<'a> {
    /// All there are.
    All,
    /// Somebody's own, of a subtree.
    Mine(Id, Option<&'a TreePath>),
    /// Open ones of a subtree.
    Open(Option<&'a TreePath>),
    /// Ended so, of one organisation.
    Held(Ended, &'a TreePath),
    /// Ended so, of a subtree, in no order.
    Within(Ended, Option<&'a TreePath>),
    /// Ended so, of a subtree with a large share of all.
    Among(Ended, Option<&'a TreePath>),
}

/// What a task asked for, and how it ended.
type Ended = (TaskKind, TaskState);

/// In which ways tasks have ended that are wanted.
fn ended(filter: &TaskFilter) -> impl Iterator<Item = Ended> {
    let states = TaskState::ALL.iter().copied();
    let states = states.filter(|state| !state.is_open() && filter.may_be(*state));
    let kinds = TaskKind::ALL.iter().copied();
    let kinds = kinds.filter(|kind| filter.kind.is_none_or(|wanted| wanted == *kind));
    states.flat_map(move |state| kinds.clone().map(move |kind| (kind, state)))
}

/// By whom tasks that have ended are held: so, of these.
type Holders = Vec<(Ended, TreePath)>;

/// Who holds what has ended; none when more than [`HOLDERS_MAX`] do. One step into the index for each.
fn holders(
    tx: &mut Tx<'_>,
    filter: &TaskFilter,
    roots: &[TreePath],
) -> Result<Option<Holders>, StoreError> {
    let ended: Vec<Ended> = ended(filter).collect();
    let Some(list) = compose_holders(&ended, roots) else {
        return Ok(Some(Holders::new()));
    };
    let found: Vec<(i64, TreePath)> = tx.query(&list.statement, &list.params(), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    if found.len() > HOLDERS_MAX {
        return Ok(None);
    }
    let of = |(n, path): (i64, TreePath)| Some((*ended.get(usize::try_from(n).ok()?)?, path));
    Ok(Some(found.into_iter().filter_map(of).collect()))
}

/// The organisations of subtrees that hold tasks that have ended in each of these ways, one more than [`HOLDERS_MAX`] at the most.
fn compose_holders(ended: &[Ended], roots: &[TreePath]) -> Option<Composed> {
    let mut composer = Composer::default();
    let mut texts = Vec::new();
    for (n, (kind, state)) in ended.iter().enumerate() {
        for root in roots {
            let mut place = |text: &str| composer.place(Bound::Text(text.to_owned()));
            let (from, end) = root.range();
            let (kind, state) = (place(kind.as_str()), place(state.as_str()));
            let (from, end) = (place(&from), place(&end));
            let next = |after: &str| {
                format!(
                    "SELECT MIN(t.organisation_path) FROM task t WHERE {ENDED} AND t.kind = {kind} AND t.state = {state} \
                     AND t.organisation_path {after} AND t.organisation_path < {end}"
                )
            };
            let parts = texts.len();
            texts.push(format!(
                "SELECT * FROM (WITH RECURSIVE holder (path) AS ({} UNION ALL SELECT ({}) FROM holder WHERE path IS NOT NULL) \
                 SELECT CAST({n} AS BIGINT) AS way, path FROM holder WHERE path IS NOT NULL LIMIT {}) h{parts}",
                next(&format!(">= {from}")),
                next("> holder.path"),
                HOLDERS_MAX + 1
            ));
        }
    }
    (!texts.is_empty()).then(|| Composed {
        statement: Statement::composed(texts.join(" UNION ALL ")),
        values: composer.values,
    })
}

/// The parts of a list whose tasks that have ended are held by these, where they are few.
fn listed<'a>(
    filter: &TaskFilter,
    roots: &[Option<&'a TreePath>],
    holders: Option<&'a Holders>,
) -> Vec<Part<'a>> {
    if let Some(staff_id) = filter.assignee {
        let roots = roots.iter().copied();
        return roots.map(|root| Part::Mine(staff_id, root)).collect();
    }
    if filter.is_any() && roots.contains(&None) {
        return vec![Part::All];
    }
    let mut parts = open(filter, roots);
    match holders {
        Some(holders) => {
            let held = holders.iter().map(|(ended, path)| Part::Held(*ended, path));
            parts.extend(held);
        }
        None => parts.extend(ended_within(filter, roots, Part::Among)),
    }
    parts
}

/// The parts of a count, where order does not matter.
fn counted<'a>(filter: &TaskFilter, roots: &[Option<&'a TreePath>]) -> Vec<Part<'a>> {
    if filter.assignee.is_some() {
        return listed(filter, roots, None);
    }
    let mut parts = open(filter, roots);
    parts.extend(ended_within(filter, roots, Part::Within));
    parts
}

fn ended_within<'a>(
    filter: &TaskFilter,
    roots: &[Option<&'a TreePath>],
    part: fn(Ended, Option<&'a TreePath>) -> Part<'a>,
) -> Vec<Part<'a>> {
    ended(filter)
        .flat_map(|ended| roots.iter().map(move |root| part(ended, *root)))
        .collect()
}

fn open<'a>(filter: &TaskFilter, roots: &[Option<&'a TreePath>]) -> Vec<Part<'a>> {
    let states = TaskState::ALL.iter();
    let is_open = states
        .filter(|state| state.is_open())
        .any(|state| filter.may_be(*state));
    let wanted = if is_open { roots } else { &[] };
    wanted.iter().map(|root| Part::Open(*root)).collect()
}

/// The ids of a part, in no order said, with what else the order of the list is by.
fn keys(composer: &mut Composer, filter: &TaskFilter, part: &Part<'_>) -> String {
    composer.conditions.clear();
    let mut condition = |text: &str| composer.conditions.push(text.to_owned());
    let (mut kind, mut state, mut within) = (filter.kind, filter.state, None);
    let mut path_column = "t.organisation_path";
    match part {
        Part::All => {}
        Part::Mine(_, root) => {
            condition("t.assignee IS NOT NULL");
            within = *root;
        }
        Part::Open(root) => {
            condition(OPEN);
            within = *root;
        }
        Part::Held(ended, _) => {
            condition(ENDED);
            (kind, state) = (Some(ended.0), Some(ended.1));
        }
        Part::Within(ended, root) => {
            condition(ENDED);
            (kind, state, within) = (Some(ended.0), Some(ended.1), *root);
        }
        Part::Among(ended, root) => {
            condition(ENDED);
            (kind, state, within) = (Some(ended.0), Some(ended.1), *root);
            // So written that the index of holders, which is in no order of time, does not serve it.
            path_column = "COALESCE(t.organisation_path, '')";
        }
    }
    match part {
        Part::Mine(staff_id, _) => composer.equals("t.assignee", Bound::Int(staff_id.0)),
        Part::Held(_, holder) => composer.text("t.organisation_path", holder.as_str()),
        _ => {}
    }
    if let Some(kind) = kind {
        composer.text("t.kind", kind.as_str());
    }
    if let Some(state) = state {
        composer.text("t.state", state.as_str());
    }
    if let Some(root) = within {
        composer.within(path_column, root);
    }
    if filter.is_open() && matches!(part, Part::Mine(..)) {
        composer.conditions.push(OPEN.to_owned());
    }
    if let Some(at) = filter.overdue_at {
        let at = composer.place(Bound::Int(at.0));
        composer.conditions.push(format!(
            "(t.handling_due_at < {at} OR (t.state = 'assigned' AND t.response_due_at < {at}))"
        ));
    }
    // Few are found and sorted: the planner shall not walk through all tasks instead, newest first.
    let key = match part {
        Part::Open(_) => "t.id + 0",
        _ => "t.id",
    };
    let columns = match filter.sort {
        TaskSort::Newest => format!("{key} AS id"),
        TaskSort::Due => format!("{key} AS id, {DUE} AS due"),
    };
    if let Some(after) = filter.after {
        let id = composer.place(Bound::Int(after.id.0));
        let condition = match filter.sort {
            TaskSort::Newest => format!("{key} < {id}"),
            TaskSort::Due => {
                let due = composer.place(Bound::Int(after.at.0));
                format!("{DUE} >= {due} AND ({DUE} > {due} OR t.id > {id})")
            }
        };
        composer.conditions.push(condition);
    }
    format!(
        "SELECT {columns} FROM task t WHERE {}",
        composer.condition()
    )
}

/// The ids of all parts, of each at most so many; nothing is in two.
fn all_keys(
    composer: &mut Composer,
    filter: &TaskFilter,
    parts: &[Part<'_>],
    part_limit: Option<i64>,
) -> String {
    let mut texts = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let keys = keys(composer, filter, part);
        texts.push(match part_limit {
            None => keys,
            Some(limit) => {
                let limit = composer.place(Bound::Int(limit));
                format!("SELECT b{n}.id FROM ({keys} LIMIT {limit}) b{n}")
            }
        });
    }
    if texts.is_empty() {
        return format!("SELECT t.id AS id, {DUE} AS due FROM task t WHERE FALSE");
    }
    texts.join(" UNION ALL ")
}

fn compose_count(filter: &TaskFilter, parts: &[Part<'_>]) -> Composed {
    let mut composer = Composer::default();
    let keys = all_keys(&mut composer, filter, parts, Some(filter.limit));
    let limit = composer.place(Bound::Int(filter.limit));
    Composed {
        statement: Statement::composed(format!(
            "SELECT COUNT(*) FROM (SELECT k.id FROM ({keys}) k LIMIT {limit}) n"
        )),
        values: composer.values,
    }
}

/// The ids of a page, in order.
fn page_keys(composer: &mut Composer, filter: &TaskFilter, parts: &[Part<'_>]) -> String {
    let keys = all_keys(composer, filter, parts, None);
    let limit = composer.place(Bound::Int(filter.limit));
    let order = match filter.sort {
        TaskSort::Newest => "id DESC",
        TaskSort::Due => "due, id",
    };
    format!("{keys} ORDER BY {order} LIMIT {limit}")
}

fn compose(filter: &TaskFilter, parts: &[Part<'_>]) -> Composed {
    let mut composer = Composer::default();
    let keys = page_keys(&mut composer, filter, parts);
    let order = match filter.sort {
        TaskSort::Newest => "t.id DESC".to_owned(),
        TaskSort::Due => format!("{DUE}, t.id"),
    };
    // CROSS JOIN: the keys come first, whatever a planner believes.
    let text = format!(
        "{} FROM ({keys}) k CROSS JOIN task t
         LEFT JOIN case_file c ON c.id = t.case_id LEFT JOIN case_words w ON w.case_id = c.id
         LEFT JOIN report p ON p.id = COALESCE(c.first_report_id, t.report_id)
         WHERE t.id = k.id ORDER BY {order}",
        concat!(
            "SELECT ",
            task_columns!(),
            ", c.case_no, c.stage, COALESCE(c.area_path, p.area_path), w.title_sealed,
             COALESCE(c.first_report_id, t.report_id), p.title_sealed, t.report_id, p.report_no"
        ),
    );
    Composed {
        statement: Statement::composed(text),
        values: composer.values,
    }
}

/// The subtrees as parts ask for them: all tasks are one.
fn asked(roots: Option<&Vec<TreePath>>) -> Vec<Option<&TreePath>> {
    roots.map_or_else(|| vec![None], |roots| roots.iter().map(Some).collect())
}

/// How many tasks there are within the scope, up to the filter's limit.
pub fn count(tx: &mut Tx<'_>, filter: &TaskFilter, scope: &Scope) -> Result<i64, StoreError> {
    let roots = roots(filter, scope);
    let parts = counted(filter, &asked(roots.as_ref()));
    list::count(tx, &compose_count(filter, &parts))
}

/// A task as listed.
#[derive(Clone, Debug)]
pub struct TaskRow {
    /// The task.
    pub task: Task,
    /// Its case, with its number and stage; none when it is to call a reporter back.
    pub case: Option<(Id, String, CaseStage)>,
    /// The report whose reporter it is to call back, with its number.
    pub report: Option<(Id, String)>,
    /// The sealed title of its case or report.
    pub title: Option<SealedTitle>,
    /// The area of its case or report.
    pub area_path: Option<TreePath>,
}

/// The tasks within the scope, newest first.
pub fn tasks(
    tx: &mut Tx<'_>,
    filter: &TaskFilter,
    scope: &Scope,
) -> Result<Vec<TaskRow>, StoreError> {
    let roots = roots(filter, scope);
    let held = match &roots {
        Some(roots) if filter.assignee.is_none() => holders(tx, filter, roots)?,
        _ => None,
    };
    let parts = listed(filter, &asked(roots.as_ref()), held.as_ref());
    let list = compose(filter, &parts);
    tx.query(&list.statement, &list.params(), |row| {
        let (case_id, task) = read::task(row)?;
        let (case_no, case_stage): (Option<String>, Option<String>) = (row.get(24)?, row.get(25)?);
        let case_stage = case_stage.as_deref().and_then(CaseStage::parse);
        let (report_id, report_no): (Option<Id>, Option<String>) = (row.get(30)?, row.get(31)?);
        Ok(TaskRow {
            task,
            case: case_id
                .zip(case_no)
                .zip(case_stage)
                .map(|((id, no), stage)| (id, no, stage)),
            report: report_id.zip(report_no),
            area_path: row.get(26)?,
            title: sealed_title(row, 27)?,
        })
    })
}

#[cfg(test)]
#[path = "task_list_tests.rs"]
mod tests;
