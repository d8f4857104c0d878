//! Searching and alike cases: found is what fits, seen is what the law shows, and the index can always be made anew.

use crate::town::*;
use crate::visibility;
use access::Principal;
use base::{Clock, FailureKind, Id, PageRequest, Problem};
use casework::Casework;
use casework::input::*;
use casework::model::ForgetReason;
use casework::service::SearchQuery;
use casework::view::{HitKind, MarkedView, SearchView};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Store;
use store::testing::seeded_chance;

/// Until the index has seen what has happened so far.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn search(work: &Casework, who: &Arc<Principal>, text: &str) -> SearchView {
    page(work, who, text, None, 200, None)
}

fn page(
    work: &Casework,
    who: &Arc<Principal>,
    text: &str,
    kind: Option<HitKind>,
    limit: u32,
    after: Option<String>,
) -> SearchView {
    let query = SearchQuery {
        text: text.to_owned(),
        kind,
        page: PageRequest {
            limit: Some(limit),
            after,
        },
    };
    wait(work.search(who, query)).unwrap()
}

fn cases(found: &SearchView) -> BTreeSet<Id> {
    let cases = found.items.iter().filter_map(|hit| hit.case.as_ref());
    cases.map(|case| case.id).collect()
}

fn marks(text: &MarkedView) -> Vec<(u32, u32)> {
    text.marks.iter().map(|mark| (mark.from, mark.to)).collect()
}

fn count(work: &Casework, text: &str) -> usize {
    search(work, &centre("shift_leader"), text).items.len()
}

/// Opens the index and waits until it holds so many things with 井盖.
#[track_caller]
fn settled(work: &Casework, manholes: usize) {
    until("the index is complete", || {
        work.search_is_complete() == Some(true)
    });
    until("the index has followed", || count(work, "井盖") == manholes);
}

fn manhole(title: &str, detail: &str, lon: f64) -> ReportCreateRequest {
    ReportCreateRequest {
        title: title.to_owned(),
        detail: detail.to_owned(),
        place: PlaceRequest {
            lon: Some(lon),
            lat: Some(31.15),
            ..PlaceRequest::default()
        },
        ..report_request()
    }
}

fn open(town: &Town, request: ReportCreateRequest) -> Id {
    let by = call(&centre("intake_clerk"));
    let created = wait(town.casework.report_create(&by, request)).unwrap();
    created.case.unwrap().id
}

#[test]
fn all_that_is_asked_for_is_found_and_marked() {
    each_town(|town, _| {
        let folder = tempfile::tempdir().unwrap();
        let work = &town.casework;
        work.search_in(folder.path()).unwrap();
        let state = town.create().case.unwrap();
        let other = open(town, manhole("路灯不亮", "盈港路与公园路口路灯不亮", 121.3));
        // By its category it is found, too.
        settled(work, 3);
        let leader = centre("shift_leader");
        let asks = |text: &str| cases(&search(work, &leader, text));
        for text in [
            "井盖",
            "井盖缺失",
            "缺失 井盖",
            "路口的井盖",
            "城中路",
            "城中路井盖",
            "盖",
            "“井盖”！",
            "　井盖　",
            &state.case_no,
            state.case_no.rsplit('-').next().unwrap(),
            "001",
        ] {
            assert!(asks(text).contains(&state.id), "{text}");
        }
        assert_eq!(asks("盈港路路灯"), [other].into());
        assert_eq!(asks("港路"), [other].into(), "a part of a name");
        assert_eq!(
            asks("路灯 上水井盖"),
            [other].into(),
            "by its category, too"
        );
        assert_eq!(asks("区划"), [state.id, other].into(), "and by its area");
        for nothing in [
            "",
            "  ",
            "\"",
            "()*:-",
            "井盖 路灯不亮 缺失",
            "缺井",
            "盖井",
            "00999",
        ] {
            assert_eq!(asks(nothing), [].into(), "{nothing}");
        }
        // What was asked for is marked, in the title and in a piece of the words.
        let found = page(work, &leader, "缺失路口", Some(HitKind::Case), 50, None);
        let hit = &found.items[0];
        assert_eq!(
            (hit.title.text.as_str(), marks(&hit.title)),
            ("井盖缺失", vec![(2, 4)])
        );
        let snippet = hit.snippet.as_ref().unwrap();
        assert!(snippet.text.starts_with("路口井盖没了"));
        assert_eq!(marks(snippet), [(0, 2)]);
        assert!(found.is_complete);
        let report = page(work, &leader, "井盖", Some(HitKind::Report), 50, None);
        assert_eq!(report.items.len(), 1);
        assert_eq!(
            report.items[0].report.as_ref().unwrap().title.as_deref(),
            Some("井盖缺失")
        );
    });
}

