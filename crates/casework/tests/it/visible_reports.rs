//! Who sees a report by the zone it was told of in, or by that of its cases.

use crate::town::*;
use crate::visibility::{STRANGER, accept, kind, place};
use access::Principal;
use base::{FailureKind, Id, Problem};
use casework::Call;
use casework::input::*;
use std::sync::Arc;

#[test]
fn who_holds_a_zone_sees_the_reports_told_of_in_it_and_those_of_its_cases() {
    each_town(|town, _| {
        let holder = |zone: Id| {
            let mut who = (*person(STRANGER, "shift_leader", None)).clone();
            who.memberships[0].zone_ids = vec![zone];
            Arc::new(who)
        };
        let (first, second) = (holder(Id(900)), holder(Id(901)));
        let view = |who: &Arc<Principal>, id| wait(town.casework.report_view(who, id));
        let sees = |who: &Arc<Principal>, id| match view(who, id) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(Problem::from(error).kind, FailureKind::NotFound);
                false
            }
        };
        // With a case and without; the first zone is where both are told of.
        for id in [town.create().report.id, town.receive().id] {
            assert!(sees(&first, id));
            assert!(!sees(&second, id));
            assert!(view(&first, id).unwrap().reporter.is_some());
        }
        // Told of in the first, joined to a case of the second: both see it; who it was only the first, where that is hidden.
        let request = ReportCreateRequest {
            place: place(121.3),
            ..report_request()
        };
        let by = call(&centre("intake_clerk"));
        let created = wait(town.casework.report_create(&by, request)).unwrap();
        let case_id = created.case.unwrap().id;
        let mut request = ReportCreateRequest {
            open_case: None,
            ..report_request()
        };
        request.reporter.as_mut().unwrap().hidden = true;
        let told = wait(town.casework.report_create(&by, request)).unwrap();
        assert!(!sees(&second, told.report.id));
        accept(town, told.report.id, &[case_id]);
        assert!(view(&first, told.report.id).unwrap().reporter.is_some());
        assert!(view(&second, told.report.id).unwrap().reporter.is_none());
        // To see is not to be told who it was.
        let unmask = ReportUnmaskRequest {
            reason: UnmaskReason::Inquiry,
        };
        let refused = wait(
            town.casework
                .report_unmask(&Call::of(second), told.report.id, unmask),
        );
        assert_eq!(kind(refused), Some(FailureKind::Forbidden));
    });
}
