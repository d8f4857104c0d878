//! Two at once, and faults.

use crate::{Place, each_engine};
use bench::{faults, races};

#[test]
fn of_eight_who_race_on_one_case_one_wins_and_the_others_learn_the_new_state() {
    each_engine(|place| {
        let (program, city, runtime) = faults::open_demo(&place.launch("demo")).unwrap();
        let tally = runtime.block_on(races::run(&city, 70)).unwrap();
        assert_eq!(tally.races, 210);
        assert_eq!(tally.losers, tally.races * (races::RACERS - 1));
        program.stop().unwrap();
        faults::verify(&place.launch("demo")).unwrap();
    });
}

#[test]
fn one_idempotency_key_sent_by_eight_at_once_has_one_effect_and_one_answer() {
    each_engine(|place| {
        let (program, city, runtime) = faults::open_demo(&place.launch("demo")).unwrap();
        assert_eq!(runtime.block_on(races::one_key(&city, 20)).unwrap(), 20);
        program.stop().unwrap();
    });
}

fn three_kills(place: &Place, seed: u64) {
    let survey = faults::kill_rounds(&place.launch("demo"), 3, seed).unwrap();
    assert_eq!(survey.kills, 3);
    assert!(
        survey.cases > 10 && survey.commands > 50,
        "there was load: {survey:?}"
    );
    assert!(survey.notices > 0, "{survey:?}");
}

#[test]
fn after_kill_9_under_load_every_acknowledged_command_is_there_on_sqlite() {
    three_kills(&Place::embedded(), 1);
}

#[test]
fn after_kill_9_under_load_every_acknowledged_command_is_there_on_postgres() {
    if let Some(place) = Place::postgres() {
        three_kills(&place, 2);
    }
}
