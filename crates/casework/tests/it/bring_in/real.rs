//! Real files: messages with official replies, and the records of another city.

use super::*;
use table::testing::real_data;

#[test]
fn every_real_message_comes_in_with_its_reply_and_both_times() {
    let Some(path) = real_data("appeals/messages_with_replies.csv") else {
        return;
    };
    let file = std::fs::read_to_string(path).unwrap();
    let mapping = MESSAGES.replace("text = ", "title = \"subject\"\ntext = ");
    each_town(|town, _| {
        let done = bring(town, &mapping, &file, false).unwrap();
        assert_eq!(
            counts(&done),
            [2_816, 2_816, 0, 0, 0],
            "{:?}",
            done.rows.rejected
        );
        let first = town.listed("2549");
        assert_eq!(
            first.head.received_at,
            "2019-04-25T09:32:09+08:00".parse().unwrap()
        );
        assert_eq!(
            first.timeline[1].occurred_at,
            "2019-05-10T14:56:53+08:00".parse().unwrap()
        );
        assert!(first.answer.unwrap().starts_with("现将网友在平台"));
        // A window has three years; of all time nothing but that they came in is counted.
        let windows = [
            ("2010-01-01", "2013-01-01"),
            ("2013-01-01", "2016-01-01"),
            ("2016-01-01", "2019-01-01"),
            ("2019-01-01", "2022-01-01"),
        ];
        let measured = windows.map(|(from, until)| town.measured(from, until, ""));
        assert!(measured.iter().flatten().all(|(name, _)| name == "reports"));
        let reports: i64 = measured.iter().flatten().map(|(_, count)| count).sum();
        assert_eq!(reports, 2_816);
        town.verify();
    });
}

const BOSTON: &str = r#"
system = "boston311"
records = "cases"
timezone = "America/New_York"
source = "hotline"
process = "quick"
standard = "s@1"
keep = ["subject", "neighborhood"]

[columns]
id = "case_enquiry_id"
title = "case_title"
address = "location"
category = "type"
organisation = "department"
source = "source"
state = "case_status"
reported_at = "open_dt"
due_at = "target_dt"
closed_at = "closed_dt"
reply = "closure_reason"

[values.category]
"Street Light Outages" = "0101"
"*" = ""

[values.organisation]
"PWDx" = "ROADS"
"*" = "WATER"

[values.source]
"Self Service" = "citizen_app"
"Citizens Connect App" = "citizen_app"
"*" = "hotline"

[values.state]
"Open" = "open"
"Closed" = "closed"
"#;

#[test]
fn the_records_of_another_city_come_in_and_its_own_verdicts_are_the_numbers() {
    let Some(path) = real_data("cases_boston311/2011q3.csv.gz") else {
        return;
    };
    let packed = std::fs::read(path).unwrap();
    let whole = table::unpacked(&packed, base::limits::IMPORT_BYTES_MAX).unwrap();
    let whole = std::str::from_utf8(&whole).unwrap();
    let rows: Vec<&str> = whole.lines().take(1_501).collect();
    let file = rows.join("\n");
    // Of the first department what the city itself says: closed with a deadline, and in time.
    let table = Table::read(file.as_bytes(), "boston.csv").unwrap();
    let (mut due, mut in_time, mut open) = (0, 0, 0);
    for row in table.rows() {
        let row = row.unwrap();
        if row.get("department") != Some("PWDx") {
            continue;
        }
        let is_closed = row.get("closed_dt").is_some();
        open += i64::from(!is_closed);
        // The window of three years that is asked for below.
        let is_asked = |target: &str| target < "2014-06-01";
        if is_closed && row.get("target_dt").is_some_and(is_asked) {
            due += 1;
            in_time += i64::from(row.get("ontime") == Some("ONTIME"));
        }
    }
    assert!(
        due > 300 && in_time > 100 && in_time < due,
        "{due} {in_time}"
    );
    each_town(|town, _| {
        let done = bring(town, BOSTON, &file, false).unwrap();
        assert_eq!(
            counts(&done)[..4],
            [1_500, 1_500, 0, 0],
            "{:?}",
            done.rows.rejected
        );
        let measured = town.measured(
            "2011-06-30",
            "2014-06-01",
            &format!("&organisation_id={ROADS}"),
        );
        let count = |name: &str| {
            measured
                .iter()
                .find(|(each, _)| each == name)
                .map_or(0, |(_, count)| *count)
        };
        assert_eq!(
            (count("handle_done"), count("handle_on_time")),
            (due, in_time)
        );
        // None of this department goes on here.
        assert_eq!((count("handle_due"), open), (due, 0));
        town.verify();
    });
}
