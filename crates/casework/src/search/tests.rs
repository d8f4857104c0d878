//! Cutting, asking and finding; and real messages of citizens.

use super::*;
use std::collections::BTreeSet;

fn asked(text: &str) -> Vec<String> {
    let cutter = Cutter::default();
    let names = || Names {
        kinds: vec!["盈港路".to_owned()],
        areas: vec!["夏阳街道".to_owned()],
    };
    let pieces = Asked::parse(text, &cutter, names).pieces;
    pieces
        .iter()
        .map(|piece| piece.characters().iter().collect())
        .collect()
}

#[test]
fn what_is_typed_without_spaces_is_cut_and_idle_words_are_left_out() {
    assert_eq!(asked("盈港路井盖"), ["盈港路", "井盖"]);
    assert_eq!(asked("夏阳街道的垃圾桶"), ["夏阳街道", "垃圾桶"]);
    assert_eq!(asked("垃圾桶  满溢"), ["垃圾桶", "满溢"]);
    assert_eq!(asked("的"), ["的"], "alone it is all there is to ask for");
}

#[test]
fn signs_widths_and_capitals_make_no_difference() {
    assert_eq!(asked("“井盖”（缺失）!"), ["井盖", "缺失"]);
    assert_eq!(asked("ＷｉＦｉ　井盖"), ["wifi", "井盖"]);
    assert_eq!(asked("井盖 井盖"), ["井盖"]);
    for nothing in ["", "  ", "()\"'*-+:^~", "。，！", "\u{0}", "AND OR NOT ("] {
        let pieces = asked(nothing);
        assert!(
            pieces.iter().all(|piece| !piece.contains('"')),
            "{pieces:?}"
        );
    }
    assert_eq!(asked("()\"'*-+:^~"), Vec::<String>::new());
}

#[test]
fn digits_are_the_end_of_a_number_or_stand_in_the_text() {
    let cutter = Cutter::default();
    let number = |text: &str| Asked::parse(text, &cutter, Names::default).pieces.remove(0);
    let no = "310118-20261121-00042";
    for tail in [
        "042",
        "00042",
        "21-00042",
        "20261121-00042",
        no,
        "０００４２",
        "SQ310118-20261121-00042",
    ] {
        let piece = number(tail);
        assert!(piece.ends(no), "{tail}");
        let tail = piece.tail().unwrap();
        assert!(tails(no).contains(&tail), "{tail}");
    }
    assert!(!number("00043").ends(no));
    assert!(number("12").tail().is_none(), "two digits are a word");
    assert_eq!(number("12345").terms(), ["12", "23", "34", "45"]);
}

#[test]
fn a_piece_is_found_where_it_stands() {
    let text = plain("盈港路１２３号，盈港路口");
    assert_eq!(find_all(&text, &plain("盈港路")), [(0, 3), (8, 11)]);
    assert_eq!(find_all(&text, &plain("123号")), [(3, 7)]);
    assert!(find_all(&text, &plain("号盈")).is_empty());
    assert!(find_all(&text, &[]).is_empty());
}

#[test]
fn likeness_is_worked_out_by_hand() {
    let same = Alike {
        distance_m: Some(35.0),
        kinship: Some(Kinship::Category),
        words: vec![("井盖".into(), false), ("盈港路".into(), true)],
        age_seconds: 3_600,
    };
    assert_eq!(alike(&same), Some(30 + 25 + 8 + 14 + 10));
    let far = Alike {
        distance_m: Some(5_000.0),
        kinship: Some(Kinship::Class),
        age_seconds: 0,
        ..Alike::default()
    };
    assert_eq!(alike(&far), None, "a class and a day are not enough");
    assert_eq!(alike(&Alike::default()), None);
    let words = |count: usize| Alike {
        words: vec![("同".into(), false); count],
        age_seconds: 30 * 86_400,
        ..Alike::default()
    };
    assert_eq!(alike(&words(4)), None);
    assert_eq!(alike(&words(5)), Some(40));
    assert_eq!(
        alike(&words(9)),
        Some(40),
        "no text is alike for its length"
    );
}

/// Of every real message: each word that a dictionary finds in it leads back to it, by the terms and by the characters.
#[test]
fn every_word_of_a_real_message_finds_it() {
    let Some(path) = table::testing::real_data("appeals/messages_with_replies.csv") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let table = table::Table::read(&bytes, "messages_with_replies.csv").unwrap();
    let cutter = Cutter::default();
    let (mut messages, mut words) = (0, 0);
    for row in table.rows() {
        let text = plain(row.unwrap().get("detail").unwrap_or_default());
        let mut indexed = BTreeSet::new();
        terms(&text, &mut indexed);
        for word in cutter.words(&text, Names::default).into_iter().take(40) {
            let piece = Piece::Word(word.chars().collect());
            assert!(!piece.terms().is_empty());
            assert!(
                piece.terms().iter().all(|term| indexed.contains(term)),
                "{word}"
            );
            assert!(!find_all(&text, piece.characters()).is_empty(), "{word}");
            words += 1;
        }
        messages += 1;
    }
    assert!(messages > 2_000 && words > 50_000, "{messages} {words}");
}
