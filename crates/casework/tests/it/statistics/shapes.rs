//! Levels of areas, roles, zones of reports, what has changed since another window: each held against a recount by hand of the
//! obligations that stand behind the numbers.

use super::*;
use base::Clock as _;

const FRIDAY: &str = "from=2026-11-20T00:00:00%2B08:00&until=2026-11-21T00:00:00%2B08:00";

/// The lines of a group as `(key, count)` of one measure, those with none left out.
fn of(town: &Town, query: &str, measure: &str) -> Vec<(String, i64)> {
    lines(&town.numbers(&centre("shift_leader"), query))
        .into_iter()
        .filter_map(|(key, line)| Some((key, *line.get(measure)?)))
        .collect()
}

#[test]
fn areas_roll_up_to_every_level_and_above_the_tree_to_its_top() {
    each_town(|town, _| {
        day(town);
        town.receive_as(
            &json!({"source": "hotline", "title": "井盖缺失", "detail": "村口",
            "place": {"lon": 121.1, "lat": 31.1, "area_code": "310118001001"},
            "open_case": {"category_id": CATEGORY}}),
        );
        town.minutes(2 * 24 * 60);
        let (first, second) = (street(1).to_string(), street(2).to_string());
        let village = street(1).child(1).unwrap().to_string();
        let whole = vec![(district().to_string(), 6)];
        // From sums of days, and from the obligations themselves: an hour is no whole day.
        for window in [
            "from=2026-11-19T00:00:00%2B08:00",
            "from=2026-11-20T08:30:00%2B08:00&until=2026-11-20T20:30:00%2B08:00",
        ] {
            let cases = |level: &str| of(town, &format!("{window}&group=area{level}"), "cases");
            for level in ["&level=province", "&level=city", "&level=district"] {
                assert_eq!(cases(level), whole, "{level}");
            }
            for level in ["", "&level=street"] {
                assert_eq!(cases(level), [(first.clone(), 5), (second.clone(), 1)]);
            }
            // What lies in a street and in none of its villages is the street's own.
            let below = [
                (first.clone(), 4),
                (village.clone(), 1),
                (second.clone(), 1),
            ];
            for level in ["&level=village", "&level=grid"] {
                assert_eq!(cases(level), below, "{level}");
            }
        }
    });
}

#[test]
fn a_line_for_each_role_has_what_that_role_is_judged_by() {
    each_town(|town, _| {
        day(town);
        town.minutes(2 * 24 * 60);
        let leader = centre("shift_leader");
        for window in WINDOWS {
            let numbers = town.numbers(&leader, &format!("{window}&group=role"));
            let found = lines(&numbers);
            assert!(found.len() > 2, "{window}: {found:?}");
            for (role, line) in &found {
                let asked = town.numbers(&leader, &format!("{window}&role={role}"));
                assert_eq!(line, &measures(&asked["total"]), "{window} {role}");
                // Counted once more by who did it.
                let persons = lines(&town.numbers(&leader, &format!("{window}&group=person")));
                let prefix = format!("{role}/");
                for (code, count) in line {
                    let of_persons = persons.iter().filter(|(key, _)| key.starts_with(&prefix));
                    let sum: i64 = of_persons.filter_map(|(_, line)| line.get(code)).sum();
                    assert_eq!(sum, *count, "{window} {role} {code}");
                }
            }
        }
    });
}

/// A rate or measure as it has changed, counted anew from two lines.
fn recounted(now: f64, then: f64) -> Value {
    let direction = match now.partial_cmp(&then).unwrap() {
        std::cmp::Ordering::Less => "fall",
        std::cmp::Ordering::Equal => "same",
        std::cmp::Ordering::Greater => "rise",
    };
    let round = |number: f64| (number * 10_000.0).round() / 10_000.0;
    let mut change = json!({"direction": direction, "difference": round(now - then)});
    if then != 0.0 {
        change["share"] = json!(round((now - then) / then));
    }
    change
}

