//! Staff, memberships and accounts.

use crate::city::{code, each_city, member, password, person};
use access::{AccountNew, MembershipNew};
use base::{Id, PageRequest};

static STORED: store::Statement =
    store::Statement::fixed("SELECT phone_sealed, phone_hash FROM staff");

fn account(staff_id: Id, login_name: &str) -> AccountNew {
    AccountNew {
        staff_id,
        login_name: login_name.into(),
        password: None,
        must_change_password: false,
    }
}

#[test]
fn a_person_is_entered_with_memberships_and_the_phone_number_sealed() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let new = person(
            "001",
            vec![
                member(&centre, "dispatcher", Some("0001")),
                member(&centre, "intake_clerk", None),
            ],
        );
        let made = city
            .access
            .staff_create(&city.console, new, None)
            .await
            .unwrap();
        assert_eq!(made.phone_masked.as_deref(), Some("138****1234"));
        assert_eq!(
            city.access.staff(made.id).await.unwrap(),
            Some(made.clone())
        );
        let roles: Vec<_> = made
            .memberships
            .iter()
            .map(|m| (m.role.as_str(), m.organisation_name.as_str()))
            .collect();
        assert_eq!(roles, [("dispatcher", "机构C"), ("intake_clerk", "机构C")]);
        assert_eq!(
            made.memberships[0].area_path.as_ref().unwrap().as_str(),
            "0001"
        );
        let stored = city
            .test
            .store
            .read_blocking::<_, store::StoreError, _>(|tx| {
                tx.query(&STORED, &[], |row| {
                    Ok((row.get::<Vec<u8>>(0)?, row.get::<[u8; 32]>(1)?))
                })
            });
        let (sealed, hash) = stored.unwrap().remove(0);
        assert!(!sealed.windows(4).any(|part| part == b"1234"));
        assert_eq!(hash, city.access.sealer().keyed_hash("13812341234"));
        let trail = format!("{:?}{:?}", city.trail(), city.told());
        assert!(
            !trail.contains("1234") && !trail.contains("张"),
            "nothing personal is told: {trail}"
        );
    });
}

#[test]
fn wrong_people_are_refused_with_the_reason() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let create = async |code: &str, memberships: Vec<MembershipNew>| {
            city.access
                .staff_create(&city.console, person(code, memberships), None)
                .await
        };
        let as_role = |role: &str| member(&centre, role, None);
        create("001", vec![as_role("leader")]).await.unwrap();
        assert_eq!(
            code(create("001", vec![as_role("leader")]).await),
            "already_exists"
        );
        assert_eq!(code(create("002", vec![]).await), "memberships: required");
        assert_eq!(
            code(create("002", vec![as_role("leader"), as_role("king")]).await),
            "memberships[1].role: unknown_role"
        );
        let mut nowhere = as_role("leader");
        nowhere.organisation_id = Id(4);
        assert_eq!(
            code(create("002", vec![nowhere]).await),
            "memberships[0].organisation_id: unknown_id"
        );
        let both = vec![as_role("leader"), as_role("audit_admin")];
        assert_eq!(
            code(create("002", both).await),
            "memberships: excluded_role"
        );
        let two = vec![as_role("system_admin"), as_role("security_admin")];
        assert_eq!(code(create("002", two).await), "memberships: excluded_role");
    });
}

#[test]
fn people_are_listed_as_far_as_one_may_look() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let (east, west) = (
            city.organisation("E", Some(&centre)).await,
            city.organisation("W", Some(&centre)).await,
        );
        city.account("boss", member(&centre, "leader", None)).await;
        city.account("east", member(&east, "leader", None)).await;
        for n in 0..3 {
            let places = vec![
                member(&east, "handler", None),
                member(&west, "handler", None),
            ];
            city.access
                .staff_create(&city.console, person(&format!("e{n}"), places), None)
                .await
                .unwrap();
        }
        city.account("clerk", member(&west, "handler", None)).await;
        let listed = async |name: &str| {
            let who = city.sign_in(name).await.principal;
            let mut codes = Vec::new();
            let mut page = PageRequest {
                limit: Some(2),
                after: None,
            };
            loop {
                let found = city.access.staff_list(&who, &page).await.unwrap();
                codes.extend(found.items.iter().map(|staff| staff.code.clone()));
                assert!(
                    found
                        .items
                        .iter()
                        .all(|staff| !staff.memberships.is_empty())
                );
                match found.next {
                    None => return codes,
                    after => page.after = after,
                }
            }
        };
        assert_eq!(
            listed("boss").await,
            ["boss", "east", "e0", "e1", "e2", "clerk"]
        );
        assert_eq!(listed("east").await, ["east", "e0", "e1", "e2"]);
        let handler = city.sign_in("clerk").await.principal;
        assert_eq!(
            code(
                city.access
                    .staff_list(&handler, &PageRequest::default())
                    .await
            ),
            "forbidden"
        );
    });
}

