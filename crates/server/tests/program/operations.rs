//! The page on operations: its commands, run as they stand.

use super::{api_page::script, binary, real_data};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

#[test]
fn a_city_moves_in_by_the_commands_of_the_page() {
    let Some(streets) = real_data("admin_divisions/qingpu_streets.csv") else {
        return;
    };
    let files = streets.ancestors().nth(2).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATIONS.md");
    let script = script(&fs::read_to_string(page).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin",
        binary().parent().unwrap().display()
    );
    let run = Command::new("bash")
        .args(["-eu", "-c", &script])
        .env("PATH", path)
        .env("FILES", fs::canonicalize(files).unwrap())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{complained}");
    for expected in [
        "11 rows read: 11 stored",
        "355 rows read: 355 stored",
        "1 rows read: 1 stored",
        "5 rows read: 5 would be stored",
        "5 rows read: 5 stored, 0 unchanged, 0 rejected",
        "6 rows read: 6 stored, 0 unchanged, 0 rejected",
        "5 accounts opened",
        "4326 rows read",
        "2816 rows read: 2816 would be stored",
        "2816 rows read: 2816 stored, 0 unchanged, 0 rejected, 0 remarks",
        "\"agree\":",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}\n{complained}");
    }
    // What must not be read by others is not.
    let accounts = folder.path().join("accounts.csv");
    assert_eq!(
        fs::metadata(&accounts).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(fs::read_to_string(&accounts).unwrap().lines().count(), 6);
    // The templates are workbooks that the imports understand.
    for (file, columns) in [("organisations.xlsx", 6), ("staff.xlsx", 7)] {
        let bytes = fs::read(folder.path().join(file)).unwrap();
        assert_eq!(
            table::Table::read(&bytes, file).unwrap().header.len(),
            columns
        );
    }
}