#[test]
fn nobody_learns_by_searching_who_reported_or_what_is_masked() {
    each_town(|town, _| {
        let folder = tempfile::tempdir().unwrap();
        let work = &town.casework;
        work.search_in(folder.path()).unwrap();
        let created = town.create();
        settled(work, 2);
        for secret in ["13812341234", "138-1234-1234", "王小明", "小明", "381234"] {
            assert_eq!(count(work, secret), 0, "{secret}");
        }
        // Neither words nor numbers stand in the file.
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for word in ["井盖", "城中", "小明", "1381234", "310118"] {
                let has = bytes
                    .windows(word.len())
                    .any(|part| part == word.as_bytes());
                assert!(!has, "{word}");
            }
        }
        // What is forgotten is not found any more.
        let (report, case) = (created.report.id, created.case.unwrap().id);
        town.complete(case);
        let request = ReportForgetRequest {
            reason: ForgetReason::Asked,
        };
        let leader = call(&centre("shift_leader"));
        wait(work.report_forget(&leader, report, request)).unwrap();
        until("forgotten", || count(work, "缺失") == 0);
    });
}

#[test]
fn everybody_finds_what_their_list_shows_and_learns_of_no_more() {
    each_town(|town, test_store| {
        let folder = tempfile::tempdir().unwrap();
        let placed = visibility::cases(town);
        let work = &town.casework;
        work.search_in(folder.path()).unwrap();
        settled(work, 2 * placed.len());
        let step = if test_store.store.is_postgres() {
            11
        } else {
            3
        };
        let (mut found_at_all, mut hidden) = (0, 0);
        for who in visibility::everybody().iter().step_by(step) {
            let wanted: BTreeSet<Id> = (placed.iter())
                .filter(|case| who.allows("case_list") && visibility::sees(who, case))
                .map(|case| case.id)
                .collect();
            hidden += placed.len() - wanted.len();
            found_at_all += wanted.len();
            // By pages of two: each is full, and the last says that there is no more.
            let (mut found, mut after) = (BTreeSet::new(), None);
            loop {
                let found_now = page(work, who, "井盖", Some(HitKind::Case), 2, after);
                let ids = cases(&found_now);
                assert_eq!(ids.len(), found_now.items.len());
                let is_last = found.len() + ids.len() == wanted.len();
                assert_eq!(
                    found_now.next.is_none(),
                    is_last,
                    "{:?}",
                    who.memberships[0]
                );
                assert!(ids.len() == 2 || is_last);
                found.extend(ids);
                after = found_now.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, wanted, "{:?}", who.memberships[0]);
            let all = search(work, who, "井盖");
            let reports = all.items.iter().filter(|hit| hit.report.is_some()).count();
            let listed = if who.allows("report_list") {
                wait(work.report_list(who, casework::service::ReportQuery::default()))
                    .unwrap()
                    .items
                    .len()
            } else {
                0
            };
            assert_eq!(reports, listed, "{:?}", who.memberships[0]);
        }
        assert!(found_at_all > 0 && hidden > 0);
    });
}

