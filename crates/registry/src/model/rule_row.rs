//! Rule rows (立案条件, 处置时限, 结案条件) of a category, after GB/T 30428.8.

use super::{TextFault, paragraph};
use base::{Id, Timestamp, limits};
use calendar::Limit;

/// What the standard says, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RuleText {
    /// 立案条件: when a case may be filed. Unique among the present rows of its category.
    pub filing_condition: String,
    /// 处置时限, as written.
    pub limit_text: String,
    /// 结案条件: what counts as done.
    pub closing_condition: String,
    /// 责任主体, as written; several are separated by `、`.
    pub responsible_units: Option<String>,
    /// 监管主体, as written.
    pub supervising_units: Option<String>,
    /// 法律依据
    pub legal_basis: Option<String>,
    /// 法律条款
    pub legal_clause: Option<String>,
    /// 采集要求
    pub collection_rule: Option<String>,
}

/// A rule row. It never changes: a changed rule is a new row of the next version, and the old one stays for the cases that
/// were filed under it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleRow {
    /// Its id; what a case pins.
    pub id: Id,
    /// For which category.
    pub category_id: Id,
    /// What the standard says.
    pub text: RuleText,
    /// The limit, understood.
    pub limit: Limit,
    /// 1 when first entered; rises with each change of the rule for the same filing condition.
    pub version: i64,
    /// When a newer version took its place; none while it holds.
    pub superseded_at: Option<Timestamp>,
}

impl RuleText {
    /// Checks all texts but the limit; gives the column at fault.
    pub fn check(&self) -> Result<(), (&'static str, TextFault)> {
        let required = [
            ("filing_condition", &self.filing_condition),
            ("closing_condition", &self.closing_condition),
        ];
        for (column, text) in required {
            paragraph(text, limits::REMARK_CHARACTERS_MAX).map_err(|fault| (column, fault))?;
        }
        let optional = [
            ("responsible_units", &self.responsible_units),
            ("supervising_units", &self.supervising_units),
            ("legal_basis", &self.legal_basis),
            ("legal_clause", &self.legal_clause),
            ("collection_rule", &self.collection_rule),
        ];
        for (column, text) in optional {
            if let Some(text) = text {
                paragraph(text, limits::DESCRIPTION_CHARACTERS_MAX)
                    .map_err(|fault| (column, fault))?;
            }
        }
        Ok(())
    }

    /// The names among the responsible units.
    pub fn responsible_names(&self) -> impl Iterator<Item = &str> {
        self.responsible_units
            .as_deref()
            .unwrap_or_default()
            .split(['、', '，', ',', '；', ';'])
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }
}
