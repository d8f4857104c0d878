//! What this room and others write into audit entries: in which capacity and by what means somebody acted, and who read
//! personal data for which reason.

use crate::mask;
use crate::principal::{Actor, Means, Principal};
use base::{Id, Timestamp};
use serde_json::{Value, json};
use store::{AuditEntry, StoreError, Tx};

/// The detail of an audit entry: `more` (an object; never personal data), the acting role and organisation, and the session or
/// token, which leads to the address it was used from.
pub fn detail(caller: &Principal, actor: &Actor, more: Value) -> String {
    let mut detail = match more {
        Value::Object(map) => map,
        Value::Null => serde_json::Map::new(),
        other => [("value".to_owned(), other)].into_iter().collect(),
    };
    detail.insert("role".to_owned(), json!(actor.role));
    detail.insert("organisation_id".to_owned(), json!(actor.organisation_id));
    let (means, id) = match caller.means {
        Means::Session(id) => ("session_id", Some(id)),
        Means::Token(id) => ("token_id", Some(id)),
        Means::Console => ("console", None),
        Means::Portal => ("portal", None),
    };
    detail.insert(means.to_owned(), id.map_or(json!(true), |id| json!(id)));
    Value::Object(detail).to_string()
}

/// Somebody reads personal data that are otherwise masked. Goes into the audit chain with the names of the fields, not their
/// values, and the reason with numbers in it masked.
#[derive(Clone, Copy, Debug)]
pub struct Unmasking<'a> {
    /// The operation, e.g. `report_unmask`.
    pub operation: &'a str,
    /// Whose data: the report, case or person.
    pub object: Id,
    /// Names of the fields, e.g. `reporter_phone`.
    pub fields: &'a [&'a str],
    /// Why, in the reader's words.
    pub reason: &'a str,
}

impl Unmasking<'_> {
    /// Writes it down, in the transaction that hands the data out.
    pub fn record(
        &self,
        tx: &mut Tx<'_>,
        at: Timestamp,
        caller: &Principal,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let more = json!({ "fields": self.fields, "reason": mask::text(self.reason) });
        tx.audit(&AuditEntry {
            at,
            actor: actor.account_id,
            action: self.operation,
            object: self.object,
            detail: &detail(caller, actor, more),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::TreePath;

    #[test]
    fn a_detail_says_who_acted_as_what_and_by_what_means() {
        let mut caller = Principal::console(Id(5), TreePath::root(1).unwrap());
        let actor = caller.acting_anywhere("area_import").unwrap();
        assert_eq!(
            detail(&caller, &actor, json!({ "rows": 3 })),
            r#"{"console":true,"organisation_id":"5","role":"console","rows":3}"#
        );
        caller.means = Means::Session(Id(9));
        assert_eq!(
            detail(&caller, &actor, Value::Null),
            r#"{"organisation_id":"5","role":"console","session_id":"9"}"#
        );
        caller.means = Means::Token(Id(8));
        assert_eq!(
            detail(&caller, &actor, json!(1)),
            r#"{"organisation_id":"5","role":"console","token_id":"8","value":1}"#
        );
    }
}
