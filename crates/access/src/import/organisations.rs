//! Organisations from a table: code, name, kind, and the code of the one above, in any order.

use super::{Column, ImportError, ImportOptions, column, in_words, refused, require};
use crate::{Access, AccessError, Organisation, OrganisationKind, OrganisationNew, Principal};
use base::{CreditCode, Id};
use std::collections::HashMap;
use table::{Report, Row, RowError, Table};

const CODE: Column = column(&["code", "机构编码", "编码"], true, "LHSR");
const NAME: Column = column(&["name", "机构名称", "名称"], true, "区绿化市容局");
const KIND: Column = column(&["kind", "机构类型", "类型"], true, "部门");
const PARENT: Column = column(&["parent_code", "上级编码", "上级机构编码"], false, "CYZX");
const AREA: Column = column(&["area_code", "区划代码", "所在区划代码"], false, "310118");
const CREDIT: Column = column(&["credit_code", "统一社会信用代码"], false, "");

/// The columns of the table.
pub const ORGANISATION_COLUMNS: &[Column] = &[CODE, NAME, KIND, PARENT, AREA, CREDIT];

/// The kinds as cities write them.
const KINDS: &[(&str, OrganisationKind)] = &[
    ("城运中心", OrganisationKind::Centre),
    ("部门", OrganisationKind::Department),
    ("街镇", OrganisationKind::Street),
    ("联勤联动工作站", OrganisationKind::Station),
    ("工作站", OrganisationKind::Station),
    ("村居", OrganisationKind::Village),
    ("企业", OrganisationKind::Company),
];

/// A kind as cities write it.
pub(crate) fn kind_title(kind: OrganisationKind) -> &'static str {
    let title = KINDS.iter().find(|(_, known)| *known == kind);
    title.map_or(kind.as_str(), |(title, _)| title)
}

/// A row understood.
struct Meant<'a> {
    row: Row<'a>,
    new: OrganisationNew,
    parent_code: Option<&'a str>,
}

/// How far the line above a row has been followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    New,
    Followed,
    Ordered,
    Refused,
}

impl Access {
    /// Enters the organisations of a table, those above before those below.
    pub async fn organisation_import(
        &self,
        caller: &Principal,
        table: &Table,
        options: &ImportOptions<'_>,
    ) -> Result<Report, ImportError> {
        require(table, ORGANISATION_COLUMNS)?;
        caller
            .acting_anywhere("organisation_create")
            .map_err(AccessError::from)?;
        let mut report = Report {
            read: table.len() as u64,
            ..Report::default()
        };
        let mut meant: Vec<Meant<'_>> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for row in table.rows() {
            match row.and_then(|row| understood(row, options)) {
                Err(error) => report.reject(error),
                Ok(one) => {
                    let code = one.row.required(CODE.names).unwrap_or_default();
                    if let Some(first) = places.get(code).and_then(|at| meant.get(*at)) {
                        let reason =
                            format!("`{code}` stands in row {} already", first.row.number());
                        report.reject(one.row.error_in(CODE.names, &reason));
                        continue;
                    }
                    places.insert(code, meant.len());
                    meant.push(one);
                }
            }
        }
        let mut known: HashMap<String, Option<Id>> = HashMap::new();
        let mut ways = vec![Way::New; meant.len()];
        for (done, start) in (0..meant.len()).enumerate() {
            for at in line_above(start, &meant, &places, &mut ways, &mut report) {
                let Some(one) = meant.get(at) else { continue };
                let made = self
                    .organisation_enter(caller, one, &mut known, options.dry_run)
                    .await?;
                ways[at] = Way::Ordered;
                match made {
                    Entered::New => report.stored += 1,
                    Entered::Unchanged => report.unchanged += 1,
                    Entered::Refused(error) => {
                        ways[at] = Way::Refused;
                        report.reject(error);
                    }
                }
            }
            (options.progress)(done + 1, meant.len());
        }
        Ok(report)
    }

    /// Enters one whose line above is entered. `known` has the ids by code; of a rehearsal none.
    async fn organisation_enter(
        &self,
        caller: &Principal,
        one: &Meant<'_>,
        known: &mut HashMap<String, Option<Id>>,
        dry_run: bool,
    ) -> Result<Entered, AccessError> {
        let mut new = one.new.clone();
        if let Some(code) = one.parent_code {
            let id = if let Some(id) = known.get(code) {
                *id
            } else if let Some(above) = self.organisation_by_code(code).await? {
                Some(above.id)
            } else {
                let reason = format!("there is no organisation `{code}`, nor a row of it");
                return Ok(Entered::Refused(one.row.error_in(PARENT.names, &reason)));
            };
            new.parent_id = id;
        }
        if let Some(there) = self.organisation_by_code(&new.code).await? {
            known.insert(new.code.clone(), Some(there.id));
            let differs = difference(&there, &new);
            return Ok(differs.map_or(Entered::Unchanged, |(column, is)| {
                let reason = format!("there is one already, with `{is}`; an import changes none");
                Entered::Refused(one.row.error_in(column.names, &reason))
            }));
        }
        if dry_run {
            known.insert(new.code.clone(), None);
            let wrong = new.check();
            return Ok(if wrong.is_empty() {
                Entered::New
            } else {
                Entered::Refused(one.row.error_overall(in_words(&wrong)))
            });
        }
        let code = new.code.clone();
        match self.organisation_create(caller, new, None).await {
            Ok(made) => {
                known.insert(code, Some(made.id));
                Ok(Entered::New)
            }
            Err(error) => Ok(Entered::Refused(refused(&one.row, error)?)),
        }
    }
}

