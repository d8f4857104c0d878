//! A city moves to the other database by the commands of the built program, and works there.

use crate::{Place, binary};
use bench::{faults, races};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

fn chengyun(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .arg("--data-dir")
        .arg(place.folder.path())
        .args(arguments);
    if let Some(url) = place.url() {
        command.env("CHENGYUN_DATABASE_URL", url);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    texts.concat()
}

fn moves(from: &Place, to: &Place) {
    let (program, ..) = faults::open_demo(&from.launch("demo")).unwrap();
    program.stop().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (passphrase, handover) = (path("passphrase"), path("handover"));
    fs::write(&passphrase, "a phrase that nobody guesses\n").unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    let out = ["export", "handover", "--to", &handover];
    let with_phrase = ["--passphrase-file", &passphrase];
    let written = chengyun(from, &[&out[..], &with_phrase].concat());
    assert!(written.status.success(), "{}", said(&written));
    let take = [&["take-over", &handover][..], &with_phrase].concat();
    // One byte of one line.
    let timeline = format!("{handover}/timeline.ndjson");
    let good = fs::read(&timeline).unwrap();
    let mut bad = good.clone();
    bad[1_000] ^= 1;
    fs::write(&timeline, &bad).unwrap();
    let refused = chengyun(to, &take);
    assert!(!refused.status.success());
    let line = good[..1_000].split(|byte| *byte == b'\n').count();
    let expected = format!("timeline.ndjson, line {line}: it was changed");
    assert!(
        said(&refused).contains(&expected),
        "{expected}: {}",
        said(&refused)
    );
    fs::write(&timeline, &good).unwrap();
    let taken = chengyun(to, &take);
    assert!(taken.status.success(), "{}", said(&taken));
    assert!(said(&taken).contains("everything is as it should be"));
    let again = chengyun(to, &take);
    assert!(!again.status.success());
    assert!(
        said(&again).contains("there is a city here already"),
        "{}",
        said(&again)
    );
    // People sign in with the passwords they had, and work goes on.
    let (program, city, runtime) = faults::open_demo(&to.launch("demo")).unwrap();
    assert_eq!(runtime.block_on(races::one_key(&city, 5)).unwrap(), 5);
    program.stop().unwrap();
    faults::verify(&to.launch("demo")).unwrap();
}

#[test]
fn a_city_moves_from_the_embedded_database_to_postgres_and_works_there() {
    if let Some(to) = Place::postgres() {
        moves(&Place::embedded(), &to);
    }
}

#[test]
fn a_city_moves_from_postgres_to_the_embedded_database_and_works_there() {
    if let Some(from) = Place::postgres() {
        moves(&from, &Place::embedded());
    }
}
