//! What the reader of time-limit texts understands, and what it refuses and why.

use calendar::{BareUnits, Limit, LimitFault};

/// The text a limit is written as without ambiguity, or the place and code of the error.
fn read(text: &str, bare: BareUnits) -> Result<String, (usize, &'static str)> {
    Limit::parse(text, &bare)
        .map(|limit| limit.to_string())
        .map_err(|error| (error.at, error.fault.code()))
}

#[test]
fn the_spellings_of_real_standards_are_understood() {
    for (text, meaning) in [
        ("2紧急工作时", "2紧急工作时"),
        ("1紧急工作日", "1紧急工作日"),
        ("4工作时", "4工作时"),
        ("3工作日", "3工作日"),
        ("5天", "5工作日"),
        ("2小时", "2工作时"),
        ("30分钟", "30分钟"),
        ("种植季节15工作日", "种植季节15工作日"),
        // Numerals.
        ("两小时", "2工作时"),
        ("三个工作日", "3工作日"),
        ("十天", "10工作日"),
        ("十五日", "15工作日"),
        ("二十四小时", "24工作时"),
        ("一百零五天", "105工作日"),
        ("一百二十天", "120工作日"),
        ("二百天", "200工作日"),
        ("半小时", "0.5工作时"),
        ("半个工作日", "0.5工作日"),
        ("一个半小时", "1.5工作时"),
        ("两天半", "2.5工作日"),
        ("0.5工作日", "0.5工作日"),
        ("1.25小时", "1.25工作时"),
        ("1.05小时", "1.05工作时"),
        ("007天", "7工作日"),
        // Forms.
        ("３工作日", "3工作日"),
        ("１．５小时", "1.5工作时"),
        (" 3 个 工作日 ", "3工作日"),
        ("3\u{3000}天", "3工作日"),
        ("\u{feff}5天", "5工作日"),
        ("3個工作日", "3工作日"),
        ("5天内", "5工作日"),
        ("5天以内", "5工作日"),
        ("5个工作日之内。", "5工作日"),
        ("3工作小时", "3工作时"),
        ("3工作天", "3工作日"),
        ("48自然小时", "48自然小时"),
        ("3自然日", "3自然日"),
        ("3日历日", "3自然日"),
        ("20工作分钟", "20工作分钟"),
        // Urgent wherever it says so.
        ("紧急2小时", "2紧急工作时"),
        ("2紧急小时", "2紧急工作时"),
        ("2小时（紧急）", "2紧急工作时"),
        ("1个紧急工作日", "1紧急工作日"),
        ("2天(紧急)以内", "2紧急工作日"),
        ("30紧急分钟", "30紧急分钟"),
        ("2紧急自然日", "2紧急工作日"),
        // Seasons are kept.
        ("种植季节内15个工作日", "种植季节15工作日"),
        ("种植季节：15工作日", "种植季节15工作日"),
        ("15工作日（种植季节）", "种植季节15工作日"),
        ("冬季5天", "冬季5工作日"),
        ("汛期2小时", "汛期2工作时"),
        ("施工期间2紧急工作时", "施工期间2紧急工作时"),
        // The largest.
        ("1000天", "1000工作日"),
        ("一千天", "1000工作日"),
        ("24000小时", "24000工作时"),
    ] {
        assert_eq!(
            read(text, BareUnits::default()),
            Ok(meaning.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn what_bare_units_mean_is_a_setting() {
    for (text, meaning) in [
        ("2小时", "2自然小时"),
        ("5天", "5自然日"),
        ("半小时", "0.5自然小时"),
        ("4工作时", "4工作时"),
        ("3工作日", "3工作日"),
        ("2紧急小时", "2紧急工作时"),
        ("30分钟", "30分钟"),
    ] {
        assert_eq!(
            read(text, BareUnits::NATURAL),
            Ok(meaning.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_limit_is_refused_with_the_place_and_the_reason() {
    for (text, at, code) in [
        ("", 1, "limit_empty"),
        (" \u{3000}", 1, "limit_empty"),
        ("1紧急工作时制止", 7, "limit_trailing_text"),
        ("3天3天", 3, "limit_trailing_text"),
        ("3天（夜间）", 3, "limit_trailing_text"),
        ("5天内完成", 4, "limit_trailing_text"),
        ("2小时/4小时", 4, "limit_trailing_text"),
        ("紧急紧急2小时", 3, "limit_no_number"),
        ("尽快", 1, "limit_no_number"),
        ("立即", 1, "limit_no_number"),
        ("紧急", 3, "limit_no_number"),
        ("-3天", 1, "limit_no_number"),
        ("约3天", 1, "limit_no_number"),
        ("不超过3天", 1, "limit_no_number"),
        ("季节3天", 1, "limit_no_number"),
        (".5天", 1, "limit_no_number"),
        ("几天", 1, "limit_no_number"),
        ("3.天", 1, "limit_bad_number"),
        ("1.2.3天", 1, "limit_bad_number"),
        ("1.234天", 1, "limit_bad_number"),
        ("一二天", 1, "limit_bad_number"),
        ("十百天", 1, "limit_bad_number"),
        ("百天", 1, "limit_bad_number"),
        ("一百五天", 1, "limit_bad_number"),
        ("零十天", 1, "limit_bad_number"),
        ("0天", 1, "limit_zero"),
        ("零小时", 1, "limit_zero"),
        ("0.00天", 1, "limit_zero"),
        (" 0 天", 2, "limit_zero"),
        ("1001天", 1, "limit_absurd"),
        ("24001小时", 1, "limit_absurd"),
        ("99999999999999999999天", 1, "limit_absurd"),
        ("3", 2, "limit_no_unit"),
        ("2紧急", 4, "limit_no_unit"),
        ("3个", 3, "limit_no_unit"),
        ("4时", 2, "limit_unknown_unit"),
        ("30分", 3, "limit_unknown_unit"),
        ("1周", 2, "limit_unknown_unit"),
        ("1个月", 3, "limit_unknown_unit"),
        ("3至5个工作日", 2, "limit_unknown_unit"),
        ("3-5天", 2, "limit_unknown_unit"),
        ("3,000天", 2, "limit_unknown_unit"),
        ("1e3天", 2, "limit_unknown_unit"),
        ("两半天", 2, "limit_unknown_unit"),
        ("2工作", 2, "limit_unknown_unit"),
        ("3 days", 3, "limit_unknown_unit"),
        ("٣天", 1, "limit_no_number"),
        ("三天".repeat(21).as_str(), 41, "limit_too_long"),
    ] {
        assert_eq!(read(text, BareUnits::default()), Err((at, code)), "{text}");
    }
}

#[test]
fn a_suggestion_is_made_where_it_is_plain_what_was_meant() {
    for (text, suggestion) in [
        ("1紧急工作时制止", Some("1紧急工作时")),
        ("5天内完成", Some("5天内")),
        ("4时", Some("4小时")),
        ("30分", Some("30分钟")),
        ("尽快", None),
        ("1周", None),
        ("0天制止", None),
        ("2小时完成（紧急）", None),
    ] {
        let error = Limit::parse(text, &BareUnits::default()).unwrap_err();
        assert_eq!(error.suggestion.as_deref(), suggestion, "{text}");
    }
    let error = Limit::parse("1紧急工作时制止", &BareUnits::default()).unwrap_err();
    assert_eq!(error.fault, LimitFault::Trailing("制止".to_owned()));
    assert_eq!(
        error.to_string(),
        "`1紧急工作时制止` is no time limit: `制止` at character 7 does not belong to it; perhaps `1紧急工作时` is meant"
    );
}

#[test]
fn a_limit_in_json_is_its_text() {
    let limit = Limit::urgent_hours(2);
    assert_eq!(serde_json::to_string(&limit).unwrap(), "\"2紧急工作时\"");
    assert_eq!(
        serde_json::from_str::<Limit>("\"2紧急工作时\"").unwrap(),
        limit
    );
    assert!(serde_json::from_str::<Limit>("\"尽快\"").is_err());
    for (made, text) in [
        (Limit::urgent_days(1), "1紧急工作日"),
        (Limit::working_hours(4), "4工作时"),
        (Limit::working_days(3), "3工作日"),
        (Limit::natural_hours(2), "2自然小时"),
        (Limit::natural_days(5), "5自然日"),
        (Limit::minutes(30), "30分钟"),
    ] {
        assert_eq!(Limit::parse(text, &BareUnits::NATURAL), Ok(made));
    }
}
