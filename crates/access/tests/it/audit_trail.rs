//! The audit trail as the auditor reads it.

use crate::city::{City, code, each_city, member};
use access::{AuditLine, Principal};
use base::{Clock as _, Id, PageRequest};
use store::audit::AuditFilter;

async fn read(city: &City<'_>, who: &Principal, filter: AuditFilter) -> Vec<AuditLine> {
    let mut page = PageRequest {
        limit: Some(2),
        after: None,
    };
    let mut lines = Vec::new();
    loop {
        let found = city.access.audit_list(who, filter.clone(), &page).await;
        let found = found.unwrap();
        assert!(found.items.len() <= 2);
        lines.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return lines;
        }
    }
}

fn actions(lines: &[AuditLine]) -> Vec<&str> {
    lines.iter().map(|line| &*line.record.action).collect()
}

#[test]
fn the_auditor_reads_what_others_did_newest_first_and_filtered() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.clock.advance_seconds(1);
        city.account("audit.one", member(&centre, "audit_admin", None))
            .await;
        city.clock.advance_seconds(1);
        let auditor = city.sign_in("audit.one").await.principal;
        let all = read(&city, &auditor, AuditFilter::default()).await;
        assert_eq!(all.len(), 4);
        assert_eq!(actions(&all[..1]), ["session_open"]);
        assert_eq!(actions(&all[3..]), ["organisation_create"]);
        assert_eq!(
            all[0].actor_names,
            Some(("audit.one".to_owned(), "张audit.one".to_owned()))
        );
        assert_eq!(all[3].actor_names, None, "the console has no account");
        let filtered = async |change: &dyn Fn(&mut AuditFilter)| {
            let mut filter = AuditFilter::default();
            change(&mut filter);
            let lines = read(&city, &auditor, filter).await;
            actions(&lines).join(" ")
        };
        let own = auditor.account_id;
        assert_eq!(filtered(&|f| f.actor = Some(own)).await, "session_open");
        assert_eq!(
            filtered(&|f| f.object = Some(centre.id)).await,
            "organisation_create"
        );
        assert_eq!(
            filtered(&|f| f.action = Some("staff_create".into())).await,
            "staff_create"
        );
        let now = city.clock.now();
        assert_eq!(filtered(&|f| f.from = Some(now)).await, "session_open");
        let later = now.plus_seconds(-1);
        assert_eq!(
            filtered(&|f| f.to = Some(later)).await,
            "organisation_create"
        );
        assert_eq!(filtered(&|f| f.object = Some(Id(4))).await, "");
    });
}

#[test]
fn who_is_no_auditor_reads_nothing_and_nonsense_is_told_as_such() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("sec.one", member(&centre, "security_admin", None))
            .await;
        let security = city.sign_in("sec.one").await.principal;
        let page = PageRequest::default();
        let refused = city
            .access
            .audit_list(&security, AuditFilter::default(), &page);
        assert_eq!(code(refused.await), "forbidden");
        let now = city.clock.now();
        let filter = AuditFilter {
            from: Some(now),
            to: Some(now),
            action: Some("x".repeat(65)),
            ..AuditFilter::default()
        };
        let page = PageRequest {
            limit: Some(201),
            after: Some("1-2".into()),
        };
        let wrong = city.access.audit_list(&city.console, filter, &page).await;
        let wrong = base::Problem::from(wrong.unwrap_err());
        let fields: Vec<_> = wrong.fields.iter().map(|f| (&*f.field, f.code)).collect();
        assert_eq!(
            fields,
            [
                ("limit", "out_of_range"),
                ("after", "malformed"),
                ("to", "out_of_range"),
                ("action", "too_long")
            ]
        );
    });
}
