//! Permissions and the roles that come with the product.

use super::*;

#[test]
fn every_permission_has_its_own_bit_and_name() {
    assert!(PERMISSIONS.len() <= 128, "the set has 128 bits");
    assert_eq!(
        PLACES.len(),
        PERMISSIONS.len(),
        "a name is given to one permission only"
    );
    let all = PermissionSet::all();
    assert_eq!(all.names().len(), PERMISSIONS.len());
    for permission in PERMISSIONS {
        let one = PermissionSet::from_names([permission.name]).unwrap();
        assert_eq!(one.names(), [permission.name]);
        assert!(
            permission.name.contains('_'),
            "{} is <noun>_<verb>",
            permission.name
        );
    }
}

#[test]
fn a_name_that_is_no_permission_is_refused_and_in_no_set() {
    assert_eq!(
        PermissionSet::from_names(["case_view", "case_fly"]),
        Err(UnknownPermission("case_fly".into()))
    );
    assert!(!PermissionSet::all().contains("case_fly"));
    assert!(!PermissionSet::all().contains(""));
}

#[test]
fn a_set_is_a_list_of_names_on_the_wire() {
    let set = PermissionSet::from_names(["case_view", "report_view"]).unwrap();
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(json, r#"["report_view","case_view"]"#);
    assert_eq!(serde_json::from_str::<PermissionSet>(&json).unwrap(), set);
    assert!(serde_json::from_str::<PermissionSet>(r#"["case_fly"]"#).is_err());
}

#[test]
fn the_shipped_roles_are_these_and_keep_the_separation() {
    let book = RoleBook::built_in().unwrap();
    let codes: Vec<_> = book.sorted().iter().map(|r| r.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "audit_admin",
            "department_clerk",
            "dispatcher",
            "handler",
            "inspector",
            "intake_clerk",
            "leader",
            "reporter",
            "security_admin",
            "shift_leader",
            "system_admin"
        ]
    );
    for role in book.sorted() {
        assert!(!role.permissions.is_empty(), "{} allows nothing", role.code);
    }
}

#[test]
fn every_permission_is_in_some_shipped_role() {
    let book = RoleBook::built_in().unwrap();
    let given = book
        .sorted()
        .iter()
        .fold(PermissionSet::default(), |set, role| {
            set.union(role.permissions)
        });
    let nobody: Vec<_> = PERMISSIONS
        .iter()
        .filter(|p| !given.contains(p.name))
        .collect();
    assert!(nobody.is_empty(), "nobody may {nobody:?}");
}

#[test]
fn no_shipped_role_alone_brings_a_new_acting_person_into_being() {
    let book = RoleBook::built_in().unwrap();
    for role in book.sorted() {
        let any = |names: &[&str]| names.iter().any(|name| role.permissions.contains(name));
        let says_who_works_as_what = any(&["staff_create", "staff_update", "membership_change"]);
        let lets_in = any(&["account_create", "account_password_set", "account_unlock"]);
        assert!(!(says_who_works_as_what && lets_in), "{}", role.code);
    }
}

#[test]
fn roles_that_break_the_separation_are_refused() {
    let role = |reach: &str, group: &str, permission: &str| {
        RoleBook::from_toml(&format!(
            "[[role]]\ncode = \"r\"\nname_zh = \"甲\"\nname_en = \"A\"\nreach = \"{reach}\"\n{group}\npermissions = [\"{permission}\"]"
        ))
        .map(|_| ())
    };
    assert_eq!(role("area", "", "case_view"), Ok(()));
    assert_eq!(
        role("everything", "", "case_view"),
        Err(RoleError::BoundlessWorker("r".into()))
    );
    let other_side = |permission| {
        Err(RoleError::OtherSide {
            role: "r".into(),
            permission,
        })
    };
    assert_eq!(
        role("area", "", "account_create"),
        other_side("account_create")
    );
    let group = "exclusive_group = \"audit\"";
    assert_eq!(
        role("everything", group, "case_view"),
        other_side("case_view")
    );
    assert_eq!(role("everything", group, "audit_view"), Ok(()));
    assert!(matches!(
        role("area", "", "case_fly"),
        Err(RoleError::Unreadable(_))
    ));
    assert!(matches!(
        role("galaxy", "", "case_view"),
        Err(RoleError::Unreadable(_))
    ));
}

#[test]
fn an_administrator_is_nothing_else() {
    let book = RoleBook::built_in().unwrap();
    let excluded = |administrator: &str, other: &str| {
        Err(RoleError::Excluded {
            administrator: administrator.into(),
            other: other.into(),
        })
    };
    for (codes, expected) in [
        (vec![], Ok(())),
        (vec!["dispatcher", "intake_clerk"], Ok(())),
        (vec!["audit_admin"], Ok(())),
        (vec!["audit_admin", "audit_admin"], Ok(())),
        (
            vec!["audit_admin", "system_admin"],
            excluded("audit_admin", "system_admin"),
        ),
        (
            vec!["security_admin", "audit_admin"],
            excluded("security_admin", "audit_admin"),
        ),
        (
            vec!["leader", "system_admin"],
            excluded("system_admin", "leader"),
        ),
        (vec!["boss"], Err(RoleError::Unknown("boss".into()))),
    ] {
        assert_eq!(
            book.check_person(codes.iter().copied()),
            expected,
            "{codes:?}"
        );
    }
}
