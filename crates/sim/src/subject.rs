//! What people report: how often, when, in which words, and what is done about it. From `data/subjects.toml`.

use casework::model::Level;
use registry::CategoryKind;
use serde::Deserialize;

/// One kind of trouble.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// `component` or `event`.
    pub kind: String,
    /// Category code of the demo standard.
    pub code: String,
    /// How often, against the others.
    pub weight: u32,
    /// Times as often on a day of heavy rain.
    #[serde(default = "as_ever")]
    pub rain: f64,
    /// When in the day.
    pub hours: Hours,
    /// Who usually handles it.
    pub lead: Lead,
    /// How urgent it usually is.
    #[serde(default = "normal")]
    pub level: Level,
    /// What is wrong, in a citizen's words.
    pub what: Vec<String>,
    /// How it shows.
    pub how: Vec<String>,
    /// What the handlers answer.
    pub done: Vec<String>,
}

fn as_ever() -> f64 {
    1.0
}

fn normal() -> Level {
    Level::Normal
}

/// When in the day something is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// Office hours, with a dip at noon.
    Day,
    /// From early on until noon.
    Morning,
    /// After work.
    Evening,
    /// Late in the evening and in the night.
    Night,
}

/// Who usually handles something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lead {
    /// Whom the rule row names.
    Unit,
    /// The street's centre.
    Street,
    /// A station of the street.
    Station,
}

#[derive(Deserialize)]
struct File {
    subject: Vec<Subject>,
}

impl Subject {
    /// Those that come with the program.
    pub fn built_in() -> Result<Vec<Self>, toml::de::Error> {
        let file: File = toml::from_str(include_str!("../data/subjects.toml"))?;
        Ok(file.subject)
    }

    /// The kind of its category; none when the file has it wrong.
    pub fn category_kind(&self) -> Option<CategoryKind> {
        CategoryKind::from_text(&self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_has_words_and_a_weight() {
        let subjects = Subject::built_in().unwrap();
        assert!(subjects.len() > 50, "{}", subjects.len());
        for subject in &subjects {
            let named = format!("{} {}", subject.kind, subject.code);
            assert!(subject.category_kind().is_some(), "{named}");
            assert!(subject.weight > 0 && subject.rain >= 0.0, "{named}");
            for words in [&subject.what, &subject.how, &subject.done] {
                assert!(!words.is_empty(), "{named}");
                assert!(words.iter().all(|text| !text.trim().is_empty()), "{named}");
            }
        }
    }
}
