//! The built program, as an operator types it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn chengyun(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chengyun"));
    let data_dir = folder.join("data");
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(data_dir)
        .current_dir(folder);
    command.output().unwrap()
}

/// The same with something on its standard input.
fn chengyun_told(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chengyun"))
        .args(arguments)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Dropped at once: the end of the input.
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(input.as_bytes()).unwrap();
    drop(pipe);
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const FIRST: &[&str] = &[
    "user",
    "create",
    "zhang",
    "--name",
    "张三",
    "--role",
    "system_admin",
    "--organisation",
    "centre",
];

#[test]
fn the_first_person_of_an_empty_installation_is_made_by_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let without_organisation = chengyun(folder.path(), FIRST);
    assert!(!without_organisation.status.success());
    assert!(complained(&without_organisation).contains("--organisation-name"));
    let first = [FIRST, &["--organisation-name", "城运中心"]].concat();
    let made = chengyun(folder.path(), &first);
    assert!(made.status.success(), "{}", complained(&made));
    assert!(said(&made).contains("account  zhang\npassword "));
    let again = chengyun(folder.path(), &first);
    assert!(!again.status.success(), "the name is taken");
    let list = said(&chengyun(folder.path(), &["user", "list"]));
    assert!(
        list.contains("张三") && list.contains("system_admin (城运中心)"),
        "{list}"
    );
    let verified = chengyun(folder.path(), &["verify"]);
    assert!(verified.status.success());
    assert!(said(&verified).contains("everything is as it should be"));
}

/// The last word of the line that begins with `password`.
fn password_in(text: &str) -> &str {
    let line = text
        .lines()
        .find(|line| line.starts_with("password "))
        .unwrap();
    line.split_whitespace().last().unwrap()
}

#[test]
fn a_password_is_drawn_or_read_and_an_account_locked_and_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    let first = [FIRST, &["--organisation-name", "城运中心"]].concat();
    let made = chengyun(folder.path(), &first);
    assert!(made.status.success(), "{}", complained(&made));
    let user = |arguments: &[&str]| {
        let output = chengyun(folder.path(), &[&["user"], arguments].concat());
        assert!(output.status.success(), "{}", complained(&output));
        said(&output)
    };
    let drawn = user(&["password", "zhang"]);
    assert!(drawn.starts_with("account  zhang\npassword "), "{drawn}");
    let drawn = password_in(&drawn).to_owned();
    assert_ne!(drawn, password_in(&said(&made)));
    let again = chengyun_told(
        folder.path(),
        &["user", "password", "zhang", "--stdin"],
        &drawn,
    );
    assert!(!again.status.success());
    assert!(
        complained(&again).contains("password: it was one of the last five"),
        "{}",
        complained(&again)
    );
    let given = chengyun_told(
        folder.path(),
        &["user", "password", "zhang", "--stdin"],
        "Brand-New-99\n",
    );
    assert!(given.status.success(), "{}", complained(&given));
    assert!(!said(&given).contains("Brand-New-99"));
    let nothing = chengyun_told(folder.path(), &["user", "password", "zhang", "--stdin"], "");
    assert!(!nothing.status.success());
    assert!(user(&["list"]).contains("must change the password"));
    assert!(user(&["lock", "ZHANG"]).contains("zhang is locked"));
    assert!(user(&["lock", "zhang"]).contains("locked already"));
    assert!(user(&["list"]).contains(" locked "));
    assert!(user(&["unlock", "zhang"]).contains("zhang is unlocked"));
    assert!(user(&["unlock", "zhang"]).contains("not locked"));
    let nobody = chengyun(folder.path(), &["user", "lock", "nobody"]);
    assert!(!nobody.status.success());
    assert!(complained(&nobody).contains("there is no account \"nobody\""));
    assert!(said(&chengyun(folder.path(), &["verify"])).contains("everything is as it should be"));
}

