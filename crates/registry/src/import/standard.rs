//! A standard from a table: a catalogue of classes and categories, with rule rows where the table has filing conditions.

use super::{Change, Plan};
use crate::Rulebook;
use crate::failure::RegistryError;
use crate::model::{Category, CategoryKind, RuleRow, RuleText, Standard, StandardKey};
use base::Id;
use calendar::{BareUnits, Limit};
use jiff::civil::Date;
use std::collections::HashMap;
use table::{Report, Row, RowError, Table};

const KIND: &[&str] = &["kind", "类型", "类别"];
const CLASS_CODE: &[&str] = &["big_code", "class_code", "大类代码", "大类编码"];
const CLASS_NAME: &[&str] = &["big_name", "class_name", "大类名称", "大类"];
/// The category's digits within its class.
const SHORT_CODE: &[&str] = &["small_code", "小类代码", "小类编码"];
/// The category's whole code, its class's digits first.
const FULL_CODE: &[&str] = &["code5", "code", "代码", "编码"];
const NAME: &[&str] = &["small_name", "name", "小类名称", "小类", "名称"];
const FILING_CONDITION: &[&str] = &["filing_condition", "立案条件"];
const CLOSING_CONDITION: &[&str] = &["closing_condition", "结案条件"];
const LIMIT: &[&str] = &["time_limit", "处置时限", "时限"];
const RESPONSIBLE: &[&str] = &["responsible_units", "责任主体", "处置单位", "责任单位"];
const SUPERVISING: &[&str] = &["supervising_units", "监管主体", "主管部门"];
const LEGAL_BASIS: &[&str] = &["legal_basis", "法律依据"];
const LEGAL_CLAUSE: &[&str] = &["legal_clause", "法律条款"];
const COLLECTION_RULE: &[&str] = &["collection_rule", "采集要求"];

/// Which standard a table is, and how it is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct StandardImport {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// Code and edition. A standard that is not there is made.
    pub key: StandardKey,
    /// Title.
    pub name: String,
    /// First day in force, when known.
    pub effective_from: Option<Date>,
    /// Last day in force.
    pub effective_to: Option<Date>,
    /// What `小时` and `天` mean. Cannot be changed for a standard that is there.
    pub bare_units: BareUnits,
}

/// A row that can be read.
struct Draft<'a> {
    row: Row<'a>,
    kind: CategoryKind,
    class_code: String,
    class_name: &'a str,
    code: String,
    name: &'a str,
    rule: Option<(RuleText, Limit)>,
}

/// What will be there, and what of it the file has spoken of.
pub(super) struct Planner<'a> {
    rules: &'a Rulebook,
    pub(super) standard_id: Id,
    planned: HashMap<(CategoryKind, String), Category>,
    next_id: &'a mut dyn FnMut() -> Id,
    pub(super) changes: Vec<Change>,
}

/// Plans an import.
pub(crate) fn plan(
    rules: &Rulebook,
    table: &Table,
    options: &StandardImport,
    next_id: &mut dyn FnMut() -> Id,
) -> Result<Plan, RegistryError> {
    table.require(&[KIND, CLASS_CODE, CLASS_NAME, NAME])?;
    let has_rules = table.has_any(FILING_CONDITION);
    if has_rules {
        table.require(&[LIMIT, CLOSING_CONDITION])?;
    }
    if !table.has_any(SHORT_CODE) {
        table.require(&[FULL_CODE])?;
    }
    let mut planner = Planner::open(rules, options, next_id)?;
    let mut report = Report {
        read: table.len() as u64,
        ..Report::default()
    };
    let mut file = FileNames::default();
    for row in table.rows() {
        let draft = row
            .and_then(|row| draft(row, has_rules, options.bare_units))
            .and_then(|draft| file.check(&draft).map(|remark| (draft, remark)));
        match draft {
            Ok((draft, remark)) => {
                if let Some(remark) = remark {
                    report.remark(remark);
                }
                if planner.take(&draft, &file) {
                    report.stored += 1;
                } else {
                    report.unchanged += 1;
                }
            }
            Err(error) => report.reject(error),
        }
    }
    Ok(Plan {
        changes: planner.changes,
        report,
    })
}