enum Entered {
    New,
    Unchanged,
    Refused(RowError),
}

fn understood<'a>(row: Row<'a>, options: &ImportOptions<'_>) -> Result<Meant<'a>, RowError> {
    let kind = row.required(KIND.names)?;
    let named = KINDS.iter().find(|(name, _)| *name == kind);
    let kind = named.map_or_else(|| OrganisationKind::parse(kind), |(_, kind)| Some(*kind));
    let kind = kind.ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        row.error_in(KIND.names, &format!("it is none of {}", names.join("、")))
    })?;
    let area = row.any(AREA.names).map(|code| {
        (options.area)(code)
            .ok_or_else(|| row.error_in(AREA.names, &format!("there is no area `{code}`")))
    });
    let credit = row.any(CREDIT.names).map(|code| {
        CreditCode::parse(code).map_err(|why| row.error_in(CREDIT.names, &why.to_string()))
    });
    Ok(Meant {
        row,
        new: OrganisationNew {
            code: row.required(CODE.names)?.to_owned(),
            name: row.required(NAME.names)?.to_owned(),
            kind,
            parent_id: None,
            home_area_path: area.transpose()?,
            credit_code: credit.transpose()?,
        },
        parent_code: row.any(PARENT.names),
    })
}

/// The rows to enter for a row to be entered, from the top, itself last. What stands in a circle, or below a refused row, is refused here.
fn line_above(
    start: usize,
    meant: &[Meant<'_>],
    places: &HashMap<&str, usize>,
    ways: &mut [Way],
    report: &mut Report,
) -> Vec<usize> {
    let mut line = Vec::new();
    let mut next = Some(start);
    let mut reason = None;
    while let Some(at) = next {
        match ways[at] {
            Way::Ordered => break,
            Way::Refused => {
                if at != start {
                    let code = meant[at].row.required(CODE.names).unwrap_or_default();
                    reason = Some(format!("the row of `{code}` above it was refused"));
                }
                break;
            }
            Way::Followed => {
                reason = Some("it stands above itself, by the codes of those above".to_owned());
                break;
            }
            Way::New => {}
        }
        ways[at] = Way::Followed;
        line.push(at);
        next = meant[at]
            .parent_code
            .and_then(|code| places.get(code))
            .copied();
    }
    if let Some(reason) = reason {
        for at in line.drain(..) {
            ways[at] = Way::Refused;
            report.reject(meant[at].row.error_in(PARENT.names, &reason));
        }
    }
    line.reverse();
    line
}

/// The first column in which one that is there is not as the row says, and what it has.
fn difference(there: &Organisation, new: &OrganisationNew) -> Option<(Column, String)> {
    if there.name != new.name {
        Some((NAME, there.name.clone()))
    } else if there.kind != new.kind {
        Some((KIND, there.kind.as_str().to_owned()))
    } else if there.parent_id != new.parent_id {
        let above = there
            .parent_id
            .map_or_else(String::new, |id| id.to_string());
        Some((PARENT, above))
    } else if there.home_area_path != new.home_area_path {
        let area = there.home_area_path.as_ref();
        Some((AREA, area.map_or_else(String::new, ToString::to_string)))
    } else if there.credit_code != new.credit_code {
        let code = there.credit_code.as_ref();
        Some((CREDIT, code.map_or_else(String::new, ToString::to_string)))
    } else {
        None
    }
}
