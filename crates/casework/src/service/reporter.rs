//! What the portal needs of reports: whose they are, how their reporters are reached, what was told of a case.
//!
//! Looked up inside the portal's own transactions. What a reporter may then read and do goes through the same commands and views as
//! anybody's.

use super::Casework;
use super::sealed::{self, Reporter};
use crate::store::{CASE_ID_BY_NO, REPORT_OF_REPORTER, REPORT_SEALED, REPORTERS_OF_CASE};
use ::store::{StoreError, Tx, params};
use base::Id;

impl Casework {
    /// The report of this number, if it was told from this phone (its keyed hash).
    pub fn report_of_reporter(
        tx: &mut Tx<'_>,
        report_no: &str,
        phone_key: &[u8; 32],
    ) -> Result<Option<Id>, StoreError> {
        tx.query_opt(&REPORT_OF_REPORTER, params![report_no, phone_key], |row| {
            row.get(0)
        })
    }

    /// The phone of whoever told a report, as it was typed; none when none was given, and none once forgotten.
    pub fn reporter_phone(
        &self,
        tx: &mut Tx<'_>,
        report_id: Id,
    ) -> Result<Option<String>, StoreError> {
        let bytes = tx
            .query_opt(&REPORT_SEALED, params![report_id], |row| {
                row.get::<Option<Vec<u8>>>(1)
            })?
            .flatten();
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let context = sealed::report_reporter(report_id);
        let plain = sealed::open_plain(&self.parts().sealer, &bytes, &context)?;
        let reporter: Reporter = serde_json::from_str(&plain)
            .map_err(|error| StoreError::Corrupt(format!("{context}: {error}")))?;
        Ok(reporter.phone)
    }

    /// The case of this number.
    pub fn case_of_number(tx: &mut Tx<'_>, case_no: &str) -> Result<Option<Id>, StoreError> {
        tx.query_opt(&CASE_ID_BY_NO, params![case_no], |row| row.get(0))
    }

    /// How many people have told of a case: a phone counts once.
    pub fn reporters_of_case(tx: &mut Tx<'_>, case_id: Id) -> Result<i64, StoreError> {
        let count = tx.query_opt(&REPORTERS_OF_CASE, params![case_id], |row| row.get(0))?;
        Ok(count.unwrap_or(0))
    }
}