#[test]
fn an_unknown_role_is_answered_with_the_roles_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let refused = chengyun(
        folder.path(),
        &[
            "user",
            "create",
            "li",
            "--name",
            "李四",
            "--role",
            "king",
            "--organisation",
            "x",
        ],
    );
    assert!(!refused.status.success());
    assert!(complained(&refused).contains("system_admin"));
}

#[test]
fn good_rows_go_in_bad_rows_are_listed_and_a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("streets.csv");
    std::fs::write(
        &file,
        "code,name\n310118001,夏阳街道\nx,盈浦街道\n310118003,香花桥街道\n",
    )
    .unwrap();
    let import = |extra: &[&str]| {
        let path = file.to_str().unwrap();
        let all = [
            "import",
            "areas",
            path,
            "--parent-code",
            "310118",
            "--parent-name",
            "青浦区",
        ];
        said(&chengyun(folder.path(), &[&all, extra].concat()))
    };
    assert!(
        import(&["--dry-run"])
            .starts_with("3 rows read: 2 would be stored, 0 unchanged, 1 rejected")
    );
    assert!(import(&[]).starts_with("3 rows read: 2 stored, 0 unchanged, 1 rejected"));
    assert!(import(&[]).starts_with("3 rows read: 0 stored, 2 unchanged, 1 rejected"));
    let rows = std::fs::read_to_string(folder.path().join("streets-rows.csv")).unwrap();
    let rejected: Vec<&str> = rows.lines().skip(1).collect();
    assert_eq!(rejected.len(), 1);
    assert!(rejected[0].starts_with("rejected,2,3,code,"), "{rows}");
}

#[test]
fn a_file_that_is_no_table_of_areas_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shopping.csv");
    std::fs::write(&file, "milk,bread\n1,2\n").unwrap();
    let refused = chengyun(folder.path(), &["import", "areas", file.to_str().unwrap()]);
    assert!(!refused.status.success());
    assert!(
        complained(&refused).contains("milk"),
        "{}",
        complained(&refused)
    );
    let missing = chengyun(folder.path(), &["import", "appeals", "nowhere.csv"]);
    assert!(complained(&missing).contains("nowhere.csv"));
}

#[test]
fn a_wrong_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chengyun"));
    let output = command
        .arg("verify")
        .env("CHENGYUN_LISTN", "x")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        complained(&output).contains("listn"),
        "{}",
        complained(&output)
    );
}

#[test]
fn a_demo_city_that_was_left_half_made_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("demo-unfinished"), "").unwrap();
    std::fs::write(folder.path().join("chengyun.db"), "half a database").unwrap();
    let launch = bench::program::Launch {
        binary: Path::new(env!("CARGO_BIN_EXE_chengyun")),
        command: "demo",
        data_dir: folder.path(),
        database_url: None,
    };
    launch.start().unwrap().stop().unwrap();
    assert!(!folder.path().join("demo-unfinished").exists());
}

#[test]
fn the_two_months_of_the_demo_end_in_the_past_and_the_small_one_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| {
        let output = chengyun(folder.path(), arguments);
        assert!(!output.status.success(), "{arguments:?}");
        complained(&output)
    };
    let said = refused(&["demo", "--until", "2999-01-01T00:00:00+08:00"]);
    assert!(said.contains("future"), "{said}");
    let said = refused(&["demo", "--until", "yesterday"]);
    assert!(said.contains("--until"), "{said}");
    let past = "2026-11-20T15:00:00+08:00";
    let said = refused(&["demo", "--small", "--until", past]);
    assert!(said.contains("--small"), "{said}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_demo_city_that_was_left_half_made_in_a_database_of_others_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    std::fs::create_dir_all(&data_dir).unwrap();
    std::fs::write(data_dir.join("demo-unfinished"), "").unwrap();
    let arguments = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        "postgres://nobody@127.0.0.1:1/none",
    ];
    let refused = chengyun(folder.path(), &arguments);
    assert!(!refused.status.success());
    assert!(
        complained(&refused).contains("half made"),
        "{}",
        complained(&refused)
    );
}
