//! Wrong mappings, wrong files, wrong rows: told with place and reason, and nothing half brought in.

use super::*;

#[track_caller]
fn faults(mapping: &str) -> Vec<String> {
    let wrong = Mapping::read(mapping).unwrap_err();
    wrong.iter().map(ToString::to_string).collect()
}

#[test]
fn a_mapping_that_makes_no_sense_is_told_at_every_place() {
    assert_eq!(
        faults(
            &CASES
                .replace("system =", "sistem =")
                .replace("due_at =", "due =")
        )[..2],
        [
            "sistem: there is no such key; is it `system`?",
            "columns.due: there is no such key; is it `due_at`?",
        ]
    );
    let twisted = CASES
        .replace("standard = \"s@1\"", "timezone = \"Asia/Qingpu\"")
        .replace("closed_at = \"closed\"\n", "")
        .replace("latitude = \"lat\"\n", "")
        .replace("= \"cancelled\"", "= \"gone\"");
    assert_eq!(
        faults(&twisted),
        [
            "columns.latitude: a point has both",
            "columns.closed_at: it is required",
            "standard: categories are of a standard: CODE@EDITION",
            "values.state.\"Dropped\": it is open, closed or cancelled",
            "timezone: there is no time zone `Asia/Qingpu`; write one of IANA as Asia/Shanghai, or an offset as +08:00",
        ]
    );
    let mixed = MESSAGES.replace("[columns]", "[columns]\ncategory = \"label\"");
    assert_eq!(
        faults(&mixed),
        [
            "columns.category: a message has none: name its column under keep, or say records = \"cases\""
        ]
    );
    // Not even TOML: the line is shown.
    assert!(faults("system = old\n")[0].contains("line 1"));
}

#[test]
fn the_template_is_a_mapping_and_so_is_it_with_every_line_that_it_leaves_out() {
    Mapping::read(casework::records::TEMPLATE).unwrap();
    let is_said = |line: &str| line.contains(" = ") || line.starts_with("# [");
    let whole: Vec<&str> = casework::records::TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(said) if is_said(line) && !said.starts_with(|c: char| c.is_ascii_uppercase()) => {
                said
            }
            _ => line,
        })
        .collect();
    Mapping::read(&whole.join("\n"))
        .unwrap_or_else(|wrong| panic!("{wrong:?}\n{}", whole.join("\n")));
}

#[test]
fn what_the_file_or_the_city_lacks_refuses_the_file() {
    each_town(|town, _| {
        let mapping = CASES
            .replace("title = \"title\"", "title = \"titel\"")
            .replace("\"ROADS\"", "\"ROAD\"")
            .replace("\"0101\"", "\"0109\"")
            .replace(
                "source = \"hotline\"",
                "source = \"pigeon\"\nprocess = \"slow\"",
            )
            .replace("keep = [\"ward\"]", "keep = [\"word\"]");
        let refused = bring(town, &mapping, &format!("{HEADER}\n{ROWS}"), false).unwrap_err();
        let BringInError::Mapping(wrong) = refused else {
            panic!("{refused:?}");
        };
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(
            wrong,
            [
                "columns.title: the file has no column `titel`; is it `title`?",
                "keep: the file has no column `word`; is it `ward`?",
                "values.organisation.\"PWD\": there is no organisation `ROAD`; is it `ROADS`?",
                "values.category.\"Manhole\": there is no category `0109`; is it one of `0101`, `0102`?",
                "source: there is no source `pigeon` in use",
                "process: there is no process `slow`",
            ]
        );
        assert_eq!(
            town.casework.verify().unwrap().reports,
            0,
            "nothing is half brought in"
        );
    });
}

#[test]
fn a_wrong_row_is_told_with_its_column_and_keeps_no_other_out() {
    each_town(|town, _| {
        let done = town.brought(
            "\
A,井盖,,121.1,31.15,,Manhole,PWD,Closed,2019-03-01,2019-03-05,2019-03-04,,,,
A,井盖,,121.1,31.15,,Manhole,PWD,Closed,2019-03-01,2019-03-05,2019-03-04,,,,
,没有编号,,,,,Manhole,PWD,Closed,2019-03-01,,2019-03-04,,,,
c,未知科室,,,,,Manhole,PARK,Closed,2019-03-01,,2019-03-04,,,,
d,未知科室,,,,,Manhole,PARK,Closed,2019-03-01,,2019-03-04,,,,
e,未知区划,,,,999999,Manhole,PWD,Closed,2019-03-01,,2019-03-04,,,,
f,没有结案时间,,,,,Manhole,PWD,Closed,2019-03-01,,,,,,
g,已结未结,,,,,Manhole,PWD,Open,2019-03-01,,2019-03-04,,,,
h,先结后报,,,,,Manhole,PWD,Closed,2019-03-05,,2019-03-04,,,,
i,以后,,,,,Manhole,PWD,Closed,2031-03-05,,,,,,
j,一半的点,,121.1,,,Manhole,PWD,Closed,2019-03-01,,2019-03-04,,,,
k,不是点,,999,31.15,,Manhole,PWD,Closed,2019-03-01,,2019-03-04,,,,
l,不是日期,,,,,Manhole,PWD,Closed,03/01/2019,,2019-03-04,,,,
m,电话太短,,,,,Manhole,PWD,Closed,2019-03-01,,2019-03-04,,,12,
n,未结而无小类,,121.1,31.15,,Other,PWD,Open,2019-03-01,,,,,,
o,期限太早,,121.1,31.15,,Manhole,PWD,Closed,2019-03-01,2019-02-01,2019-03-04,,,,
p,少了格
",
        );
        let told: Vec<String> = done
            .rows
            .rejected
            .iter()
            .map(|error| format!("{} {}", error.row, error.column.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(
            told,
            [
                "2 no",
                "3 no",
                "4 dept",
                "5 dept",
                "6 area",
                "7 closed",
                "8 closed",
                "9 closed",
                "10 opened",
                "11 lat",
                "12 lon",
                "13 opened",
                "14 phone",
                "15 type",
                "17 -",
            ],
            "{:?}",
            done.rows.rejected
        );
        assert_eq!(done.rows.rejected[0].reason, "`A` stands in row 1 already");
        assert_eq!(
            counts(&done),
            [17, 2, 0, 15, 1],
            "the deadline of o is told"
        );
        let unknown: Vec<_> = done
            .unknown
            .iter()
            .map(|((field, word), rows)| (field.as_str(), word.as_str(), *rows))
            .collect();
        assert_eq!(
            unknown,
            [("area", "999999", 1), ("organisation", "PARK", 2)]
        );
        town.verify();
    });
}

#[test]
fn a_point_in_the_sea_refuses_its_row_where_the_mapping_says_so() {
    each_town(|town, _| {
        let strict = CASES.replace("source =", "outside = \"refuse\"\nsource =");
        let done = bring(town, &strict, &format!("{HEADER}\n{ROWS}"), false).unwrap();
        assert_eq!(counts(&done), [7, 6, 0, 1, 1]);
        assert_eq!(done.rows.rejected[0].column.as_deref(), Some("lon"));
        assert_eq!(
            done.rows.rejected[0].reason,
            "the point lies outside of the city"
        );
    });
}
