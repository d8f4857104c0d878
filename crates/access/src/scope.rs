//! How far somebody sees, as a value and as SQL. Lists are filtered by the database, never afterwards.
//!
//! A subtree is a half-open range of paths (never LIKE), so an ordinary index serves it. Overlapping subtrees are merged:
//! the clauses are as few as can be.

use base::{Id, TreePath};
use std::fmt::Write as _;
use store::{AsParam, Param};

/// What a decision is about: where the thing lies, and which organisations hold, held or reported it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach<'a> {
    /// The area it lies in; none when it lies nowhere or that is not known.
    pub area_path: Option<&'a TreePath>,
    /// The organisations that have to do with it.
    pub organisation_paths: &'a [TreePath],
}

/// How far somebody's permission goes: whatever is in *any* of these.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scope {
    /// All there is.
    pub everything: bool,
    /// Subtrees of organisations, disjoint, in order.
    pub organisations: Vec<TreePath>,
    /// Subtrees of areas, disjoint, in order.
    pub areas: Vec<TreePath>,
    /// Zones, in order.
    pub zones: Vec<Id>,
}

impl Scope {
    /// All there is.
    pub fn all() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Sorted, without doubles, without subtrees of subtrees.
    #[must_use]
    pub fn merged(self) -> Self {
        if self.everything {
            return Self::all();
        }
        let mut zones = self.zones;
        zones.sort_unstable();
        zones.dedup();
        Self {
            everything: false,
            organisations: merge(self.organisations),
            areas: merge(self.areas),
            zones,
        }
    }

    /// Whether nothing at all is in it.
    pub fn is_nothing(&self) -> bool {
        !self.everything
            && self.organisations.is_empty()
            && self.areas.is_empty()
            && self.zones.is_empty()
    }

    /// Whether a thing is in it; the same answer as the SQL gives for its row. `zone_ids` are those the thing lies in.
    pub fn covers(&self, reach: &Reach<'_>, zone_ids: &[Id]) -> bool {
        let area = |path: &TreePath| self.areas.iter().any(|top| top.contains(path));
        let organisation =
            |path: &TreePath| self.organisations.iter().any(|top| top.contains(path));
        self.everything
            || reach.area_path.is_some_and(area)
            || reach.organisation_paths.iter().any(organisation)
            || zone_ids.iter().any(|zone| self.zones.contains(zone))
    }

    /// The condition for a row to be in this scope, in parentheses, to stand after `WHERE` or `AND`. Its placeholders begin
    /// at `?first`; bind [`ScopeClause::params`] there.
    ///
    /// ```
    /// use access::{Scope, ScopeColumns, Via};
    /// let scope = Scope { areas: vec!["0001".parse()?], ..Scope::default() };
    /// let columns = ScopeColumns { area: Some(Via::Column("c.area_path")), ..ScopeColumns::default() };
    /// assert_eq!(scope.sql(&columns, 3).text(), "((c.area_path >= ?3 AND c.area_path < ?4))");
    /// # Ok::<(), base::path::TreePathError>(())
    /// ```
    pub fn sql(&self, columns: &ScopeColumns<'_>, first: usize) -> ScopeClause {
        if self.everything {
            return ScopeClause::fixed("(TRUE)");
        }
        let mut writer = Writer {
            clauses: Vec::new(),
            values: Vec::new(),
            first,
        };
        writer.ranges(columns.area, &self.areas);
        writer.ranges(columns.organisation, &self.organisations);
        writer.zones(columns.zone, &self.zones);
        if writer.clauses.is_empty() {
            return ScopeClause::fixed("(FALSE)");
        }
        ScopeClause {
            text: format!("({})", writer.clauses.join(" OR ")),
            values: writer.values,
        }
    }
}

/// Keeps only the tops: sorted, an inner path directly follows its top or another inner path of it.
fn merge(mut paths: Vec<TreePath>) -> Vec<TreePath> {
    paths.sort_unstable();
    paths.dedup_by(|inner, top| top.contains(inner));
    paths
}

/// How a row is tied to an area, an organisation or a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via<'a> {
    /// By a column of its own, e.g. `c.area_path`.
    Column(&'a str),
    /// By rows of another table.
    Exists {
        /// Table and join, e.g. `case_organisation o WHERE o.case_id = c.id`.
        from: &'a str,
        /// The column there, e.g. `o.organisation_path`.
        column: &'a str,
    },
}

/// How the rows of a query are tied to what scopes speak of. Where a tie is absent, that part of a scope covers no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeColumns<'a> {
    /// The path of the area it lies in.
    pub area: Option<Via<'a>>,
    /// The paths of the organisations that have to do with it.
    pub organisation: Option<Via<'a>>,
    /// The ids of the zones it lies in.
    pub zone: Option<Via<'a>>,
}

/// A piece of SQL with the values of its placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeClause {
    text: String,
    values: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Id(Id),
}

impl ScopeClause {
    fn fixed(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// The condition, in parentheses.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values of its placeholders, in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'_>> {
        self.values.iter().map(|value| match value {
            Value::Text(text) => text.as_param(),
            Value::Id(id) => id.as_param(),
        })
    }

