//! A later file about records that were brought in before.

use super::*;

const DAY: i64 = 24 * 3_600;

fn rows_of(done: &BroughtInReport) -> Vec<(u64, &str)> {
    let changed = |each: &&table::RowOutcome| each.outcome == table::Outcome::Changed;
    let rows = done.rows.outcomes.iter().filter(changed);
    rows.map(|each| (each.row.row, &*each.row.reason)).collect()
}

fn refusals(done: &BroughtInReport) -> Vec<(Option<&str>, &str)> {
    let rows = done.rows.rejected.iter();
    rows.map(|row| (row.column.as_deref(), &*row.reason))
        .collect()
}

/// C closed late, D given out, F with what was done, B another kind, address and area; A, E and G as before.
fn later() -> String {
    let rows = ROWS.lines().map(|row| match row.get(..1) {
        Some("B") => row
            .replace("路灯不亮,", "路灯不亮,大门左侧")
            .replace("310118002,Other", "310118001,Manhole"),
        Some("C") => row
            .replace("Open", "Closed")
            .replace(",,派人看过", ",2026-10-09 08:00:00,修好"),
        Some("D") => row.replace("none", "PWD"),
        Some("F") => row.replace("05-09 08:00:00,", "05-09 08:00:00,锯掉了"),
        _ => row.to_owned(),
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_later_file_tells_besides_is_added_at_its_own_time_and_once() {
    each_town(|town, _| {
        town.brought(ROWS);
        town.clock.advance_seconds(DAY);
        while town.fire() > 0 {}
        let file = format!("{HEADER}\n{}", later());
        let rehearsed = bring(town, CASES, &file, true).unwrap();
        assert_eq!(town.case_of("C").head.stage, CaseStage::Handling);
        let done = bring(town, CASES, &file, false).unwrap();
        assert_eq!(
            rehearsed.rows, done.rows,
            "a rehearsal says what will happen"
        );
        assert_eq!((counts(&done), done.rows.changed), ([7, 4, 3, 0, 0], 4));
        assert_eq!(
            rows_of(&done),
            [
                (
                    2,
                    "another category; other words or another address; another place; the file's own words"
                ),
                (
                    3,
                    "closed at 2026-10-09T08:00:00+08:00; the file's own words"
                ),
                (
                    4,
                    "given to an organisation at 2026-11-19T08:00:00+08:00; the file's own words"
                ),
                (6, "what was done is added"),
            ]
        );
        for _ in 0..2 {
            let again = bring(town, CASES, &file, false).unwrap();
            assert_eq!(counts(&again), [7, 0, 7, 0, 0], "{:?}", again.rows);
        }

        let closed = town.case_of("C");
        assert_eq!(closed.head.stage, CaseStage::Closed);
        assert!(closed.tasks[0].handling_overdue);
        assert_eq!(closed.tasks[0].result.as_deref(), Some("修好"));
        let (mark, told) = closed.timeline.split_last().unwrap();
        assert_eq!(mark.kind, "case_brought_in");
        assert_eq!(mark.by.as_ref().unwrap().role, "console");
        let added = &told[told.len() - 3..];
        assert_eq!(
            kinds(added),
            ["task_finished", "inspection_left_out", "case_closed"]
        );
        assert_eq!(added[2].occurred_at, at("2026-10-09T08:00"));
        assert!(added.iter().all(|entry| entry.by.is_none()));
        assert_eq!(town.report_of("C").head.stage, ReportStage::Settled);

        let given = town.case_of("D");
        assert_eq!(given.head.stage, CaseStage::Handling);
        assert_eq!(given.tasks[0].handling.due_at, at("2026-11-25T08:00"));
        assert_eq!(town.case_of("F").tasks[0].result.as_deref(), Some("锯掉了"));

        let corrected = town.case_of("B");
        let kind = corrected.head.category.as_ref().unwrap();
        assert_eq!(kind.id, CATEGORY.to_string());
        let area = |key: &str| town.case_of(key).head.area.unwrap().name;
        assert_eq!(area("B"), area("F"));
        assert_eq!(corrected.detail.as_deref(), Some("大门左侧"));
        let query = CaseQuery {
            category_id: Some(CATEGORY),
            ..CaseQuery::default()
        };
        let listed = wait(town.casework.case_list(&centre("leader"), query)).unwrap();
        assert!(listed.items.iter().any(|each| each.id == corrected.head.id));
        town.verify();
        // What another system did in the end no desk of ours had to do, and what goes on here goes on.
        town.accept(ROADS, given.tasks[0].id);
        town.finish(ROADS, given.tasks[0].id);
        town.verify();
    });
}

#[test]
fn what_contradicts_the_file_before_and_what_is_worked_on_here_is_refused_with_the_reason() {
    each_town(|town, _| {
        town.brought(ROWS);
        let worked_on = town.case_of("C");
        town.accept(WATER, worked_on.tasks[0].id);
        town.clock.advance_seconds(DAY);
        let told = |key: &str| ROWS.lines().find(|row| row.starts_with(key)).unwrap();
        let later = later();
        let ended = later.lines().find(|row| row.starts_with('C')).unwrap();
        let rows = [
            told("A").replace("2019-03-04 09:30:00", "2019-03-04 08:30:00"),
            told("B")
                .replace("Closed", "Open")
                .replace("Other", "Manhole")
                .replace("2019-03-06 09:30:00", ""),
            ended.to_owned(),
            told("D").replace("2026-11-19 08:00:00", "2026-11-19 07:00:00"),
            told("E").replace("Dropped", "Closed"),
            told("F").replace("PWD", "BWSC"),
        ];
        let before: Vec<_> = ["A", "B", "C", "D", "E", "F"]
            .map(|key| town.case_of(key).timeline.len())
            .into();
        let done = town.brought(&rows.join("\n"));
        assert_eq!(counts(&done), [6, 0, 0, 6, 0], "{:?}", done.rows);
        let reasons = [
            (
                Some("closed"),
                "it was brought in with 2019-03-04T09:30:00+08:00, and the file has 2019-03-04T08:30:00+08:00",
            ),
            (
                Some("closed"),
                "it was brought in as closed at 2019-03-06T09:30:00+08:00, and the file has it open",
            ),
            (
                Some("no"),
                "it is worked on here since it was brought in (task_accepted at 2026-11-20T09:00:00+08:00) and is not changed by a file",
            ),
            (
                Some("opened"),
                "it was brought in with 2026-11-19T08:00:00+08:00, and the file has 2026-11-19T07:00:00+08:00",
            ),
            (
                Some("state"),
                "it was brought in as cancelled at 2019-04-02T08:00:00+08:00, and the file has it closed",
            ),
            (
                Some("dept"),
                "it was brought in as ended with another organisation",
            ),
        ];
        assert_eq!(refusals(&done), reasons);
        let after: Vec<_> = ["A", "B", "C", "D", "E", "F"]
            .map(|key| town.case_of(key).timeline.len())
            .into();
        assert_eq!(before, after);
        // The file of before says nothing against what is done here.
        assert_eq!(counts(&town.brought(ROWS)), [7, 0, 7, 0, 0]);
        town.verify();
    });
}

#[test]
fn a_later_file_gives_a_case_to_another_or_moves_its_deadline() {
    each_town(|town, _| {
        let mapping = CASES.replace("due_at =", "assigned_at = \"given\"\ndue_at =");
        let file = |rows: [&str; 2]| format!("{HEADER},given\n{}\n", rows.join("\n"));
        let first = [
            "C,水管漏水,,121.3,31.15,,Manhole,BWSC,Open,2026-10-01 08:00:00,2026-10-05 08:00:00,,,,,W2,2026-10-01 09:00:00",
            "D,垃圾成堆,,121.1,31.15,,Manhole,PWD,Open,2026-11-19 08:00:00,2026-11-25 08:00:00,,,,,W2,2026-11-19 09:00:00",
        ];
        bring(town, &mapping, &file(first), false).unwrap();
        town.clock.advance_seconds(DAY);
        // Since when another has it must be told.
        let silent = first[0]
            .replace("BWSC", "PWD")
            .replace("2026-10-01 09:00:00", "");
        let refused = bring(town, &mapping, &file([&silent, first[1]]), false).unwrap();
        assert_eq!(
            refusals(&refused),
            [(
                Some("dept"),
                "another organisation has it, and the file does not say since when"
            )]
        );
        let moved = first[0]
            .replace("BWSC", "PWD")
            .replace("2026-10-01 09:00:00", "2026-10-03 09:00:00");
        let longer = first[1].replace("2026-11-25", "2026-12-05");
        let second = file([&moved, &longer]);
        let done = bring(town, &mapping, &second, false).unwrap();
        assert_eq!(
            rows_of(&done),
            [
                (
                    1,
                    "given to another organisation at 2026-10-03T09:00:00+08:00; the file's own words"
                ),
                (
                    2,
                    "deadline 2026-11-25T08:00:00+08:00, now 2026-12-05T08:00:00+08:00"
                ),
            ]
        );
        let case = town.case_of("C");
        let states: Vec<_> = case.tasks.iter().map(|task| task.state).collect();
        assert_eq!(states, [TaskState::Revoked, TaskState::Assigned]);
        assert_eq!(
            town.case_of("D").tasks[0].handling.due_at,
            at("2026-12-05T08:00")
        );
        let again = bring(town, &mapping, &second, false).unwrap();
        assert_eq!(counts(&again), [2, 0, 2, 0, 0]);
        while town.fire() > 0 {}
        town.verify();
        let task = case.tasks[1].id;
        town.accept(ROADS, task);
        town.finish(ROADS, task);
        town.verify();
    });
}

#[test]
fn a_message_is_answered_by_a_later_file_and_its_answer_stands() {
    each_town(|town, _| {
        let head = "message_id,user_id,detail,created_at,reply,replied_at";
        let first = format!(
            "{head}\n1,A1,几点开门,2019-04-25T09:32:09,九点,2019-05-10T14:56:53\n2,A2,路太窄,2019-04-26T09:32:09,,\n"
        );
        bring(town, MESSAGES, &first, false).unwrap();
        town.clock.advance_seconds(DAY);
        let second = format!(
            "{head}\n1,A1,几点开门,2019-04-25T09:32:09,十点,2019-05-10T14:56:53\n2,A2,路太窄,2019-04-26T09:32:09,会改,2019-05-01T08:00:00\n"
        );
        let done = bring(town, MESSAGES, &second, false).unwrap();
        assert_eq!(
            rows_of(&done),
            [(2, "answered at 2019-05-01T08:00:00+08:00")]
        );
        assert_eq!(
            refusals(&done),
            [(Some("reply"), "another reply was brought in before")]
        );
        let answered = town.report_of("2");
        assert_eq!(answered.head.stage, ReportStage::Answered);
        assert_eq!(answered.answer.as_deref(), Some("会改"));
        // Nobody had to decide on it here in the end.
        assert_eq!(town.measured("2026-11-01", "2026-12-01", ""), []);
        // Without the reply it was answered with, nothing is taken back.
        let done = bring(town, MESSAGES, &first, false).unwrap();
        assert_eq!(
            (counts(&done), refusals(&done)),
            (
                [2, 0, 1, 1, 0],
                vec![(
                    Some("reply"),
                    "it was brought in as answered, and the file has no reply"
                )]
            )
        );
        town.verify();
    });
}
