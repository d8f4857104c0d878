//! 兜底: every area has somebody, or is named.

use crate::town::*;
use casework::input::FallbackSetRequest;

#[test]
fn areas_without_a_fallback_organisation_are_named_until_they_have_one() {
    each_town(|town, _| {
        let leader = call(&centre("shift_leader"));
        let set = |area_code: &str, organisation_id| {
            let request = FallbackSetRequest {
                area_code: area_code.to_owned(),
                organisation_id,
            };
            wait(town.casework.fallback_set(&leader, request)).unwrap();
        };
        let missing = || {
            let path = "/api/v1/fallback-organisations?limit=1";
            let page = town.get(&centre("dispatcher"), path).body;
            let listed: Vec<String> = page["missing"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|area| area["area_name"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(town.casework.verify().unwrap().without_fallback, listed);
            if let Some(after) = page["next"].as_str() {
                let next = town.get(&centre("dispatcher"), &format!("{path}&after={after}"));
                assert!(next.body.get("missing").is_none(), "{}", next.body);
            }
            listed
        };
        let name = |path: base::TreePath| format!("区划{path}");
        assert_eq!(missing(), [district(), street(1), street(2)].map(name));
        set("310118001", ROADS);
        assert_eq!(missing(), [district(), street(2)].map(name));
        // A village's own does not serve its street.
        set("310118002008", WATER);
        assert_eq!(missing(), [district(), street(2)].map(name));
        set("310118", CENTRE);
        assert_eq!(missing(), [] as [String; 0]);
    });
}