fn draft(row: Row<'_>, has_rules: bool, bare: BareUnits) -> Result<Draft<'_>, RowError> {
    let kind_text = row.required(KIND)?;
    let kind = CategoryKind::from_text(kind_text)
        .ok_or_else(|| row.error_in(KIND, &format!("`{kind_text}` is no kind of category")))?;
    let class_code = digits(&row, CLASS_CODE, 2..=2)?;
    let code = if row.any(SHORT_CODE).is_some() {
        format!("{class_code}{}", digits(&row, SHORT_CODE, 2..=3)?)
    } else {
        let code = digits(&row, FULL_CODE, 4..=5)?;
        if !code.starts_with(&class_code) {
            let reason =
                format!("`{code}` does not begin with the code of its class, `{class_code}`");
            return Err(row.error_in(FULL_CODE, &reason));
        }
        code
    };
    Ok(Draft {
        kind,
        class_code,
        class_name: named(&row, CLASS_NAME)?,
        code,
        name: named(&row, NAME)?,
        rule: if has_rules {
            Some(rule(&row, bare)?)
        } else {
            None
        },
        row,
    })
}

/// A code of digits; a spreadsheet that dropped leading zeros is found out.
fn digits(
    row: &Row<'_>,
    columns: &[&str],
    length: std::ops::RangeInclusive<usize>,
) -> Result<String, RowError> {
    let text = row.required(columns)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(row.error_in(columns, &format!("`{text}` is not made of digits")));
    }
    if !length.contains(&text.len()) {
        let wanted = if length.start() == length.end() {
            length.start().to_string()
        } else {
            format!("{} or {}", length.start(), length.end())
        };
        return Err(row.error_in(
            columns,
            &format!("`{text}` has not {wanted} digits; was a leading zero lost?"),
        ));
    }
    Ok(text.to_owned())
}

fn named<'a>(row: &Row<'a>, columns: &[&str]) -> Result<&'a str, RowError> {
    let text = row.required(columns)?;
    crate::model::name(text).map_err(|fault| row.error_in(columns, &fault.to_string()))?;
    Ok(text)
}

fn rule(row: &Row<'_>, bare: BareUnits) -> Result<(RuleText, Limit), RowError> {
    let own = |columns: &[&str]| row.any(columns).map(str::to_owned);
    let text = RuleText {
        filing_condition: row.required(FILING_CONDITION)?.to_owned(),
        limit_text: row.required(LIMIT)?.to_owned(),
        closing_condition: row.required(CLOSING_CONDITION)?.to_owned(),
        responsible_units: own(RESPONSIBLE),
        supervising_units: own(SUPERVISING),
        legal_basis: own(LEGAL_BASIS),
        legal_clause: own(LEGAL_CLAUSE),
        collection_rule: own(COLLECTION_RULE),
    };
    text.check()
        .map_err(|(column, fault)| row.error(column, fault.to_string()))?;
    let limit = Limit::parse(&text.limit_text, &bare).map_err(|fault| {
        row.error_in(
            LIMIT,
            &format!("`{}` is no time limit: {fault}", text.limit_text),
        )
    })?;
    Ok((text, limit))
}

/// What the file itself has said so far, so that it does not contradict itself.
#[derive(Default)]
struct FileNames {
    classes: HashMap<(CategoryKind, String), (String, u64)>,
    categories: HashMap<(CategoryKind, String), (String, u64)>,
    /// Filing conditions (empty for a catalogue) by category.
    rows: HashMap<(CategoryKind, String, String), u64>,
}

impl FileNames {
    /// Refuses a second row of the same key and a category with two names. A class with two names is only remarked upon: real
    /// standards have them, and the first one is taken.
    fn check(&mut self, draft: &Draft<'_>) -> Result<Option<RowError>, RowError> {
        let (row, kind) = (&draft.row, draft.kind);
        let number = row.number();
        let (name, first) = self
            .categories
            .entry((kind, draft.code.clone()))
            .or_insert_with(|| (draft.name.to_owned(), number));
        if name != draft.name {
            let reason = format!(
                "`{}` is called `{name}` in row {first}, not `{}`",
                draft.code, draft.name
            );
            return Err(row.error_in(NAME, &reason));
        }
        let condition = draft
            .rule
            .as_ref()
            .map_or("", |(text, _)| text.filing_condition.as_str());
        match self
            .rows
            .entry((kind, draft.code.clone(), condition.to_owned()))
        {
            std::collections::hash_map::Entry::Occupied(first) => {
                let (columns, what) = if draft.rule.is_some() {
                    (FILING_CONDITION, "this filing condition")
                } else {
                    (FULL_CODE, "this category")
                };
                return Err(row.error_in(
                    columns,
                    &format!(
                        "{what} of `{}` is in row {} already",
                        draft.code,
                        first.get()
                    ),
                ));
            }
            std::collections::hash_map::Entry::Vacant(place) => place.insert(number),
        };
        let (name, first) = self
            .classes
            .entry((kind, draft.class_code.clone()))
            .or_insert_with(|| (draft.class_name.to_owned(), number));
        Ok((name != draft.class_name).then(|| {
            let reason = format!(
                "class `{}` is called `{name}` in row {first} and `{}` here; the first is kept",
                draft.class_code, draft.class_name
            );
            row.error_in(CLASS_NAME, &reason)
        }))
    }

