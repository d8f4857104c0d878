//! `chengyun replay` on the records of a real city.

use super::{Place, binary, each_engine, real_data};
use flate2::read::GzDecoder;
use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

fn chengyun(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .arg("--data-dir")
        .arg(place.folder.path().join("city"));
    if let Some(url) = place.url() {
        command.env("CHENGYUN_DATABASE_URL", url);
    }
    command.args(arguments).output().unwrap()
}

fn replay(place: &Place, file: &Path, limit: &str) -> Output {
    let file = file.to_str().unwrap();
    chengyun(
        place,
        &["replay", "--format", "boston311", file, "--limit", limit],
    )
}

fn answer(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let last = text.lines().last().unwrap_or_default();
    let read = serde_json::from_str(last);
    assert!(read.is_ok(), "{text}{}", complaint(output));
    read.unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Of each department what was closed, and what of it by its deadline: counted from the file alone, with none of our reading or law.
/// Without a deadline a case has a thousand days.
fn counted(file: &Path, limit: usize) -> BTreeMap<String, (i64, i64)> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(file).unwrap()));
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|each| each == name).unwrap();
    let [department, opened, target, closed] =
        ["department", "open_dt", "target_dt", "closed_dt"].map(place);
    let mut found: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in reader.records().take(limit) {
        let row = row.unwrap();
        if row[closed].is_empty() {
            continue;
        }
        let at = |column: usize| -> DateTime { row[column].replace(' ', "T").parse().unwrap() };
        let due_at = if row[target].is_empty() {
            at(opened).checked_add(1_000.days()).unwrap()
        } else {
            at(target)
        };
        let in_time = at(closed) <= due_at;
        let sums = found.entry(row[department].to_owned()).or_default();
        sums.0 += 1;
        sums.1 += i64::from(in_time);
    }
    found
}

/// `CHENGYUN_REPLAY_ROWS` asks for more, or all, of the 31,828 of the file.
#[expect(
    clippy::disallowed_methods,
    reason = "asked for by whoever runs the test, not a setting"
)]
fn rows() -> usize {
    let asked = std::env::var("CHENGYUN_REPLAY_ROWS");
    asked.map_or(1_000, |rows| rows.parse().unwrap())
}

#[test]
fn every_verdict_of_boston_is_ours_and_so_are_the_rates() {
    let Some(file) = real_data("cases_boston311/2011q3.csv.gz") else {
        return;
    };
    let limit = rows();
    // One act after the other on the embedded database, several at once on the other: the same happens.
    let happened = RefCell::new(Vec::new());
    each_engine(|place| {
        let output = replay(place, &file, &limit.to_string());
        let answer = answer(&output);
        assert!(output.status.success(), "{}", complaint(&output));
        let number = |field: &str| answer[field].as_u64().unwrap();
        let rows = u64::try_from(limit).unwrap();
        assert_eq!((number("rows"), number("replayed")), (rows, rows));
        assert_eq!(number("agree"), number("compared"));
        assert!(number("compared") > rows / 4, "{answer}");
        let counts = (
            number("commands"),
            number("timers"),
            answer["refused"].clone(),
        );
        happened.borrow_mut().push(counts);
        let rates: BTreeMap<String, (i64, i64)> = answer["rates"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, sums)| {
                let of = |field: &str| sums[field].as_i64().unwrap();
                (name.clone(), (of("handled"), of("in_time")))
            })
            .filter(|(_, sums)| sums.0 > 0)
            .collect();
        assert_eq!(rates, counted(&file, limit));
        assert!(rates.values().any(|(handled, in_time)| in_time < handled));
        let verified = chengyun(place, &["verify"]);
        assert!(verified.status.success(), "{}", complaint(&verified));
        // Whoever calls it again would mix two cities.
        let again = replay(place, &file, "10");
        assert!(!again.status.success());
        assert!(
            complaint(&again).contains("there is a city"),
            "{}",
            complaint(&again)
        );
    });
    let happened = happened.into_inner();
    assert!(
        happened.windows(2).all(|pair| pair[0] == pair[1]),
        "{happened:?}"
    );
}

#[test]
fn a_record_whose_deadline_makes_no_sense_is_shown_with_the_reason() {
    let place = Place::embedded();
    let file = place.folder.path().join("records.csv");
    let header = "case_enquiry_id,open_dt,target_dt,closed_dt,ontime,case_title,department,source";
    let rows = [
        "1,2011-07-01 08:00:00,2011-07-02 08:00:00,2011-07-01 09:00:00,ONTIME,Lamp,PWDx,Call",
        // Due before it was opened.
        "2,2011-07-01 08:00:00,2011-06-02 08:00:00,2011-07-01 09:00:00,OVERDUE,Lamp,PWDx,Call",
        // Closed in time, whatever they say.
        "3,2011-07-01 08:00:00,2011-07-02 08:00:00,2011-07-01 09:00:00,OVERDUE,Lamp,PWDx,Call",
        // Not held against ours: it is open.
        "4,2011-07-01 08:00:00,2011-07-02 08:00:00,,OVERDUE,Lamp,PWDx,Call",
        // Not read.
        "5,yesterday,2011-07-02 08:00:00,,OVERDUE,Lamp,PWDx,Call",
        "6,2011-07-01 08:00:00,,,SOON,Lamp,PWDx,Call",
    ];
    fs::write(&file, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    let output = replay(&place, &file, "100");
    assert!(!output.status.success());
    let answer = answer(&output);
    let fields = ["rows", "broken", "replayed", "compared", "agree"];
    let numbers = fields.map(|field| answer[field].as_u64().unwrap());
    assert_eq!(numbers, [4, 2, 4, 3, 2], "{answer}");
    assert_eq!(answer["due_at_once"], serde_json::json!(["2"]));
    let told = complaint(&output);
    for expected in [
        "2: its deadline lies before its opening; it was due at once",
        "3: they say late; here it was closed by its deadline",
        "open_dt",
        "\"SOON\" is neither ONTIME nor OVERDUE",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_file_that_is_no_such_record_is_refused_before_anything_is_made() {
    let place = Place::embedded();
    let at = |name: &str| place.folder.path().join(name);
    fs::write(at("header.csv"), "a,b\n1,2\n").unwrap();
    fs::write(at("cut.csv.gz"), [0x1f, 0x8b, 8, 0, 0]).unwrap();
    for (name, expected) in [
        ("header.csv", "the header lacks case_enquiry_id"),
        ("cut.csv.gz", "the gzip file is broken after 0 bytes"),
        ("nowhere.csv", "nowhere.csv"),
    ] {
        let refused = replay(&place, &at(name), "10");
        assert!(!refused.status.success());
        let told = complaint(&refused);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!at("city").exists());
}
