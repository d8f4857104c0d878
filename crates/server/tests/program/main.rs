//! The built program from outside: real input through the whole loop, many at once, and `kill -9`, on both databases.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_page;
mod backup;
mod faults;
mod handover;
mod import_cases;
mod operations;
mod real_input;
mod replay;

use bench::program::Launch;
use std::path::{Path, PathBuf};
use store::testing::TestStore;

/// The binary under test.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chengyun"))
}

/// A data directory of the test's own, and the database beside it.
struct Place {
    folder: tempfile::TempDir,
    /// A schema of the private PostgreSQL server; dropped with this.
    schema: Option<TestStore>,
}

impl Place {
    fn embedded() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            schema: None,
        }
    }

    /// None when there is no PostgreSQL here (which in CI is a failure).
    fn postgres() -> Option<Self> {
        let schema = store::testing::postgres(&[], &store::testing::system_clock())?;
        // Only the empty schema is wanted: the program under test is to be alone with it.
        schema.store.close();
        Some(Self {
            folder: tempfile::tempdir().unwrap(),
            schema: Some(schema),
        })
    }

    fn launch(&self, command: &'static str) -> Launch<'_> {
        Launch {
            binary: binary(),
            command,
            data_dir: self.folder.path(),
            database_url: self.url(),
        }
    }

    fn url(&self) -> Option<&str> {
        self.schema
            .as_ref()
            .map(|schema| schema.options.url.as_str())
    }
}

/// Runs `test` on each engine.
fn each_engine(test: impl Fn(&Place)) {
    test(&Place::embedded());
    if let Some(place) = Place::postgres() {
        test(&place);
    }
}

/// Real data beside the checkout, if it is there.
fn real_data(relative: &str) -> Option<PathBuf> {
    table::testing::real_data(relative)
}