    /// How many placeholders it has.
    pub fn params_count(&self) -> usize {
        self.values.len()
    }
}

struct Writer {
    clauses: Vec<String>,
    values: Vec<Value>,
    first: usize,
}

impl Writer {
    fn place(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.first + self.values.len() - 1
    }

    fn ranges(&mut self, via: Option<Via<'_>>, tops: &[TreePath]) {
        let Some(via) = via else { return };
        if tops.is_empty() {
            return;
        }
        let column = via.column();
        let mut ranges = Vec::with_capacity(tops.len());
        for top in tops {
            let (from, to) = top.range();
            let from = self.place(Value::Text(from));
            let to = self.place(Value::Text(to));
            ranges.push(format!("({column} >= ?{from} AND {column} < ?{to})"));
        }
        self.clauses.push(via.condition(&ranges.join(" OR ")));
    }

    fn zones(&mut self, via: Option<Via<'_>>, zones: &[Id]) {
        let Some(via) = via else { return };
        if zones.is_empty() {
            return;
        }
        let mut list = format!("{} IN (", via.column());
        for (index, zone) in zones.iter().enumerate() {
            let place = self.place(Value::Id(*zone));
            let _ = write!(list, "{}?{place}", if index == 0 { "" } else { ", " });
        }
        list.push(')');
        self.clauses.push(via.condition(&list));
    }
}

impl<'a> Via<'a> {
    const fn column(self) -> &'a str {
        match self {
            Self::Column(column) | Self::Exists { column, .. } => column,
        }
    }

    fn condition(self, inner: &str) -> String {
        match self {
            Self::Column(_) => inner.to_owned(),
            Self::Exists { from, .. } => format!("EXISTS (SELECT 1 FROM {from} AND ({inner}))"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<TreePath> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn overlapping_subtrees_are_merged_into_their_tops() {
        for (given, merged) in [
            (&[][..], &[][..]),
            (&["0001"], &["0001"]),
            (&["0001", "0001"], &["0001"]),
            (&["00010002", "0001"], &["0001"]),
            (&["0001", "00010001", "000100010001", "00010002"], &["0001"]),
            (&["00010002", "00010001"], &["00010001", "00010002"]),
            (
                &["0003", "00010001", "0002", "000100010009"],
                &["00010001", "0002", "0003"],
            ),
        ] {
            assert_eq!(merge(paths(given)), paths(merged), "{given:?}");
        }
        let scope = Scope {
            zones: vec![Id(3), Id(1), Id(3)],
            areas: paths(&["0002", "0001", "00010001"]),
            ..Scope::default()
        }
        .merged();
        assert_eq!(
            (scope.zones, scope.areas),
            (vec![Id(1), Id(3)], paths(&["0001", "0002"]))
        );
        let all = Scope {
            everything: true,
            areas: paths(&["0001"]),
            ..Scope::default()
        };
        assert_eq!(all.merged(), Scope::all());
    }

    #[test]
    fn a_scope_is_written_as_ranges_that_an_index_serves() {
        let columns = ScopeColumns {
            area: Some(Via::Column("c.area_path")),
            organisation: Some(Via::Exists {
                from: "party p WHERE p.case_id = c.id",
                column: "p.path",
            }),
            zone: Some(Via::Exists {
                from: "case_zone z WHERE z.case_id = c.id",
                column: "z.zone_id",
            }),
        };
        let scope = Scope {
            everything: false,
            areas: paths(&["0001", "0002"]),
            organisations: paths(&["0009"]),
            zones: vec![Id(5), Id(6)],
        };
        let clause = scope.sql(&columns, 4);
        assert_eq!(
            clause.text(),
            "((c.area_path >= ?4 AND c.area_path < ?5) OR (c.area_path >= ?6 AND c.area_path < ?7) OR \
             EXISTS (SELECT 1 FROM party p WHERE p.case_id = c.id AND ((p.path >= ?8 AND p.path < ?9))) OR \
             EXISTS (SELECT 1 FROM case_zone z WHERE z.case_id = c.id AND (z.zone_id IN (?10, ?11))))"
        );
        assert_eq!(clause.params_count(), 8);
        let shown: Vec<_> = clause.params().map(|p| format!("{p:?}")).collect();
        assert_eq!(
            shown,
            [
                "Text(\"0001\")",
                "Text(\"0001~\")",
                "Text(\"0002\")",
                "Text(\"0002~\")",
                "Text(\"0009\")",
                "Text(\"0009~\")",
                "Int(5)",
                "Int(6)"
            ]
        );
    }

    #[test]
    fn nothing_is_false_and_everything_is_true_and_a_missing_tie_covers_no_row() {
        let columns = ScopeColumns {
            area: Some(Via::Column("area_path")),
            ..ScopeColumns::default()
        };
        assert_eq!(Scope::default().sql(&columns, 1).text(), "(FALSE)");
        assert!(Scope::default().is_nothing());
        assert_eq!(Scope::all().sql(&columns, 1).text(), "(TRUE)");
        let organisations_only = Scope {
            organisations: paths(&["0001"]),
            ..Scope::default()
        };
        assert_eq!(organisations_only.sql(&columns, 1).text(), "(FALSE)");
    }
}
