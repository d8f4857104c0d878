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
        "49 grids of",
        "2 rows read: 2 stored, 0 unchanged, 0 rejected",
        "2374 rows read",
        "4326 rows read",
        "2816 rows read: 2816 would be stored",
        "2816 rows read: 2816 stored, 0 unchanged, 0 rejected, 0 remarks",
        "\"is_late\":false",
        "copied the city as of",
        "to restored: ",
        "to restored-copy: ",
        "\"agree\":",
        "written, masked: tables: areas.csv areas.geojson cases.csv components.csv",
        "written, unmasked: opened:",
        "handed over: handover",
        "taken over: handover",
        "SM3 of the manifest: ",
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
    // Moved in; restored twice; taken over, and verified once more.
    let sound = "everything is as it should be";
    assert_eq!(said.matches(sound).count(), 5, "{said}");
    let mode = |path: &str| {
        fs::metadata(folder.path().join(path))
            .unwrap()
            .permissions()
            .mode()
    };
    for (path, expected) in [
        ("tables", 0o700),
        ("tables/reports.csv", 0o600),
        ("opened/reports.xlsx", 0o600),
        ("handover", 0o700),
        ("handover/account.ndjson", 0o600),
        ("handover/keys.sealed", 0o600),
        ("elsewhere/keys", 0o600),
    ] {
        assert_eq!(mode(path) & 0o777, expected, "{path}");
    }
    // What was imported is in the tables.
    let read = |path: &str| {
        let bytes = fs::read(folder.path().join(path)).unwrap();
        table::Table::read(&bytes, path).unwrap()
    };
    // 49 of them unit grids, cut from the outline of a village.
    assert_eq!(read("tables/areas.csv").len(), 367 + 49);
    assert_eq!(read("tables/components.csv").len(), 2);
    assert_eq!(read("tables/reports.csv").len(), 4_326 + 2_816);
    assert_eq!(read("opened/reports.xlsx").len(), 4_326 + 2_816);
    assert_eq!(read("tables/staff.csv").len(), 7);
    // The templates are workbooks that the imports understand.
    for (file, columns) in [("organisations.xlsx", 6), ("staff.xlsx", 7)] {
        let bytes = fs::read(folder.path().join(file)).unwrap();
        assert_eq!(
            table::Table::read(&bytes, file).unwrap().header.len(),
            columns
        );
    }
}