#[test]
fn an_index_follows_is_made_anew_and_heals_to_the_same() {
    each_town(|town, test_store| {
        let folder = tempfile::tempdir().unwrap();
        let work = casework(&test_store.store);
        let keeper = work.search_in(folder.path()).unwrap();
        for n in 0..4 {
            open(town, manhole("井盖破损", &format!("第{n}个井盖"), 121.1));
        }
        town.complete(town.create().case.unwrap().id);
        settled(&work, 10);
        let questions = ["井盖", "第2个", "破损", "缺失", "001", "路"];
        let answers = |work: &Casework| {
            let leader = centre("shift_leader");
            questions.map(|text| {
                let found = search(work, &leader, text);
                found
                    .items
                    .iter()
                    .map(|hit| (hit.kind, hit.title.clone()))
                    .collect::<Vec<_>>()
            })
        };
        let followed = answers(&work);
        assert!(work.search_in(folder.path()).is_err(), "one keeps a folder");
        test_store.store.close();
        keeper.join().unwrap();
        drop(work);

        let begin = |damage: &dyn Fn(&Path)| {
            damage(folder.path());
            let clock: Arc<dyn Clock> = town.clock.clone();
            let store = Store::open(
                &test_store.options,
                &[casework::ROOM],
                clock,
                seeded_chance(),
            )
            .unwrap();
            let work = casework(&store);
            let keeper = work.search_in(folder.path()).unwrap();
            (store, work, keeper)
        };
        let words = |folder: &Path| folder.join("words.db");
        // Left as it was; something happens before it is kept again; gone; rubbish; cut off; another's.
        let damages: [&dyn Fn(&Path); 5] = [
            &|_| {},
            &|folder| std::fs::remove_file(words(folder)).unwrap(),
            &|folder| std::fs::write(words(folder), b"not a database, by no means").unwrap(),
            &|folder| {
                let file = std::fs::File::options()
                    .write(true)
                    .open(words(folder))
                    .unwrap();
                let length = file.metadata().unwrap().len();
                file.set_len(length / 2).unwrap();
            },
            &|folder| {
                let bytes = std::fs::read(words(folder)).unwrap();
                let spoilt: Vec<u8> = (bytes.iter().enumerate())
                    .map(|(at, byte)| if at > 4_096 { byte ^ 0x5a } else { *byte })
                    .collect();
                std::fs::write(words(folder), spoilt).unwrap();
            },
        ];
        for damage in damages {
            let (store, work, keeper) = begin(damage);
            settled(&work, 10);
            assert_eq!(answers(&work), followed);
            store.close();
            keeper.join().unwrap();
            drop(work);
        }
        // What happened while nobody kept it, and a rebuild by hand.
        let clock: Arc<dyn Clock> = town.clock.clone();
        let store = Store::open(
            &test_store.options,
            &[casework::ROOM],
            clock,
            seeded_chance(),
        )
        .unwrap();
        let late = Town {
            casework: casework(&store),
            clock: town.clock.clone(),
        };
        open(&late, manhole("井盖松动", "无人看见时", 121.1));
        let keeper = late.casework.search_in(folder.path()).unwrap();
        settled(&late.casework, 12);
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(late.casework.search_rebuild(elsewhere.path()).unwrap(), 12);
        let followed = answers(&late.casework);
        let rebuilt = casework(&store);
        rebuilt.search_in(elsewhere.path()).unwrap();
        settled(&rebuilt, 12);
        assert_eq!(answers(&rebuilt), followed);
        store.close();
        keeper.join().unwrap();
    });
}

#[test]
fn a_zone_drawn_anew_lets_its_holders_find_what_lies_in_it_now() {
    each_town(|town, test_store| {
        let (left, taken) = (
            open(town, manhole("井盖", "", 121.3)),
            open(town, manhole("井盖", "", 121.25)),
        );
        let mut holder = (*person(Id(555), "shift_leader", None)).clone();
        holder.memberships[0].zone_ids = vec![Id(901)];
        let holder = Arc::new(holder);
        let city = TestCity {
            zone_lon: 121.25,
            ..TestCity::default()
        };
        let anew = Town {
            casework: casework_in(&test_store.store, casework::Processes::BUILT_IN, city),
            clock: town.clock.clone(),
        };
        let folder = tempfile::tempdir().unwrap();
        town.casework.search_in(folder.path()).unwrap();
        settled(&town.casework, 4);
        let found = |work: &Casework| {
            let found = page(work, &holder, "井盖", Some(HitKind::Case), 50, None);
            cases(&found)
        };
        assert_eq!(found(&town.casework), [left].into());
        let of_another_node = tempfile::tempdir().unwrap();
        anew.casework.search_in(of_another_node.path()).unwrap();
        settled(&anew.casework, 4);
        assert_eq!(found(&anew.casework), [].into(), "not before lists show it");
        let (timer, now) = (test_store.store.next_id(), town.clock.now());
        let told = test_store
            .store
            .write_blocking(move |tx| casework::zones_changed(tx, timer, now));
        told.unwrap();
        town.clock.advance_seconds(6);
        assert_eq!(anew.fire(), 1);
        until("the index hears of it", || {
            found(&anew.casework) == [taken].into()
        });
    });
}

fn similar(work: &Casework, who: &Arc<Principal>, request: CaseSimilarRequest) -> Vec<(Id, u32)> {
    let found = wait(work.case_similar(who, request)).unwrap();
    let items = found.items.iter();
    items.map(|alike| (alike.case.id, alike.points)).collect()
}

