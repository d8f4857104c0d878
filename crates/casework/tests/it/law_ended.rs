//! A cancelled or merged case has come to its end: nothing goes on with it.

use crate::world::*;
use crate::{law_handling_table, law_table, overlay_law};
use base::Id;
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::links::LinkCommand;
use casework::lifecycle::overlays::OverlayCommand;
use casework::model::CaseStage;

/// What may still be said of a case that has ended: none of it moves the case.
const STILL: [&str; 3] = ["case_mark", "case_hide_reporter", "case_exclude"];

#[test]
fn nothing_goes_on_with_a_cancelled_or_merged_case() {
    for stage in [CaseStage::Cancelled, CaseStage::Merged] {
        for before in [CaseStage::Accepted, CaseStage::Handling, CaseStage::Closing] {
            let ended = || {
                let mut world = World::until(before);
                world.case.stage = stage;
                world
            };
            let mut commands = Vec::new();
            let mut world = ended();
            for operation in law_table::COLUMNS {
                commands.push(law_table::command(&mut world, operation));
            }
            let task_id = law_handling_table::lead_id(&world);
            for operation in law_handling_table::COLUMNS {
                commands.push(law_handling_table::command(
                    &mut world, operation, task_id, 1,
                ));
            }
            for operation in overlay_law::ROWS {
                let (by, command) = overlay_law::command(&world, operation);
                commands.push((by, CaseCommand::Overlay(command)));
            }
            for (by, command) in commands {
                let mut world = ended();
                let then = world.case.clone();
                let operation = command.operation();
                match world.act(&by, &command) {
                    Ok(_) => assert!(STILL.contains(&operation), "{operation} while {stage}"),
                    Err(_) => assert_eq!(world.case, then, "{operation} while {stage}"),
                }
                assert_eq!(world.case.stage, stage, "{operation}");
            }
        }
    }
}

#[test]
fn a_supervision_of_a_case_that_has_ended_does_not_run_out() {
    let merge = LinkCommand::Merge {
        into_case_id: Id(2),
    };
    let cancel = OverlayCommand::Cancel { reason: note(1) };
    let ends = [
        (CaseStage::Merged, CaseCommand::Link(merge)),
        (CaseStage::Cancelled, CaseCommand::Overlay(cancel)),
    ];
    for (stage, ends) in ends {
        let mut world = World::until(CaseStage::Handling);
        let (by, supervise) = overlay_law::command(&world, "case_supervise");
        overlay_law::give(&mut world, &by, supervise).unwrap();
        world.act(&actor(0, "shift_leader"), &ends).unwrap();
        assert_eq!(world.case.stage, stage);
        world.wait(60 * 24 * 60);
        let then = world.case.clone();
        let due = OverlayCommand::SupervisionDue {};
        assert_eq!(overlay_law::timer(&mut world, due), [""; 0]);
        assert_eq!(world.case, then, "{stage}");
    }
}
