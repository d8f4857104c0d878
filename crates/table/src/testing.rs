//! Finding the real data that tests and benchmarks read, which stand beside a checkout and are never part of it.

use std::path::{Path, PathBuf};

/// The path of a real data file or folder under `../shared/data` beside the checkout, e.g. `admin_divisions/qingpu_streets.csv`.
/// When it is absent a line says that the test is left out and `None` is given; under `CI=true` its absence fails instead.
#[expect(
    clippy::disallowed_methods,
    reason = "CI is told by the environment, and only tests ask"
)]
#[expect(clippy::print_stderr, reason = "a test that was left out must say so")]
pub fn real_data(relative: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(relative);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "the real data {} are missing",
        path.display()
    );
    eprintln!("left out: there is no {}", path.display());
    None
}