    /// The name of a class, as the file first gave it.
    fn class_name<'b>(&'b self, draft: &'b Draft<'_>) -> &'b str {
        self.classes
            .get(&(draft.kind, draft.class_code.clone()))
            .map_or(draft.class_name, |(name, _)| name)
    }
}

impl<'a> Planner<'a> {
    /// Plans the standard itself: made, changed in title or dates, or left as it is.
    pub(super) fn open(
        rules: &'a Rulebook,
        options: &StandardImport,
        next_id: &'a mut dyn FnMut() -> Id,
    ) -> Result<Self, RegistryError> {
        let mut changes = Vec::new();
        let mut wanted = Standard {
            id: Id(0),
            key: options.key.clone(),
            name: options.name.clone(),
            effective_from: options.effective_from,
            effective_to: options.effective_to,
            bare_units: options.bare_units,
            row_version: 1,
        };
        wanted
            .check()
            .map_err(|(field, reason)| RegistryError::invalid(field, "malformed", reason))?;
        match rules.standard_by_key(&options.key) {
            None => {
                wanted.id = next_id();
                changes.push(Change::StandardAdd(wanted.clone()));
            }
            Some(present) if present.bare_units != options.bare_units => {
                return Err(RegistryError::invalid(
                    "bare_units",
                    "not_changeable",
                    format!(
                        "the limits of {} were read with another meaning of 小时 and 天; import them as a new version",
                        options.key
                    ),
                ));
            }
            Some(present) => {
                (wanted.id, wanted.row_version) = (present.id, present.row_version);
                if wanted != **present {
                    wanted.row_version += 1;
                    changes.push(Change::StandardSet(wanted.clone()));
                }
            }
        }
        Ok(Self {
            rules,
            standard_id: wanted.id,
            planned: HashMap::new(),
            next_id,
            changes,
        })
    }

    /// A category as it will be.
    fn find(&self, kind: CategoryKind, code: &str) -> Option<Category> {
        match self.planned.get(&(kind, code.to_owned())) {
            Some(category) => Some(category.clone()),
            None => self
                .rules
                .category_by_code(self.standard_id, kind, code)
                .map(|category| (**category).clone()),
        }
    }

    /// Plans that a category is there under this name. Gives its id, and whether that is news.
    pub(super) fn category(
        &mut self,
        kind: CategoryKind,
        code: &str,
        name: &str,
        parent: Option<(Id, u8)>,
    ) -> (Id, bool) {
        let category = match self.find(kind, code) {
            Some(present) if present.name == name => return (present.id, false),
            Some(mut present) => {
                name.clone_into(&mut present.name);
                present.version += 1;
                self.changes.push(Change::CategorySet(present.clone()));
                present
            }
            None => {
                let category = Category {
                    id: (self.next_id)(),
                    standard_id: self.standard_id,
                    kind,
                    code: code.to_owned(),
                    name: name.to_owned(),
                    parent_id: parent.map(|(id, _)| id),
                    level: parent.map_or(1, |(_, level)| level + 1),
                    version: 1,
                };
                self.changes.push(Change::CategoryAdd(category.clone()));
                category
            }
        };
        let id = category.id;
        self.planned.insert((kind, code.to_owned()), category);
        (id, true)
    }

    /// Plans a row. Says whether it changes anything.
    fn take(&mut self, draft: &Draft<'_>, file: &FileNames) -> bool {
        let (class, class_is_news) =
            self.category(draft.kind, &draft.class_code, file.class_name(draft), None);
        let (category, category_is_news) =
            self.category(draft.kind, &draft.code, draft.name, Some((class, 1)));
        let rule_is_news = match &draft.rule {
            Some((text, limit)) => self.rule(category, text, limit),
            None => false,
        };
        class_is_news || category_is_news || rule_is_news
    }

    /// Plans that a rule holds for a category. Says whether that is news.
    fn rule(&mut self, category_id: Id, text: &RuleText, limit: &Limit) -> bool {
        let holding = self
            .rules
            .rule_rows_of(category_id)
            .iter()
            .find(|rule| rule.text.filing_condition == text.filing_condition);
        if holding.is_some_and(|rule| rule.text == *text && rule.limit == *limit) {
            return false;
        }
        let rule = RuleRow {
            id: (self.next_id)(),
            category_id,
            text: text.clone(),
            limit: limit.clone(),
            version: holding.map_or(1, |rule| rule.version + 1),
            superseded_at: None,
        };
        self.changes.push(match holding {
            Some(old) => Change::RuleRowReplace(old.id, rule),
            None => Change::RuleRowAdd(rule),
        });
        true
    }
}
