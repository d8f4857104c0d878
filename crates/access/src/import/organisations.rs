//! Organisations from a table: code, name, kind, and the code of the one above, in any order. One that is there becomes what its row says;
//! an empty cell says nothing.

use super::{Column, ImportError, ImportOptions, Settled, column, in_words, refused, require};
use crate::{
    Access, AccessError, Organisation, OrganisationChange, OrganisationKind, OrganisationNew,
    Principal,
};
use base::{CreditCode, Id};
use std::collections::HashMap;
use table::{Outcome, Report, Row, RowError, Table};

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
                    Ok(settled) => settled.of(&one.row, &mut report),
                    Err(error) => {
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
    ) -> Result<Result<Settled, RowError>, AccessError> {
        let mut new = one.new.clone();
        if let Some(code) = one.parent_code {
            let id = if let Some(id) = known.get(code) {
                *id
            } else if let Some(above) = self.organisation_by_code(code).await? {
                Some(above.id)
            } else {
                let reason = format!("there is no organisation `{code}`, nor a row of it");
                return Ok(Err(one.row.error_in(PARENT.names, &reason)));
            };
            new.parent_id = id;
        }
        let wrong = new.check();
        if !wrong.is_empty() {
            return Ok(Err(one.row.error_overall(in_words(&wrong))));
        }
        if let Some(there) = self.organisation_by_code(&new.code).await? {
            known.insert(new.code.clone(), Some(there.id));
            return self
                .organisation_renew(caller, one, &new, &there, dry_run)
                .await;
        }
        if dry_run {
            known.insert(new.code.clone(), None);
            return Ok(Ok(Settled::plain(Outcome::New)));
        }
        let code = new.code.clone();
        match self.organisation_create(caller, new, None).await {
            Ok(made) => {
                known.insert(code, Some(made.id));
                Ok(Ok(Settled::plain(Outcome::New)))
            }
            Err(error) => Ok(Err(refused(&one.row, error)?)),
        }
    }

    /// Makes one that is there what its row says, if it is not that already.
    async fn organisation_renew(
        &self,
        caller: &Principal,
        one: &Meant<'_>,
        new: &OrganisationNew,
        there: &Organisation,
        dry_run: bool,
    ) -> Result<Result<Settled, RowError>, AccessError> {
        // Of a rehearsal, one above that is only entered by this file has no id yet, and is not the one it stands below.
        let stays_below = new.parent_id.is_some() && new.parent_id == there.parent_id;
        if one.parent_code.is_some() && !stays_below {
            let above = match there.parent_id {
                None => None,
                Some(id) => self.organisation(id).await?,
            };
            let above = above.map_or_else(
                || "it stands at the top".to_owned(),
                |above| format!("it stands below `{}`", above.code),
            );
            let reason = format!(
                "{above} and cannot be moved, because rights and cases name its place; enter it anew under another code"
            );
            return Ok(Err(one.row.error_in(PARENT.names, &reason)));
        }
        let (change, words) = difference(&one.row, there, new);
        if words.is_empty() {
            return Ok(Ok(Settled::plain(Outcome::Unchanged)));
        }
        if !dry_run {
            let changed = self
                .organisation_update(caller, there.id, change, Some(there.version))
                .await;
            if let Err(error) = changed {
                return Ok(Err(refused(&one.row, error)?));
            }
        }
        Ok(Ok(Settled::changed(&words)))
    }
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

/// What one that is there becomes by its row, and in words what differs. What the row leaves empty stays.
fn difference(
    row: &Row<'_>,
    there: &Organisation,
    new: &OrganisationNew,
) -> (OrganisationChange, Vec<String>) {
    let name = new.name.trim().to_owned();
    let home_area_path = new.home_area_path.clone().or(there.home_area_path.clone());
    let credit_code = new.credit_code.clone().or(there.credit_code.clone());
    let mut words = Vec::new();
    let mut differs = |column: Column, before: String, after: String| {
        words.push(format!("{}: {before} → {after}", column.of(row)));
    };
    if there.name != name {
        differs(NAME, there.name.clone(), name.clone());
    }
    if there.kind != new.kind {
        let title = |kind| kind_title(kind).to_owned();
        differs(KIND, title(there.kind), title(new.kind));
    }
    if there.home_area_path != home_area_path {
        let before = there.home_area_path.as_ref();
        let before = before.map_or_else(String::new, ToString::to_string);
        differs(
            AREA,
            before,
            row.any(AREA.names).unwrap_or_default().to_owned(),
        );
    }
    if there.credit_code != credit_code {
        let text = |code: Option<&CreditCode>| code.map_or_else(String::new, ToString::to_string);
        differs(
            CREDIT,
            text(there.credit_code.as_ref()),
            text(credit_code.as_ref()),
        );
    }
    let change = OrganisationChange {
        name,
        kind: new.kind,
        home_area_path,
        credit_code,
    };
    (change, words)
}
