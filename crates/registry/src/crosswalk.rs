//! Pairing the categories of a standard with two-digit codes (GB/T 30428.2-2013 and the cities' own after it) with those of
//! GB/T 47678.5, by the rule of codes, checked by name. Pure.
//!
//! The rule: a component `BB` + `SS` became `BB` + `0SS`; an event likewise, its class renumbered 01 to 06, 02 to 07, 03 to 08, 04 to
//! 09 (classes 05 and 06 were dissolved). Whatever the rule does not pair is looked for by its name.

use crate::model::{Category, CategoryKind, CrosswalkRow, Relation};
use std::collections::HashMap;

/// What pairing two standards gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// The pairs, in the order of the old codes.
    pub rows: Vec<CrosswalkRow>,
    /// Categories of the old standard (not classes) without a counterpart, in the order of their codes.
    pub unmatched: Vec<Category>,
}

impl Pairing {
    /// How many pairs have a relation.
    pub fn count(&self, relation: Relation) -> usize {
        self.rows
            .iter()
            .filter(|row| row.relation == relation)
            .count()
    }
}

/// The code the rule gives to the category with an old `code`; none for classes and for what the rule does not speak of.
pub fn successor_code(kind: CategoryKind, code: &str) -> Option<String> {
    let (class, category) = (code.get(..2)?, code.get(2..)?);
    if category.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let class = match (kind, class) {
        (CategoryKind::Component, _) => class,
        (CategoryKind::Event, "01") => "06",
        (CategoryKind::Event, "02") => "07",
        (CategoryKind::Event, "03") => "08",
        (CategoryKind::Event, "04") => "09",
        _ => return None,
    };
    Some(format!("{class}0{category}"))
}

/// A name without what editors change without meaning anything by it: blanks, and the width of brackets and commas.
pub fn normalised_name(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '，' | '、' => ',',
            '\u{ff10}'..='\u{ff5a}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            other => other,
        })
        .collect()
}

/// Pairs the categories of two standards.
pub fn pair(old: &[Category], new: &[Category]) -> Pairing {
    let by_code: HashMap<(CategoryKind, &str), &Category> =
        new.iter().map(|c| ((c.kind, c.code.as_str()), c)).collect();
    let mut by_name: HashMap<(CategoryKind, String), Vec<&Category>> = HashMap::new();
    for category in new.iter().filter(|c| c.level > 1) {
        by_name
            .entry((category.kind, normalised_name(&category.name)))
            .or_default()
            .push(category);
    }
    let mut leaves: Vec<&Category> = old.iter().filter(|c| c.level > 1).collect();
    leaves.sort_by(|a, b| (a.kind, &a.code).cmp(&(b.kind, &b.code)));
    let mut pairing = Pairing::default();
    for category in leaves {
        let name = normalised_name(&category.name);
        let by_rule = successor_code(category.kind, &category.code)
            .and_then(|code| by_code.get(&(category.kind, code.as_str())).copied());
        let found = match by_rule {
            Some(successor) if normalised_name(&successor.name) == name => {
                Some((successor, Relation::Same))
            }
            by_rule => match by_name.get(&(category.kind, name)).map(Vec::as_slice) {
                Some([only]) => Some((*only, Relation::Moved)),
                _ => by_rule.map(|successor| (successor, Relation::Renamed)),
            },
        };
        match found {
            Some((successor, relation)) => pairing.rows.push(CrosswalkRow {
                from_category_id: category.id,
                to_category_id: successor.id,
                relation,
            }),
            None => pairing.unmatched.push(category.clone()),
        }
    }
    pairing
}
