//! Components over HTTP: entering, changing, who may, and bad requests.

use super::*;
use axum::http::StatusCode;
use serde_json::{Value, json};

fn body(code: &str, owner: Option<Id>) -> Value {
    json!({"code": code, "geometry": {"type": "Point", "coordinates": [121.1, 31.1]}, "owner_id": owner})
}

#[test]
fn a_component_is_entered_once_read_changed_and_remembered() {
    on_surveyed(|fresh, registry, access| {
        let water = unit(access, "WATER");
        let organisation = access.organisation_known(water).unwrap();
        let clerk = member(&organisation, "department_clerk", None);
        let new = body("31011801001000001", Some(water));
        let key = [("idempotency-key", "one")];
        let (status, headers, made) = request(
            registry,
            &clerk,
            "POST",
            "/api/v1/components",
            &key,
            Some(&new),
        );
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(headers["etag"], "\"1\"");
        let path = headers["location"].to_str().unwrap().to_owned();
        assert_eq!(made["owner"]["name"], "青浦自来水公司");
        assert_eq!(
            (&made["name"], &made["state"], &made["area_code"]),
            (&json!("供水井盖"), &json!("intact"), &json!("310118001"))
        );
        let (again, _, same) = request(
            registry,
            &clerk,
            "POST",
            "/api/v1/components",
            &key,
            Some(&new),
        );
        assert_eq!((again, &same["id"]), (StatusCode::CREATED, &made["id"]));
        let other = body("31011801001000002", Some(water));
        let (reused, _, problem) = request(
            registry,
            &clerk,
            "POST",
            "/api/v1/components",
            &key,
            Some(&other),
        );
        assert_eq!(
            (reused, &problem["code"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("idempotency_key_reused")
            )
        );
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM component"), 1);

        let change = json!({"state": "damaged", "remark": "井盖开裂", "reason": "巡查发现"});
        let (status, headers, changed) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(status, StatusCode::OK, "{changed}");
        assert_eq!(headers["etag"], "\"2\"");
        assert_eq!(
            (&changed["state"], &changed["changed_on"]),
            (&json!("damaged"), &json!("2026-11-20"))
        );
        let (stale, _, problem) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(
            (stale, &problem["code"], &problem["current"]["version"]),
            (StatusCode::CONFLICT, &json!("concurrent_change"), &json!(2))
        );
        let (_, headers, _) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[],
            Some(&json!({"state": "damaged"})),
        );
        assert_eq!(
            headers["etag"], "\"2\"",
            "nothing changes, nothing is written"
        );
        let (_, _, cleared) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[],
            Some(&json!({"remark": null, "maintainer_id": water})),
        );
        assert_eq!(
            (&cleared["remark"], &cleared["maintainer"]["name"]),
            (&Value::Null, &json!("青浦自来水公司"))
        );

        let (_, _, history) = request(
            registry,
            &clerk,
            "GET",
            &format!("{path}/history?limit=2"),
            &[],
            None,
        );
        let items = history["items"].as_array().unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items[1]["reason"], "巡查发现");
        assert_eq!(items[1]["changes"]["state"], json!(["intact", "damaged"]));
        let (_, _, rest) = request(
            registry,
            &clerk,
            "GET",
            &format!("{path}/history?after={}", history["next"].as_str().unwrap()),
            &[],
            None,
        );
        assert_eq!(rest["items"][0]["operation"], "component_create");
        assert_eq!(rest["items"][0]["staff_id"], "41");
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM audit WHERE action LIKE 'component_%'"
            ),
            3
        );
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM outbox WHERE kind = 'component_updated'"
            ),
            2
        );

        let by_id = fresh
            .store
            .read_blocking({
                let (registry, id) = (
                    registry.clone(),
                    made["id"].as_str().unwrap().parse().unwrap(),
                );
                move |tx| registry.component_in(tx, Id(id))
            })
            .unwrap()
            .unwrap();
        assert_eq!(by_id.units.maintainer_id, Some(water));
    });
}

#[test]
fn who_may_change_a_component_is_who_reaches_its_area_or_its_organisations() {
    on_surveyed(|_, registry, access| {
        let (water, light) = (unit(access, "WATER"), unit(access, "LIGHT"));
        let clerk_of = |id| {
            member(
                &access.organisation_known(id).unwrap(),
                "department_clerk",
                None,
            )
        };
        let create = |who: &access::Principal, code: &str| {
            request(
                registry,
                who,
                "POST",
                "/api/v1/components",
                &[],
                Some(&body(code, Some(water))),
            )
            .0
        };
        assert_eq!(
            create(&clerk_of(light), "31011801001000001"),
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            create(&clerk_of(water), "31011801001000001"),
            StatusCode::CREATED
        );
        assert_eq!(
            create(&clerk_of(unit(access, "QP")), "31011801001000002"),
            StatusCode::CREATED,
            "the centre above the water works"
        );
        let system = member(
            &access.organisation_known(unit(access, "QP")).unwrap(),
            "system_admin",
            None,
        );
        assert_eq!(create(&system, "31011801001000003"), StatusCode::CREATED);
        let inspector = member(
            &access.organisation_known(water).unwrap(),
            "inspector",
            None,
        );
        assert_eq!(
            create(&inspector, "31011801001000004"),
            StatusCode::FORBIDDEN
        );
        let id = find(registry, "31011801001000001").unwrap().id;
        let change = |who: &access::Principal| {
            request(
                registry,
                who,
                "PATCH",
                &format!("/api/v1/components/{id}"),
                &[],
                Some(&json!({"state": "lost"})),
            )
            .0
        };
        assert_eq!(change(&clerk_of(light)), StatusCode::FORBIDDEN);
        assert_eq!(change(&clerk_of(water)), StatusCode::OK);
        assert!(
            wait(registry.component_import(
                &clerk_of(water),
                ComponentFile::GeoJson(b"{}"),
                &ComponentImport::default(),
                |_| ()
            ))
            .is_err()
        );
    });
}

