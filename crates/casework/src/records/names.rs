//! What a mapping may call the organisations and categories of a city, and what a misspelt name may have meant.

use crate::model::OrganisationRef;
use base::Id;
use std::collections::BTreeMap;

/// The names that a city knows.
#[derive(Clone, Debug, Default)]
pub struct Names {
    organisations: BTreeMap<String, Vec<OrganisationRef>>,
    categories: BTreeMap<String, Vec<Id>>,
}

/// How many names that look alike are told.
const NEAREST_MAX: usize = 3;
/// From 0 (nothing alike) to 1 (the same): what is less alike is not told.
const LIKENESS_MIN: f64 = 0.5;

impl Names {
    /// An organisation is called so: by its code, its credit code or its name.
    pub fn organisation_add(&mut self, name: &str, organisation: &OrganisationRef) {
        let known = self.organisations.entry(name.to_owned()).or_default();
        if known.iter().all(|each| each.id != organisation.id) {
            known.push(organisation.clone());
        }
    }

    /// A category is called so: by its code, `kind:code`, or its name.
    pub fn category_add(&mut self, name: &str, category_id: Id) {
        let known = self.categories.entry(name.to_owned()).or_default();
        if !known.contains(&category_id) {
            known.push(category_id);
        }
    }

    pub(crate) fn organisation(&self, name: &str) -> Result<OrganisationRef, String> {
        only(&self.organisations, name, "organisation")
    }

    pub(super) fn category(&self, name: &str) -> Result<Id, String> {
        only(&self.categories, name, "category")
    }
}

fn only<T: Clone>(known: &BTreeMap<String, Vec<T>>, name: &str, what: &str) -> Result<T, String> {
    match known.get(name).map(Vec::as_slice) {
        Some([one]) => Ok(one.clone()),
        Some(several) => Err(format!(
            "{} {what} entries are called `{name}`: give a code{}",
            several.len(),
            if what == "category" {
                ", or kind:code"
            } else {
                ""
            },
        )),
        None => Err(format!(
            "there is no {what} `{name}`{}",
            meant(name, known.keys().map(String::as_str))
        )),
    }
}

/// `; is it one of a, b?`, or nothing where nothing looks alike.
pub(super) fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let lower = word.to_lowercase();
    let mut alike: Vec<(f64, &str)> = known
        .map(|each| {
            let likeness = strsim::normalized_damerau_levenshtein(&lower, &each.to_lowercase());
            (likeness, each)
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    alike.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    let nearest: Vec<String> = alike
        .iter()
        .take(NEAREST_MAX)
        .map(|(_, each)| format!("`{each}`"))
        .collect();
    match nearest.as_slice() {
        [] => String::new(),
        [one] => format!("; is it {one}?"),
        several => format!("; is it one of {}?", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::path::TreePath;

    #[test]
    fn a_name_that_looks_like_others_is_asked_about() {
        let known = ["case_title", "case_status", "open_dt", "城市部件"];
        let ask = |word: &str| meant(word, known.into_iter());
        assert_eq!(
            ask("Case_Titel"),
            "; is it one of `case_title`, `case_status`?"
        );
        assert_eq!(ask("opened_dt"), "; is it `open_dt`?");
        assert_eq!(ask("xyz"), "");
    }

    #[test]
    fn what_several_are_called_is_no_name_of_one() {
        let organisation = |id| OrganisationRef {
            id: Id(id),
            path: TreePath::root(1).unwrap(),
        };
        let mut names = Names::default();
        names.organisation_add("城管局", &organisation(1));
        names.organisation_add("城管局", &organisation(2));
        names.organisation_add("CG-1", &organisation(1));
        names.organisation_add("CG-1", &organisation(1));
        assert_eq!(names.organisation("CG-1").unwrap().id, Id(1));
        let told = names.organisation("城管局").unwrap_err();
        assert_eq!(
            told,
            "2 organisation entries are called `城管局`: give a code"
        );
        let told = names.organisation("CG-2").unwrap_err();
        assert_eq!(told, "there is no organisation `CG-2`; is it `CG-1`?");
    }
}