#[test]
fn open_cases_about_the_same_are_offered_with_why() {
    each_town(|town, _| {
        let folder = tempfile::tempdir().unwrap();
        let work = &town.casework;
        work.search_in(folder.path()).unwrap();
        let near = open(town, manhole("井盖缺失", "盈港路口井盖没了", 121.100_3));
        let far = open(town, manhole("路面积水", "学校门口积水", 121.15));
        let closed = open(town, manhole("井盖缺失", "盈港路口井盖没了", 121.100_3));
        town.complete(closed);
        settled(work, 5);
        let clerk = centre("intake_clerk");
        let typed = |title: &str, lon: Option<f64>, category_id: Option<Id>| CaseSimilarRequest {
            title: title.to_owned(),
            place: PlaceRequest {
                lon,
                lat: lon.map(|_| 31.15),
                ..PlaceRequest::default()
            },
            category_id,
            ..CaseSimilarRequest::default()
        };
        let asked = typed("盈港路井盖不见了", Some(121.1), Some(CATEGORY));
        until("closed ones are not offered", || {
            similar(work, &clerk, asked.clone())
                .iter()
                .all(|(id, _)| *id != closed)
        });
        let found = wait(work.case_similar(&clerk, asked.clone())).unwrap();
        let first = &found.items[0];
        assert_eq!(first.case.id, near);
        // 29 m, the same category, 井盖 and 盈港路, today.
        assert_eq!(
            (first.distance_m, first.points),
            (Some(29), 40 + 25 + 16 + 10)
        );
        assert_eq!(first.kinship, Some(casework::search::Kinship::Category));
        assert_eq!(first.words, ["盈港路", "井盖"]);
        assert_eq!(marks(&first.title), [(0, 2)]);
        // Without a place by its words; a category alone is enough on the day only.
        let by_words = similar(
            work,
            &clerk,
            typed("盈港路 井盖 没了", None, Some(CATEGORY)),
        );
        assert_eq!(by_words[0].0, near);
        assert!(similar(work, &clerk, typed("完全无关的内容", None, None)).is_empty());
        assert!(similar(work, &clerk, CaseSimilarRequest::default()).is_empty());
        let by_place = similar(work, &clerk, typed("", Some(121.150_1), None));
        assert_eq!(by_place, [(far, 50)]);
        // Whoever does not see it is not offered it.
        let stranger = person(Id(555), "shift_leader", Some(street(2)));
        assert!(similar(work, &stranger, asked.clone()).is_empty());
        let wrong = CaseSimilarRequest {
            limit: Some(21),
            title: "长".repeat(201),
            ..CaseSimilarRequest::default()
        };
        let refused = Problem::from(wait(work.case_similar(&clerk, wrong)).unwrap_err());
        assert_eq!(
            (refused.kind, refused.fields.len()),
            (FailureKind::Invalid, 2)
        );
    });
}

#[test]
fn too_long_a_question_is_refused_and_any_other_is_answered() {
    each_town(|town, _| {
        let folder = tempfile::tempdir().unwrap();
        let work = &town.casework;
        let leader = centre("shift_leader");
        let unkept = search(work, &leader, "井盖");
        assert!(!unkept.is_complete && unkept.items.is_empty());
        work.search_in(folder.path()).unwrap();
        until("complete", || work.search_is_complete() == Some(true));
        let ask = |text: String, after: Option<&str>| {
            let query = SearchQuery {
                text,
                kind: None,
                page: PageRequest {
                    limit: None,
                    after: after.map(str::to_owned),
                },
            };
            wait(work.search(&leader, query))
        };
        let refused = Problem::from(ask("井".repeat(101), None).unwrap_err());
        assert_eq!(refused.fields[0].code, "too_long");
        assert!(ask("井盖".to_owned(), Some("no cursor")).is_err());
        let odd = [
            "AND",
            "OR",
            "NOT",
            "NEAR(",
            "\"",
            "words:x",
            "^",
            "*",
            "a\u{0}b",
            "-",
            "{}",
            "🙂",
            "\u{10ffff}",
            "ﬁ",
            "İstanbul",
            "一二三四五六七八九十",
        ];
        for text in odd {
            assert!(ask(text.to_owned(), None).is_ok(), "{text:?}");
        }
        assert!(ask("甲乙丙丁".repeat(25), None).is_ok());
    });
}