#[test]
fn every_measure_and_rate_says_how_it_has_changed() {
    each_town(|town, _| {
        day(town);
        // The next day three reports come in and one of them is answered.
        town.minutes(13 * 60);
        for _ in 0..3 {
            town.receive_as(&new_report());
        }
        town.receive_as(&new_case("hotline", 121.1));
        town.minutes(12 * 60);
        let leader = centre("leader");
        let query = "from=2026-11-21T00:00:00%2B08:00&until=2026-11-22T00:00:00%2B08:00&group=area&compare=true";
        let numbers = town.numbers(&leader, query);
        let total = &numbers["total"];
        let reports = &total["previous"]["change"]["measures"]["reports"];
        assert_eq!(
            *reports,
            json!({"direction": "fall", "difference": -4.0, "share": -0.5})
        );
        let since_nothing = &total["year_before"]["change"]["measures"]["reports"];
        assert_eq!(
            *since_nothing,
            json!({"direction": "rise", "difference": 4.0})
        );
        // Eight came in, four of them worth a case; four, none of which is filed yet.
        assert_eq!(
            total["previous"]["change"]["rates"]["report_validity"],
            json!({"direction": "fall", "difference": -0.5, "share": -1.0})
        );
        let all = [total]
            .into_iter()
            .chain(numbers["lines"].as_array().unwrap());
        for line in all {
            for other in ["previous", "year_before"] {
                let (then, change) = (&line[other], &line[other]["change"]);
                let (a, b) = (measures(line), measures(then));
                let codes: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
                assert_eq!(change["measures"].as_object().unwrap().len(), codes.len());
                let of = |counts: &BTreeMap<String, i64>, code: &str| {
                    counts.get(code).copied().unwrap_or(0) as f64
                };
                for code in codes {
                    let expected = recounted(of(&a, code), of(&b, code));
                    assert_eq!(change["measures"][code], expected, "{other} {code}");
                }
                for (code, rate) in line["rates"].as_object().unwrap() {
                    let Some(share) = then["rates"][code]["share"].as_f64() else {
                        assert!(change["rates"].get(code).is_none(), "{other} {code}");
                        continue;
                    };
                    let expected = recounted(rate["share"].as_f64().unwrap(), share);
                    assert_eq!(change["rates"][code], expected, "{other} {code}");
                }
            }
        }
        // What a line has on the average, of all lines.
        let sums = measures(total);
        let count = numbers["lines"].as_array().unwrap().len() as f64;
        let expected = (sums["reports"] as f64 / count * 10_000.0).round() / 10_000.0;
        assert_eq!(numbers["average"]["reports"], expected);
    });
}

#[test]
fn reports_lie_in_the_zones_of_their_cases_or_of_the_place_told() {
    each_town(|town, store| {
        day(town);
        town.minutes(2 * 24 * 60);
        // Street 1 is zone 900; of the cases of the day four lie there, the fifth at 121.3 in zone 901. The three reports without a case
        // were told at 121.1.
        let by_zone = |measure: &str| of(town, &format!("{FRIDAY}&group=zone"), measure);
        let keyed = |counts: [i64; 2]| {
            let zones = ["900".to_owned(), "901".to_owned()].into_iter();
            let lines: Vec<_> = zones.zip(counts).filter(|(_, count)| *count > 0).collect();
            lines
        };
        assert_eq!(by_zone("cases"), keyed([4, 1]));
        assert_eq!(by_zone("reports"), keyed([7, 1]));
        assert_eq!(by_zone("reports_valid"), keyed([3, 1]));
        assert_eq!(by_zone("accept_done"), keyed([6, 1]));
        let numbers = town.numbers(&centre("leader"), &format!("{FRIDAY}&group=zone"));
        let validity = &numbers["lines"][0]["rates"]["report_validity"];
        assert_eq!(
            (&validity["numerator"], &validity["denominator"]),
            (&json!(3), &json!(7))
        );
        let one = format!("{FRIDAY}&zone_id=901");
        assert_eq!(of(town, &one, "reports"), [(String::new(), 1)]);
        // A zone drawn anew holds what was told there, with a case or without.
        town.receive_as(
            &json!({"source": "hotline", "title": "询问", "detail": "几点开门",
            "place": {"lon": 121.25, "lat": 31.1}}),
        );
        town.receive_as(&new_case("hotline", 121.25));
        town.count();
        let now = "from=2026-11-22T00:00:00%2B08:00&group=zone";
        assert_eq!(of(town, now, "reports"), []);
        let city = TestCity {
            zone_lon: 121.25,
            ..TestCity::default()
        };
        let anew = Town {
            casework: casework_in(&store.store, casework::Processes::BUILT_IN, city),
            clock: town.clock.clone(),
        };
        let (timer, at) = (store.store.next_id(), town.clock.now());
        let told = store
            .store
            .write_blocking(move |tx| casework::zones_changed(tx, timer, at));
        told.unwrap();
        anew.minutes(1);
        assert_eq!(of(&anew, now, "reports"), [("901".to_owned(), 2)]);
        assert_eq!(of(&anew, now, "cases"), [("901".to_owned(), 1)]);
        assert_eq!(
            of(&anew, &format!("{FRIDAY}&group=zone"), "reports"),
            keyed([7, 0])
        );
        anew.verify();
        // Made anew they are the same.
        anew.casework.statistics_rebuild().unwrap();
        assert_eq!(of(&anew, now, "reports"), [("901".to_owned(), 2)]);
    });
}
