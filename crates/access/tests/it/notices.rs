//! Notices.

use crate::city::{City, code, each_city, member};
use access::{NoticeNew, Organisation, Principal, notice_put};
use base::{Id, PageRequest};
use store::StoreError;

fn notice(city: &City<'_>, to: &Organisation, staff_id: Option<Id>, key: &str) -> NoticeNew {
    NoticeNew {
        id: city.test.store.next_id(),
        organisation_id: to.id,
        organisation_path: to.path.clone(),
        staff_id,
        kind: "task_assigned".into(),
        subject_id: Id(77),
        body: "{\"case_no\":\"1\"}".into(),
        dedupe_key: key.into(),
        at: city.test.store.clock().now(),
    }
}

async fn put(city: &City<'_>, new: NoticeNew) -> bool {
    city.test
        .store
        .write(move |tx| notice_put(tx, &new))
        .await
        .unwrap()
}

async fn ids(city: &City<'_>, who: &Principal, unread: bool) -> Vec<Id> {
    let mut ids = Vec::new();
    let mut page = PageRequest {
        limit: Some(2),
        after: None,
    };
    loop {
        let found = city.access.notice_list(who, unread, &page).await.unwrap();
        ids.extend(found.items.iter().map(|notice| notice.id));
        match found.next {
            None => return ids,
            after => page.after = after,
        }
    }
}

#[test]
fn a_notice_reaches_whom_it_is_for_once_newest_first() {
    each_city(async |city| {
        let (a, b) = (
            city.organisation("A", None).await,
            city.organisation("B", None).await,
        );
        let zhang_staff = city.account("zhang", member(&a, "handler", None)).await;
        city.account("wang", member(&a, "handler", None)).await;
        city.account("bao", member(&b, "handler", None)).await;
        let zhang = city.sign_in("zhang").await.principal;
        let wang = city.sign_in("wang").await.principal;
        let bao = city.sign_in("bao").await.principal;
        let all = [
            ("k1", None),
            ("k2", Some(zhang_staff.id)),
            ("k3", None),
            ("k4", Some(zhang_staff.id)),
            ("k5", None),
        ];
        let mut put_ids = Vec::new();
        for (key, staff_id) in all {
            let new = notice(&city, &a, staff_id, key);
            put_ids.push(new.id);
            assert!(put(&city, new).await);
            assert!(
                !put(&city, notice(&city, &a, staff_id, key)).await,
                "a repetition has no effect"
            );
        }
        put_ids.reverse();
        // Of a task given nobody is told as long as it may be taken back.
        city.clock.advance_seconds(7);
        assert_eq!(ids(&city, &zhang, false).await, []);
        assert_eq!(ids(&city, &zhang, true).await, []);
        city.clock.advance_seconds(1);
        assert_eq!(ids(&city, &zhang, false).await, put_ids);
        assert_eq!(
            ids(&city, &wang, false).await,
            [put_ids[0], put_ids[2], put_ids[4]]
        );
        assert_eq!(ids(&city, &bao, false).await, []);
        let told = city
            .told()
            .into_iter()
            .filter(|(kind, _)| kind == "notice_put")
            .count();
        assert_eq!(told, 5, "and is told once");
    });
}

#[test]
fn a_notice_is_read_by_whom_it_is_for() {
    each_city(async |city| {
        let (a, b) = (
            city.organisation("A", None).await,
            city.organisation("B", None).await,
        );
        let zhang_staff = city.account("zhang", member(&a, "handler", None)).await;
        city.account("wang", member(&a, "handler", None)).await;
        city.account("bao", member(&b, "handler", None)).await;
        let zhang = city.sign_in("zhang").await.principal;
        let wang = city.sign_in("wang").await.principal;
        let bao = city.sign_in("bao").await.principal;
        let (shared, own) = (
            notice(&city, &a, None, "s"),
            notice(&city, &a, Some(zhang_staff.id), "o"),
        );
        let (shared_id, own_id) = (shared.id, own.id);
        put(&city, shared).await;
        put(&city, own).await;
        for (who, id) in [(&bao, shared_id), (&wang, own_id), (&zhang, Id(1))] {
            assert_eq!(code(city.access.notice_read(who, id).await), "not_found");
        }
        city.access.notice_read(&wang, shared_id).await.unwrap();
        city.clock.advance_seconds(60);
        city.access.notice_read(&zhang, shared_id).await.unwrap();
        assert_eq!(ids(&city, &zhang, true).await, [own_id]);
        let all = city
            .access
            .notice_list(&zhang, false, &PageRequest::default())
            .await
            .unwrap()
            .items;
        assert_eq!(all.len(), 2);
        let read_at = all
            .iter()
            .find(|n| n.id == shared_id)
            .unwrap()
            .read_at
            .unwrap();
        assert_eq!(
            read_at.plus_seconds(60),
            city.test.store.clock().now(),
            "the first reader counts"
        );
    });
}

#[test]
fn a_notice_of_a_transaction_that_fails_is_not_put() {
    each_city(async |city| {
        let a = city.organisation("A", None).await;
        city.account("zhang", member(&a, "handler", None)).await;
        let zhang = city.sign_in("zhang").await.principal;
        let new = notice(&city, &a, None, "k");
        let failed = city.test.store.write(move |tx| {
            notice_put(tx, &new)?;
            Err::<(), _>(StoreError::Statement("changed its mind".into()))
        });
        assert!(failed.await.is_err());
        assert_eq!(ids(&city, &zhang, false).await, []);
    });
}
