//! Classes of appeals in three levels of names. Codes are given by us: numbers in the order of first appearance, two digits for
//! the first two levels and three for the last; a class that is there keeps its code for ever.

use super::standard::Planner;
use super::{Plan, StandardImport};
use crate::Rulebook;
use crate::failure::RegistryError;
use crate::model::{Category, CategoryKind};
use base::Id;
use std::collections::HashMap;
use table::{Report, Row, RowError, Table};

const LEVELS: [&[&str]; 3] = [
    &["level1", "一级分类", "一级标签", "一级"],
    &["level2", "二级分类", "二级标签", "二级"],
    &["level3", "三级分类", "三级标签", "三级"],
];
/// Digits a level adds to the code.
const WIDTHS: [usize; 3] = [2, 2, 3];

/// Which taxonomy a table is. The same as a standard's; its bare units mean nothing.
pub type TaxonomyImport = StandardImport;

/// The codes there are, by the parent's code and the name.
struct Codes {
    by_name: HashMap<(String, String), String>,
    /// The last number given under each code.
    numbers: HashMap<String, u32>,
}

impl Codes {
    fn of<'a>(present: impl Iterator<Item = &'a Category>) -> Self {
        let mut codes = Self {
            by_name: HashMap::new(),
            numbers: HashMap::new(),
        };
        for category in present {
            let Some(level) = usize::from(category.level).checked_sub(1) else {
                continue;
            };
            let width = WIDTHS.get(level).copied().unwrap_or_default();
            let (parent, own) = category
                .code
                .split_at_checked(category.code.len().saturating_sub(width))
                .unwrap_or_default();
            let number = own.parse().unwrap_or(0);
            let last = codes.numbers.entry(parent.to_owned()).or_insert(0);
            *last = (*last).max(number);
            codes.by_name.insert(
                (parent.to_owned(), category.name.clone()),
                category.code.clone(),
            );
        }
        codes
    }

    /// The code of a class of this name under `parent`: the one it has, or the next.
    fn of_class(&mut self, parent: &str, name: &str, width: usize) -> Result<String, String> {
        let key = (parent.to_owned(), name.to_owned());
        if let Some(code) = self.by_name.get(&key) {
            return Ok(code.clone());
        }
        let last = self.numbers.get(parent).copied().unwrap_or(0);
        let code = format!("{parent}{:0width$}", last + 1);
        if code.len() > parent.len() + width {
            return Err(format!(
                "there are {last} classes at this place; more have no code"
            ));
        }
        self.numbers.insert(parent.to_owned(), last + 1);
        self.by_name.insert(key, code.clone());
        Ok(code)
    }
}

/// Plans an import.
pub(crate) fn plan(
    rules: &Rulebook,
    table: &Table,
    options: &TaxonomyImport,
    next_id: &mut dyn FnMut() -> Id,
) -> Result<Plan, RegistryError> {
    table.require(&LEVELS)?;
    let mut planner = Planner::open(rules, options, next_id)?;
    let present = rules
        .categories(planner.standard_id)
        .iter()
        .map(|category| &**category);
    let mut codes = Codes::of(present.filter(|category| category.kind == CategoryKind::Appeal));
    let mut seen: HashMap<[String; 3], u64> = HashMap::new();
    let mut report = Report {
        read: table.len() as u64,
        ..Report::default()
    };
    for row in table.rows() {
        let taken = row.and_then(|row| {
            let names = names(&row)?;
            let key = names.map(str::to_owned);
            if let Some(first) = seen.get(&key) {
                return Err(row.error_overall(format!("this class is in row {first} already")));
            }
            seen.insert(key, row.number());
            take(&mut planner, &mut codes, &row, names)
        });
        match taken {
            Ok(true) => report.stored += 1,
            Ok(false) => report.unchanged += 1,
            Err(error) => report.reject(error),
        }
    }
    Ok(Plan {
        changes: planner.changes,
        report,
    })
}

fn names<'a>(row: &Row<'a>) -> Result<[&'a str; 3], RowError> {
    let [first, second, third] = LEVELS;
    let read = |columns: &[&str]| {
        let name = row.required(columns)?;
        match crate::model::name(name) {
            Ok(_) => Ok(name),
            Err(fault) => Err(row.error_in(columns, &fault.to_string())),
        }
    };
    Ok([read(first)?, read(second)?, read(third)?])
}

/// Plans the three classes of a row. Says whether any is news.
fn take(
    planner: &mut Planner<'_>,
    codes: &mut Codes,
    row: &Row<'_>,
    names: [&str; 3],
) -> Result<bool, RowError> {
    // Codes first, so that nothing is planned of a row that cannot have all three.
    let mut path: Vec<String> = Vec::new();
    for ((name, width), columns) in names.iter().zip(WIDTHS).zip(LEVELS) {
        let parent = path.last().map_or("", String::as_str);
        let code = codes
            .of_class(parent, name, width)
            .map_err(|reason| row.error_in(columns, &reason))?;
        path.push(code);
    }
    let (mut above, mut is_news) = (None, false);
    for ((name, code), level) in names.iter().zip(&path).zip(1_u8..) {
        let (id, made) = planner.category(CategoryKind::Appeal, code, name, above);
        above = Some((id, level));
        is_news |= made;
    }
    Ok(is_news)
}
