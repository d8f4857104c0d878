//! `chengyun template` and `chengyun import cases`: every template is read by its import; what another system did comes in; files that
//! are wrong as such are refused whole.

use super::{Place, binary, each_engine};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Output};

fn chengyun(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .current_dir(place.folder.path())
        .arg("--data-dir")
        .arg(place.folder.path().join("city"));
    if let Some(url) = place.url() {
        command.env("CHENGYUN_DATABASE_URL", url);
    }
    command.args(arguments).output().unwrap()
}

/// What it said, of which it must have made a success.
#[track_caller]
fn said(place: &Place, arguments: &[&str]) -> String {
    let output = chengyun(place, arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{complaint}");
    said
}

/// A city with what the templates have as examples.
fn move_in(place: &Place) {
    for kind in [
        "areas",
        "organisations",
        "staff",
        "standard",
        "taxonomy",
        "components",
        "appeals",
    ] {
        // Workbooks and text alike.
        let ending = if kind == "staff" { "csv" } else { "xlsx" };
        said(
            place,
            &["template", kind, "--out", &format!("{kind}.{ending}")],
        );
    }
    let centre = "机构编码,机构名称,机构类型,上级编码,区划代码\nCYZX,城运中心,城运中心,,310118\n";
    fs::write(place.folder.path().join("centre.csv"), centre).unwrap();
    let one = "1 rows read: 1 stored, 0 unchanged, 0 rejected, 0 remarks";
    let above = ["--parent-code", "310118", "--parent-name", "青浦区"];
    let key = |code| ["--code", code, "--edition", "1", "--name", code];
    for arguments in [
        [&["import", "areas", "areas.xlsx"], &above[..]].concat(),
        vec!["import", "organisations", "centre.csv"],
        vec!["import", "organisations", "organisations.xlsx"],
        vec!["import", "staff", "staff.csv"],
        [&["import", "standard", "standard.xlsx"], &key("s")[..]].concat(),
        [&["import", "taxonomy", "taxonomy.xlsx"], &key("t")[..]].concat(),
        vec!["import", "components", "components.xlsx"],
        vec!["import", "appeals", "appeals.xlsx"],
    ] {
        let told = said(place, &arguments);
        assert!(told.contains(one), "{arguments:?}: {told}");
    }
}

const ROWS: &str = "\
编号,标题,描述,上报时间,结案时间,截止,科室,小类
1,井盖缺失,路口,2019-03-01 08:00,2019-03-01 09:00,2019-03-01 10:00,市容科,上水井盖
2,井盖缺失,路口,2019-03-01 08:00,2019-03-01 11:00,2019-03-01 10:00,市容科,上水井盖
3,井盖缺失,路口,2019-03-01 08:00,,,园林科,上水井盖
4,井盖缺失,路口,2019-03-01 08:00,2019-03-01 11:00,,园林科,上水井盖
2,井盖缺失,路口,2019-03-01 08:00,2019-03-01 11:00,,市容科,上水井盖
";

fn mapping(place: &Place) -> String {
    // The first organisation of the templates, by its code.
    let organisations = fs::read(place.folder.path().join("organisations.xlsx")).unwrap();
    let table = table::Table::read(&organisations, "organisations.xlsx").unwrap();
    let row = table.rows().next().unwrap().unwrap();
    let code = row.any(&["code", "机构编码"]).unwrap().to_owned();
    said(place, &["template", "cases"])
        .replace(
            "\n[columns]",
            "\nstandard = \"s@1\"\nprocess = \"quick\"\n[columns]",
        )
        .replace("source = \"import\"", "source = \"hotline\"")
        + &format!(
            "due_at = \"截止\"\norganisation = \"科室\"\ncategory = \"小类\"\n\
            [values.organisation]\n\"市容科\" = \"{code}\"\n"
        )
}

#[test]
fn every_template_is_read_and_what_another_system_did_comes_in_once() {
    each_engine(|place| {
        move_in(place);
        // The columns of the mapping stand before its value maps, which are all examples.
        let folder = place.folder.path();
        fs::write(folder.join("rows.csv"), ROWS).unwrap();
        fs::write(folder.join("cases.toml"), mapping(place)).unwrap();
        let import = [
            "import",
            "cases",
            "rows.csv",
            "--mapping",
            "cases.toml",
            "--rows",
            "left.csv",
        ];
        let rehearsed = said(place, &[&import[..], &["--dry-run"]].concat());
        let told = said(place, &import);
        let first_line = |told: &str| told.lines().next().unwrap_or_default().to_owned();
        assert_eq!(
            first_line(&rehearsed).replace("would be stored", "stored"),
            first_line(&told)
        );
        assert!(
            rehearsed.contains("what becomes of each row"),
            "{rehearsed}"
        );
        assert!(
            told.contains("5 rows read: 2 stored, 0 unchanged, 3 rejected, 0 remarks"),
            "{told}"
        );
        assert!(told.contains("\"园林科\": 2 rows"), "{told}");
        let left = fs::read_to_string(folder.join("left.csv")).unwrap();
        assert!(
            left.contains("rejected,5,6,编号,`2` stands in row 2 already"),
            "{left}"
        );
        let again = said(place, &import);
        assert!(
            again.contains("0 stored, 2 unchanged, 3 rejected"),
            "{again}"
        );
        // A newer export: what has changed there since, and something that cannot be so.
        let newer = ROWS
            .replace("11:00,,园林科", "11:00,,市容科")
            .replace(
                "2019-03-01 09:00,2019-03-01 10:00",
                "2019-03-01 09:30,2019-03-01 10:00",
            )
            .replace("2,井盖缺失,路口", "2,井盖缺失,北侧路口");
        fs::write(folder.join("rows.csv"), newer).unwrap();
        let rehearsed = said(place, &[&import[..], &["--dry-run"]].concat());
        assert!(
            rehearsed.contains("2 would be stored (1 changed), 0 unchanged, 3 rejected"),
            "{rehearsed}"
        );
        let left = fs::read_to_string(folder.join("left.csv")).unwrap();
        for line in [
            "rejected,1,2,结案时间,\"it was brought in with 2019-03-01T09:00:00+08:00, and the file has",
            "changed,2,3,,other words or another address",
            "new,4,5,,",
        ] {
            assert!(left.contains(line), "{line}: {left}");
        }
        let newer = said(place, &import);
        assert!(newer.contains("2 stored (1 changed)"), "{newer}");
        let again = said(place, &import);
        assert!(
            again.contains("0 stored, 2 unchanged, 3 rejected"),
            "{again}"
        );
        let verified = said(place, &["verify"]);
        assert!(verified.contains("4 reports and 3 cases"), "{verified}");
    });
}

#[test]
fn a_file_that_is_wrong_as_such_is_refused_with_one_clear_reason_and_nothing_is_brought_in() {
    let place = Place::embedded();
    move_in(&place);
    let folder = place.folder.path();
    fs::write(folder.join("cases.toml"), mapping(&place)).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(ROWS.repeat(200).as_bytes()).unwrap();
    let mut packed = encoder.finish().unwrap();
    packed.truncate(packed.len() / 2);
    let line = "a".repeat(100_000_000);
    let files: [(&str, Vec<u8>, &str); 6] = [
        ("cut.csv.gz", packed, "the gzip file is broken after"),
        (
            "line.csv",
            line.clone().into_bytes(),
            "the header on line 1 cannot be read: is longer than",
        ),
        (
            "headers.csv",
            ROWS.replace("标题,描述", "标题,描写").into_bytes(),
            "columns.text: the file has no column `描述`",
        ),
        (
            "twice.csv",
            ROWS.replace("描述", "标题").into_bytes(),
            "the header names column `标题` twice",
        ),
        (
            "bytes.csv",
            b"\xe7\xbc\x96\xe5\x8f\xb7,\xe6\xa0\x87\xff\n".to_vec(),
            "does not belong",
        ),
        ("empty.csv", Vec::new(), "the file is empty"),
    ];
    let import = |file: &str, mapping: &str| {
        let output = chengyun(&place, &["import", "cases", file, "--mapping", mapping]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), told)
    };
    for (name, bytes, reason) in files {
        fs::write(folder.join(name), bytes).unwrap();
        let (done, told) = import(name, "cases.toml");
        assert!(!done && told.contains(reason), "{name}: {told}");
    }
    // A row as long is that row's fault alone.
    let with_long = ROWS.replacen("路口", &line, 1);
    fs::write(folder.join("row.csv"), with_long).unwrap();
    let (done, told) = import("row.csv", "cases.toml");
    assert!(done, "{told}");
    let rows = fs::read_to_string(folder.join("row-rows.csv")).unwrap();
    assert!(
        rows.contains("rejected,1,2,描述,is longer than 200000 bytes"),
        "{rows}"
    );
    fs::write(folder.join("wrong.toml"), "sistem = \"x\"\n").unwrap();
    fs::write(folder.join("rows.csv"), ROWS).unwrap();
    let (done, told) = import("rows.csv", "wrong.toml");
    assert!(!done && told.contains("is it `system`?"), "{told}");
    let verified = said(&place, &["verify"]);
    // What the templates brought, and of the long file the one good row that no other file spoils.
    assert!(verified.contains("2 reports and 1 cases"), "{verified}");
}