#[test]
fn bad_requests_are_answered_with_every_wrong_field() {
    on_surveyed(|_, registry, access| {
        let who = console();
        let water = unit(access, "WATER");
        let taken = body("31011801001000001", Some(water));
        assert_eq!(
            request(
                registry,
                &who,
                "POST",
                "/api/v1/components",
                &[],
                Some(&taken)
            )
            .0,
            StatusCode::CREATED
        );
        let with = |change: Value| {
            let mut body = body("31011801001000005", None);
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            body
        };
        let many: Value = (0..51)
            .map(|n| (format!("a{n}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let creates: Vec<(Value, &[&str])> = vec![
            (json!({}), &["code"]),
            (taken, &["code"]),
            (with(json!({"code": "12"})), &["code"]),
            (with(json!({"code": "31011809999000001"})), &["code"]),
            (with(json!({"code": "32010201001000001"})), &["geometry"]),
            (
                with(json!({"geometry": {"type": "Point", "coordinates": [31.1, 121.1]}})),
                &["geometry"],
            ),
            (
                with(json!({"geometry": {"type": "Point", "coordinates": [116.4, 39.9]}})),
                &["geometry"],
            ),
            (
                with(json!({"geometry": {"type": "MultiPoint", "coordinates": [[121.1, 31.1]]}})),
                &["geometry"],
            ),
            (
                with(
                    json!({"geometry": {"type": "Polygon", "coordinates": [[[121.1, 31.1], [121.2, 31.2], [121.1, 31.2], [121.2, 31.1], [121.1, 31.1]]]}}),
                ),
                &["geometry"],
            ),
            (with(json!({"geometry": "here"})), &["geometry"]),
            (
                with(json!({"former_code": "31011801001000009"})),
                &["former_code"],
            ),
            (with(json!({"name": ""})), &["name"]),
            (with(json!({"name": "井".repeat(101)})), &["name"]),
            (with(json!({"state": "fine"})), &["state"]),
            (
                with(json!({"owner_id": "7", "maintainer_id": "8"})),
                &["owner_id", "maintainer_id"],
            ),
            (with(json!({"initial_on": "yesterday"})), &["initial_on"]),
            (with(json!({"remark": "x".repeat(1001)})), &["remark"]),
            (with(json!({"attributes": {"a": [1]}})), &["attributes"]),
            (with(json!({"attributes": many})), &["attributes"]),
            (with(json!({"colour": "red"})), &["colour"]),
        ];
        for (body, fields) in creates {
            let (status, _, problem) = request(
                registry,
                &who,
                "POST",
                "/api/v1/components",
                &[],
                Some(&body),
            );
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let named: Vec<&str> = problem["fields"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f["field"].as_str().unwrap())
                .collect();
            assert_eq!(named, fields, "{body}: {problem}");
        }
        let id = find(registry, "31011801001000001").unwrap().id;
        for (change, field) in [
            (json!({"state": null, "name": ""}), "name"),
            (
                json!({"geometry": {"type": "Point", "coordinates": [116.4, 39.9]}}),
                "geometry",
            ),
            (json!({"code": "31011809999000001"}), "code"),
            (json!({"owner_id": "7"}), "owner_id"),
            (
                json!({"initial_on": "2026-12-01", "changed_on": "2026-11-01"}),
                "changed_on",
            ),
            (json!({"reason": "x".repeat(1001)}), "reason"),
            (json!({"version": 3}), "version"),
        ] {
            let (status, _, problem) = request(
                registry,
                &who,
                "PATCH",
                &format!("/api/v1/components/{id}"),
                &[],
                Some(&change),
            );
            assert_eq!(
                (status, problem["fields"][0]["field"].as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
                "{change} {problem}"
            );
        }
        for (path, status) in [
            ("/api/v1/components/7", StatusCode::NOT_FOUND),
            ("/api/v1/components/7/history", StatusCode::NOT_FOUND),
            ("/api/v1/components/x", StatusCode::UNPROCESSABLE_ENTITY),
            (
                "/api/v1/components?category_id=7",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?state=fine",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?area_path=1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?after=x",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?limit=0",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            ("/api/v1/components?code=31011801001000001", StatusCode::OK),
            (
                "/api/v1/components?code=3",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1",
                StatusCode::OK,
            ),
            (
                "/api/v1/components/nearest?lon=31.1&lat=121.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&radius_m=5001",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&radius_m=NaN",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&limit=51",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&limit=0",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
        ] {
            assert_eq!(
                request(registry, &who, "GET", path, &[], None).0,
                status,
                "{path}"
            );
        }
    });
}
