//! Every limit of two editions of a real city's standard. The files are not part of the repository; without them the test
//! says so and passes, except under CI.

use calendar::{BareUnits, Counting, Limit, LimitError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test decides here whether missing data fail it, and says what it left out"
)]
fn real_data(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/case_standards")
        .join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is missing",
        path.display()
    );
    eprintln!("left out: {} is not there", path.display());
    None
}

/// How often each distinct text occurs, and what it is read as.
fn read_all(path: &Path) -> BTreeMap<String, (usize, Result<Limit, LimitError>)> {
    let mut texts = BTreeMap::new();
    let mut rows = csv::Reader::from_path(path).unwrap();
    let column = rows
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "time_limit")
        .unwrap();
    for row in rows.records() {
        let text = row.unwrap()[column].to_owned();
        let read = Limit::parse(&text, &BareUnits::default());
        texts.entry(text).or_insert((0, read)).0 += 1;
    }
    texts
}

#[test]
fn of_519_real_rows_one_text_is_malformed_and_reported() {
    let Some(path) = real_data("standards_muban.csv") else {
        return;
    };
    let texts = read_all(&path);
    assert_eq!(texts.values().map(|(count, _)| count).sum::<usize>(), 519);
    assert_eq!(texts.len(), 16);
    let malformed: Vec<_> = texts
        .iter()
        .filter_map(|(text, (count, read))| Some((text.as_str(), *count, read.as_ref().err()?.at)))
        .collect();
    assert_eq!(malformed, [("1紧急工作时制止", 1, 7)]);
    for (text, (_, read)) in texts {
        if let Ok(limit) = read {
            let urgent = text.contains("紧急");
            assert_eq!(limit.is_urgent(), urgent, "{text}");
            assert_eq!(
                limit.counting() == Counting::AroundTheClock,
                urgent,
                "{text}"
            );
        }
    }
}

#[test]
fn all_279_rows_of_the_other_edition_are_understood_and_the_season_is_kept() {
    let Some(path) = real_data("standards_full_with_law.csv") else {
        return;
    };
    let texts = read_all(&path);
    assert_eq!(texts.values().map(|(count, _)| count).sum::<usize>(), 279);
    let seasonal: Vec<_> = texts
        .into_iter()
        .filter_map(|(text, (count, read))| {
            let limit = read.unwrap();
            Some((limit.season()?.to_owned(), text, count))
        })
        .collect();
    assert_eq!(
        seasonal,
        [("种植季节".to_owned(), "种植季节15工作日".to_owned(), 1)]
    );
}
