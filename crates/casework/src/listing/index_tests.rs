//! What the other tests cannot see from outside: what comes late.

use super::*;

fn entry(id: i64, stage: u8) -> Entry {
    Entry {
        id: Id(id),
        stage,
        level: 0,
        marks: 0,
        source: "hotline".to_owned(),
        category_id: None,
        process: None,
        holder: None,
        area: None,
        point: None,
        running: None,
    }
}

fn newest(index: &Index, find: &Find, below: Option<i64>, limit: usize) -> Vec<i64> {
    let window = Window {
        from: None,
        below: below.map(Id),
    };
    let found = index.newest(&index.rows(find), window, limit);
    found.into_iter().map(|id| id.0).collect()
}

#[test]
fn what_comes_late_stands_in_its_place_before_and_after_all_are_numbered_anew() {
    let mut index = Index::default();
    let depth_of = TreePath::depth;
    // Every third comes after all others, the latest ones in no order.
    let (late, early): (Vec<i64>, Vec<i64>) = (1..=9_000).partition(|id| id % 3 == 0);
    let mut expected: Vec<i64> = Vec::new();
    for (n, id) in early.into_iter().chain(late.into_iter().rev()).enumerate() {
        index
            .put(&entry(id, u8::from(id % 2 == 1)), &depth_of)
            .unwrap();
        expected.push(id);
        if n % 500 == 0 {
            index.tidy();
        }
        if n % 1_499 != 0 {
            continue;
        }
        let odd = Find::from(Word::Stage(1));
        for below in [None, Some(4_500), Some(1)] {
            let mut all: Vec<i64> = expected.clone();
            all.retain(|id| id % 2 == 1 && below.is_none_or(|below| *id < below));
            all.sort_unstable_by(|a, b| b.cmp(a));
            let window = Window {
                from: None,
                below: below.map(Id),
            };
            let count = index.count(&index.rows(&odd), window, u64::MAX);
            assert_eq!(count, all.len() as u64);
            all.truncate(70);
            assert_eq!(newest(&index, &odd, below, 70), all);
        }
    }
    // What is known is found again, wherever it stands.
    for id in 1..=9_000 {
        index.put(&entry(id, 7), &depth_of).unwrap();
    }
    assert_eq!(index.len(), 9_000);
    assert_eq!(
        newest(&index, &Word::Stage(7).into(), None, 3),
        [9_000, 8_999, 8_998]
    );
    assert!(newest(&index, &Word::Stage(1).into(), None, 3).is_empty());
}

#[test]
fn all_of_nothing_is_everything_and_any_of_nothing_is_nothing() {
    let mut index = Index::default();
    for id in 1..=3 {
        index.put(&entry(id, 0), &TreePath::depth).unwrap();
    }
    assert_eq!(newest(&index, &Find::All(Vec::new()), None, 9), [3, 2, 1]);
    assert!(newest(&index, &Find::Any(Vec::new()), None, 9).is_empty());
    let none = Find::Any(Vec::new()).not();
    assert_eq!(newest(&index, &none, None, 9), [3, 2, 1]);
}
