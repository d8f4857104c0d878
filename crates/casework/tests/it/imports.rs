//! Import of messages: small hand-made files, and the real ones where they are at hand.

use crate::town::*;
use casework::service::ImportOptions;
use std::sync::atomic::{AtomicU64, Ordering};
use table::testing::real_data;
use table::{Report, Table};

fn options(dry_run: bool) -> ImportOptions {
    ImportOptions {
        source: "import".to_owned(),
        system: "appeals".to_owned(),
        dry_run,
    }
}

fn import(town: &Town, table: &Table, dry_run: bool) -> Report {
    let clerk = centre("intake_clerk");
    let options = options(dry_run);
    let report = wait(
        town.casework
            .import_appeals(&clerk, table, &options, &|_, _| {}),
    )
    .unwrap();
    assert!(report.adds_up(), "{report:?}");
    report
}

const SMALL: &str = "message_id,user_id,subject,created_at,detail,dislikes,likes\n\
    1,A1,路灯不亮,2019/2/28 11:25,很黑,0,0\n\
    2,A2,,2019-02-14T20:00:04,没有主题,0,0\n\
    3,A3,时间不对,二月,何时,0,0\n\
    1,A1,路灯不亮,2019/2/28 11:25,很黑,0,0\n\
    4,A4,以后,2031-01-01 00:00:00,还没发生,0,0\n\
    5,A5,好的,2019年3月1日,有些日期只到日,0,0\n";

#[test]
fn good_rows_go_in_bad_rows_are_listed_and_a_second_run_changes_nothing() {
    each_town(|town, _| {
        let table = Table::read(SMALL.as_bytes(), "small.csv").unwrap();
        let rehearsed = import(town, &table, true);
        assert_eq!(town.casework.verify().unwrap().reports, 0);
        let report = import(town, &table, false);
        assert_eq!(rehearsed, report, "a rehearsal says what will happen");
        assert_eq!((report.read, report.stored, report.unchanged), (6, 2, 1));
        let bad: Vec<_> = report
            .rejected
            .iter()
            .map(|error| (error.row, error.column.as_deref().unwrap()))
            .collect();
        assert_eq!(bad, [(2, "subject"), (3, "created_at"), (5, "created_at")]);
        let again = import(town, &table, false);
        assert_eq!((again.stored, again.unchanged), (0, 3));
        assert_eq!(town.casework.verify().unwrap().reports, 2);
        town.verify();
    });
}

#[test]
fn the_real_messages_go_in_whole() {
    let Some(path) = real_data("appeals/hot_topics.csv") else {
        return;
    };
    let table = Table::read(&std::fs::read(path).unwrap(), "hot_topics.csv").unwrap();
    each_town(|town, _| {
        let last = AtomicU64::new(0);
        let clerk = centre("intake_clerk");
        let progress = |done: u64, total: u64| {
            assert!(done >= last.swap(done, Ordering::Relaxed) && done <= total);
        };
        let options = options(false);
        let report = wait(
            town.casework
                .import_appeals(&clerk, &table, &options, &progress),
        )
        .unwrap();
        assert_eq!(
            (report.read, report.stored),
            (4_326, 4_326),
            "{:?}",
            report.rejected
        );
        assert_eq!(last.load(Ordering::Relaxed), 4_326);
        town.verify();
    });
}

#[test]
fn of_the_other_real_files_every_row_is_stored_or_refused_with_a_reason() {
    for (file, read, stored) in [
        ("appeals/messages_with_replies.csv", 2_816, 2_816),
        ("appeals/labelled_train.csv", 6_320, 1_664),
    ] {
        let Some(path) = real_data(file) else {
            return;
        };
        let table = Table::read(&std::fs::read(path).unwrap(), file).unwrap();
        each_town(|town, _| {
            let report = import(town, &table, true);
            assert_eq!((report.read, report.stored), (read, stored), "{file}");
            for error in &report.rejected {
                assert_eq!(error.column.as_deref(), Some("message_id"), "{error}");
            }
        });
    }
}
