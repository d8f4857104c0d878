//! The API page: every request of it, run as it is written against the demo city.

use crate::Place;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// The shell blocks of a page, one after the other.
pub(super) fn script(page: &str) -> String {
    let (mut script, mut within) = (String::new(), false);
    for line in page.lines() {
        match line {
            "```sh" => within = true,
            "```" => within = false,
            line if within => writeln!(script, "{line}").unwrap(),
            _ => {}
        }
    }
    script
}

/// The refusals that the page announces: `# 409: why` behind a request.
fn announced(script: &str) -> Vec<u16> {
    let status = |line: &str| line.rsplit_once("# ")?.1.split_once(':')?.0.parse().ok();
    script.lines().filter_map(status).collect()
}

/// A `curl` that notes the status of each answer in `log`.
fn noting_curl(folder: &Path, log: &Path) {
    let found = Command::new("sh")
        .args(["-c", "command -v curl"])
        .output()
        .unwrap();
    let real = String::from_utf8(found.stdout).unwrap();
    let text = format!(
        "#!/bin/sh\nexec {} -w '%{{stderr}}%{{http_code}} %{{method}} %{{url}}\\n' \"$@\" 2>> '{}'\n",
        real.trim(),
        log.display()
    );
    let path = folder.join("curl");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn every_request_of_the_api_page_runs_as_written_and_only_those_announced_are_refused() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/API.md");
    let script = script(&fs::read_to_string(page).unwrap());
    let place = Place::embedded();
    let program = place.launch("demo").start().unwrap();
    let tools = tempfile::tempdir().unwrap();
    let log = tools.path().join("requests");
    noting_curl(tools.path(), &log);
    // The shell puts the tools that take notes before its own.
    let script = format!("PATH=\"{}:$PATH\"\n{script}", tools.path().display());
    let run = Command::new("bash")
        .args(["-eu", "-c", &script])
        .env("CHENGYUN", format!("http://{}", program.address))
        .output()
        .unwrap();
    let requests = fs::read_to_string(&log).unwrap();
    let told = format!(
        "{}\n{}\n{requests}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(run.status.success(), "{told}");
    let statuses: Vec<u16> = requests
        .lines()
        .filter_map(|line| line.split_once(' ')?.0.parse().ok())
        .collect();
    assert!(statuses.len() > 120, "{}", statuses.len());
    let refused: Vec<u16> = statuses
        .into_iter()
        .filter(|status| !(200..300).contains(status))
        .collect();
    assert_eq!(refused, announced(&script), "{told}");
    program.stop().unwrap();
}