#[test]
fn an_account_opened_for_somebody_begins_with_a_drawn_password_to_be_changed() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("sec", member(&centre, "security_admin", None))
            .await;
        let sec = city.sign_in("sec").await.principal;
        let staff = city
            .access
            .staff_create(
                &city.console,
                person("1", vec![member(&centre, "leader", None)]),
                None,
            )
            .await
            .unwrap();
        let made = city
            .access
            .account_create(&sec, account(staff.id, " Li.Si "), None)
            .await
            .unwrap();
        assert_eq!(made.login_name, "li.si");
        let first = made.initial_password.unwrap();
        let opened = city
            .access
            .session_open("LI.si", &first, "10.0.0.2")
            .await
            .unwrap();
        assert!(
            opened.principal.must_change_password,
            "although the request said no"
        );
        assert!(!opened.principal.allows("case_view"));
        city.access
            .password_change(&opened.principal, &first, &password("Brand-New-99"))
            .await
            .unwrap();
        let opened = city
            .access
            .session_open("li.si", &password("Brand-New-99"), "10.0.0.2")
            .await
            .unwrap();
        assert!(opened.principal.allows("case_view"));
    });
}

#[test]
fn wrong_accounts_are_refused_with_the_reason() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let zhang = city.account("zhang", member(&centre, "leader", None)).await;
        let li = city
            .access
            .staff_create(
                &city.console,
                person("li", vec![member(&centre, "leader", None)]),
                None,
            )
            .await
            .unwrap();
        let create = async |new| city.access.account_create(&city.console, new, None).await;
        assert_eq!(
            code(create(account(li.id, "zhang")).await),
            "already_exists"
        );
        assert_eq!(
            code(create(account(zhang.id, "zhang2")).await),
            "already_exists"
        );
        assert_eq!(
            code(create(account(li.id, "李四")).await),
            "login_name: malformed"
        );
        assert_eq!(
            code(create(account(li.id, "li")).await),
            "login_name: malformed"
        );
        assert_eq!(
            code(create(account(Id(4), "lisi")).await),
            "staff_id: unknown_id"
        );
        let weak = AccountNew {
            password: Some(password("lisi-LISI-1")),
            ..account(li.id, "lisi")
        };
        assert_eq!(code(create(weak).await), "password: contains_login_name");
        let lead = city.sign_in("zhang").await.principal;
        assert_eq!(
            code(
                city.access
                    .account_create(&lead, account(li.id, "lisi"), None)
                    .await
            ),
            "forbidden"
        );
    });
}

#[test]
fn the_same_request_for_an_account_twice_opens_one_and_tells_the_password_once() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let li = city
            .access
            .staff_create(
                &city.console,
                person("li", vec![member(&centre, "leader", None)]),
                None,
            )
            .await
            .unwrap();
        let once = || {
            city.access
                .once(&city.console, "account_create", Some("k".into()), &"li")
        };
        let first = city
            .access
            .account_create(&city.console, account(li.id, "lisi"), once())
            .await
            .unwrap();
        let again = city
            .access
            .account_create(&city.console, account(li.id, "lisi"), once())
            .await
            .unwrap();
        assert_eq!(first.id, again.id);
        assert!(first.initial_password.is_some() && again.initial_password.is_none());
    });
}

#[test]
fn two_who_enter_the_same_code_at_once_are_told_apart() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        let mut running = Vec::new();
        for _ in 0..8 {
            let (access, console, places) = (
                city.access.clone(),
                city.console.clone(),
                vec![member(&centre, "leader", None)],
            );
            running.push(tokio::spawn(async move {
                access
                    .staff_create(&console, person("1", places), None)
                    .await
            }));
        }
        let mut made = 0;
        for one in running {
            match one.await.unwrap() {
                Ok(_) => made += 1,
                refused => assert_eq!(code(refused), "already_exists"),
            }
        }
        assert_eq!(made, 1);
    });
}
