//! Cases and reports with their sealed words: for the index of words, and for what it found.
//!
//! What was found is read within the caller's scope, so that the index may be late or wrong without anybody seeing what they may not.

use super::list::{Bound, Composed, Composer};
use super::listing::CaseRow;
use super::read::{self, ReportRow, SealedWords};
use super::{
    CASE_FOUND, CASES_FOUND_BELOW, ORGANISATIONS_OF_CASES, REPORT_FOUND, REPORTS_FOUND_BELOW,
    case_columns, case_words_columns, report_columns,
};
use ::store::{Row, Statement, StoreError, Tx, params};
use access::{Scope, ScopeColumns, Via};
use base::Id;
use base::path::TreePath;

/// So many are read at once: statements with the same number of places are prepared once.
pub const AT_ONCE: usize = 32;

/// A case with its words.
#[derive(Clone, Debug)]
pub struct CaseFound {
    /// Without tasks and without its title, which stands in the words.
    pub row: CaseRow,
    /// Sealed; none once forgotten.
    pub words: Option<SealedWords>,
}

/// A report with its words.
#[derive(Clone, Debug)]
pub struct ReportFound {
    /// Without its cases.
    pub row: ReportRow,
    /// Sealed; none once forgotten.
    pub words: Option<Vec<u8>>,
}

fn case_found(row: &Row<'_>) -> Result<CaseFound, StoreError> {
    let has_own = row.get::<Option<Id>>(32)?.is_some();
    let (sealed, report_id) = if has_own {
        (row.get::<Option<Vec<u8>>>(33)?, None)
    } else {
        (row.get(35)?, row.get::<Option<Id>>(34)?)
    };
    Ok(CaseFound {
        row: CaseRow {
            case: read::case(row)?,
            title: None,
            lead_organisation_id: row.get(31)?,
            updated_at: row.get(36)?,
        },
        words: sealed.map(|sealed| (report_id, sealed)),
    })
}

fn report_found(row: &Row<'_>) -> Result<ReportFound, StoreError> {
    Ok(ReportFound {
        row: read::report(row)?,
        words: row.get(22)?,
    })
}

/// One case with its words.
pub fn case_by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<CaseFound>, StoreError> {
    tx.query_opt(&CASE_FOUND, params![id], case_found)
}

/// One report with its words.
pub fn report_by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<ReportFound>, StoreError> {
    tx.query_opt(&REPORT_FOUND, params![id], report_found)
}

/// Cases below an id, the newest first.
pub fn cases_below(tx: &mut Tx<'_>, id: Id, limit: u32) -> Result<Vec<CaseFound>, StoreError> {
    tx.query(&CASES_FOUND_BELOW, params![id, limit], case_found)
}

/// Reports below an id, the newest first.
pub fn reports_below(tx: &mut Tx<'_>, id: Id, limit: u32) -> Result<Vec<ReportFound>, StoreError> {
    tx.query(&REPORTS_FOUND_BELOW, params![id, limit], report_found)
}

/// Which organisations see the cases from one id to another.
pub fn organisations_between(
    tx: &mut Tx<'_>,
    first: Id,
    last: Id,
) -> Result<Vec<(Id, TreePath)>, StoreError> {
    tx.query(&ORGANISATIONS_OF_CASES, params![first, last], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// How cases are tied to what scopes speak of.
const CASE_SCOPE: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("c.area_path")),
    organisation: Some(Via::Exists {
        from: "case_organisation o WHERE o.case_id = c.id",
        column: "o.organisation_path",
    }),
    zone: Some(Via::Exists {
        from: "case_zone z WHERE z.case_id = c.id",
        column: "z.zone_id",
    }),
};

/// How reports are.
const REPORT_SCOPE: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("r.area_path")),
    organisation: Some(Via::Column("r.organisation_path")),
    zone: None,
};

/// Of these cases ([`AT_ONCE`] at most) those in scope.
pub fn compose_cases(ids: &[Id], scope: &Scope) -> Composed {
    compose(case_words_columns!(), "c.id", ids, scope, &CASE_SCOPE)
}

/// Of these reports ([`AT_ONCE`] at most) those in scope.
pub fn compose_reports(ids: &[Id], scope: &Scope) -> Composed {
    let select = concat!(
        "SELECT ",
        report_columns!(),
        ", r.words_sealed FROM report r"
    );
    compose(select, "r.id", ids, scope, &REPORT_SCOPE)
}

fn compose(
    select: &str,
    key: &str,
    ids: &[Id],
    scope: &Scope,
    columns: &ScopeColumns<'_>,
) -> Composed {
    let mut composer = Composer::default();
    let places: Vec<String> = (0..AT_ONCE)
        .map(|n| composer.place(Bound::Int(ids.get(n).map_or(-1, |id| id.0))))
        .collect();
    composer
        .conditions
        .push(format!("{key} IN ({})", places.join(", ")));
    composer.scope(scope, columns);
    let condition = composer.condition();
    Composed {
        statement: Statement::composed(format!("{select} WHERE {condition}")),
        values: composer.values,
    }
}

/// Runs [`compose_cases`].
pub fn cases(tx: &mut Tx<'_>, composed: &Composed) -> Result<Vec<CaseFound>, StoreError> {
    tx.query(&composed.statement, &composed.params(), case_found)
}

/// Runs [`compose_reports`].
pub fn reports(tx: &mut Tx<'_>, composed: &Composed) -> Result<Vec<ReportFound>, StoreError> {
    tx.query(&composed.statement, &composed.params(), report_found)
}
