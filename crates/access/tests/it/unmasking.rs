//! Reading personal data leaves a trail.

use crate::city::{each_city, member};
use access::Unmasking;
use base::Id;
use store::StoreError;

#[test]
fn who_reads_personal_data_leaves_name_time_fields_and_reason() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("clerk", member(&centre, "intake_clerk", None))
            .await;
        let clerk = city.sign_in("clerk").await.principal;
        let actor = clerk.acting_anywhere("report_unmask").unwrap();
        city.clock.advance_seconds(1);
        let (at, caller) = (city.test.store.clock().now(), clerk.clone());
        let written = city.test.store.write(move |tx| {
            let unmasking = Unmasking {
                operation: "report_unmask",
                object: Id(77),
                fields: &["reporter_phone"],
                reason: "回访 13812345678 核实地点",
            };
            unmasking.record(tx, at, &caller, &actor)
        });
        let written: Result<(), StoreError> = written.await;
        written.unwrap();
        let (who, action, object, detail) = city.trail().pop().unwrap();
        assert_eq!(
            (who, action.as_str(), object),
            (clerk.account_id.0, "report_unmask", 77)
        );
        let detail: serde_json::Value = serde_json::from_str(&detail).unwrap();
        assert_eq!(detail["fields"], serde_json::json!(["reporter_phone"]));
        assert_eq!(detail["reason"], "回访 138****5678 核实地点");
        assert_eq!(detail["role"], "intake_clerk");
    });
}
