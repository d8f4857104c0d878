//! Organisations and people from tables.

use crate::city::{City, each_city};
use access::import::{ImportError, ImportOptions, StaffImported};
use access::{OrganisationKind, Password};
use base::TreePath;
use table::{Outcome, Report, Table};

fn area(code: &str) -> Option<TreePath> {
    (code == "310118").then(|| TreePath::root(1).unwrap())
}

fn options(dry_run: bool) -> ImportOptions<'static> {
    ImportOptions {
        dry_run,
        area: &area,
        progress: &|_, _| {},
    }
}

fn table(text: &str) -> Table {
    Table::read(text.as_bytes(), "table.csv").unwrap()
}

async fn organisations(city: &City<'_>, text: &str, dry_run: bool) -> Report {
    let report = city
        .access
        .organisation_import(&city.console, &table(text), &options(dry_run))
        .await
        .unwrap();
    assert!(report.adds_up(), "{report:?}");
    report
}

async fn staff(city: &City<'_>, text: &str, dry_run: bool) -> StaffImported {
    let imported = city
        .access
        .staff_import(&city.console, &table(text), &options(dry_run))
        .await
        .unwrap();
    assert!(imported.report.adds_up(), "{:?}", imported.report);
    imported
}

fn reasons(report: &Report) -> Vec<String> {
    report.rejected.iter().map(ToString::to_string).collect()
}

const TOWN: &str = "机构编码,机构名称,机构类型,上级编码,区划代码,统一社会信用代码
LHSR-1,绿化一所,部门,LHSR,,
CYZX,区城运中心,城运中心,,310118,
LHSR,区绿化市容局,部门,CYZX,310118,
XY,夏阳街道,street,CYZX,,
";

#[test]
fn organisations_are_entered_from_the_top_whatever_their_order_and_once() {
    each_city(async |city| {
        let rehearsed = organisations(&city, TOWN, true).await;
        assert_eq!((rehearsed.stored, rehearsed.unchanged), (4, 0));
        assert_eq!(
            city.access.organisation_by_code("CYZX").await.unwrap(),
            None
        );
        let report = organisations(&city, TOWN, false).await;
        assert_eq!((report.stored, report.rejected.len()), (4, 0));
        let found = city.access.organisation_by_code("LHSR-1").await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.path.depth(), 3);
        let centre = city.access.organisation_by_code("CYZX").await.unwrap();
        let centre = centre.unwrap();
        assert_eq!(centre.kind, OrganisationKind::Centre);
        assert_eq!(centre.home_area_path, area("310118"));
        let trail = city.trail().len();
        let again = organisations(&city, TOWN, false).await;
        assert_eq!((again.stored, again.unchanged), (0, 4));
        assert_eq!(city.trail().len(), trail);
    });
}

fn outcomes(report: &Report) -> Vec<(Outcome, u64, String)> {
    let told = report.outcomes.iter();
    let mut told: Vec<_> = told
        .map(|told| (told.outcome, told.row.row, told.row.reason.clone()))
        .collect();
    told.sort_by_key(|(_, row, _)| *row);
    told
}

#[test]
fn an_organisation_that_is_there_becomes_what_its_row_says() {
    each_city(async |city| {
        organisations(&city, TOWN, false).await;
        let text = "机构编码,机构名称,机构类型,上级编码,区划代码,统一社会信用代码
CYZX,区城运中心,城运中心,,,
XY,夏阳街道办事处,工作站,CYZX,310118,
LHSR-1,绿化一所,部门,CYZX,,
NEU,新局,部门,CYZX,,
";
        let before = city.access.organisation_by_code("XY").await.unwrap();
        let trail = city.trail().len();
        let rehearsed = organisations(&city, text, true).await;
        assert_eq!(
            city.access.organisation_by_code("XY").await.unwrap(),
            before
        );
        assert_eq!(city.trail().len(), trail);
        let report = organisations(&city, text, false).await;
        // A rehearsal says what then happens.
        assert_eq!(rehearsed, report);
        assert_eq!((report.stored, report.changed, report.unchanged), (2, 1, 1));
        let area = area("310118").unwrap();
        assert_eq!(
            outcomes(&report)[..2],
            [
                // An empty cell says nothing of the area it has.
                (Outcome::Unchanged, 1, String::new()),
                (
                    Outcome::Changed,
                    2,
                    "机构名称: 夏阳街道 → 夏阳街道办事处; 机构类型: 街镇 → 联勤联动工作站; 区划代码:  → 310118"
                        .to_owned()
                ),
            ],
        );
        let told = reasons(&report).join("\n");
        assert!(
            told.contains(
                "row 3 (line 4), column 上级编码: it stands below `LHSR` and cannot be moved"
            ),
            "{told}"
        );
        let after = city
            .access
            .organisation_by_code("XY")
            .await
            .unwrap()
            .unwrap();
        let before = before.unwrap();
        assert_eq!((after.id, &after.path), (before.id, &before.path));
        assert_eq!(after.home_area_path, Some(area));
        assert_eq!(after.version, before.version + 1);
        // Whoever asks from memory sees it too, and so does another node that hears of it.
        let known = city.access.organisation_known(after.id).unwrap();
        assert_eq!(*known, after);
        let deeds = city.trail();
        assert_eq!(deeds.len(), trail + 2);
        // Brought again, it is as it is.
        let again = organisations(&city, text, false).await;
        assert_eq!((again.stored, again.unchanged), (0, 3));
        assert_eq!(city.trail().len(), trail + 2);
    });
}

#[test]
fn a_person_who_is_there_becomes_what_the_rows_say_and_others_stay() {
    each_city(async |city| {
        organisations(&city, TOWN, false).await;
        staff(&city, PEOPLE, false).await;
        let text = "工号,姓名,手机,机构编码,角色,区划代码,登录名
1,张山,13900002222,LHSR,部门,,zhangsan
1,张山,,CYZX,派遣员,310118,
3,王五,,XY,部门,,wangwu
4,赵六,,XY,部门,,
";
        let zhang = city.access.staff_by_code("1").await.unwrap().unwrap();
        let at_work = |held: &&access::Membership| held.role == "department_clerk";
        let kept = zhang.memberships.iter().find(at_work).unwrap().id;
        let trail = city.trail().len();
        let rehearsed = staff(&city, text, true).await;
        assert_eq!(rehearsed.accounts_count, 1);
        let rehearsed = rehearsed.report;
        assert_eq!(city.access.staff(zhang.id).await.unwrap().unwrap(), zhang);
        assert_eq!(city.trail().len(), trail);
        let imported = staff(&city, text, false).await;
        assert_eq!(rehearsed, imported.report);
        assert_eq!((imported.report.stored, imported.report.changed), (4, 3));
        assert_eq!(imported.accounts.len(), 1);
        let told = outcomes(&imported.report);
        assert_eq!(told[0].0, Outcome::Changed);
        for part in [
            "姓名: 张三 → 张山",
            "手机: 139****1111 → 139****2222",
            "角色: LHSR ",
        ] {
            assert!(told[0].2.contains(part), "{part}: {}", told[0].2);
        }
        assert_eq!(told[2].2, "登录名:  → wangwu");
        assert_eq!(told[3].0, Outcome::New);
        let after = city.access.staff(zhang.id).await.unwrap().unwrap();
        assert_eq!(after.phone_masked.as_deref(), Some("139****2222"));
        let mut roles: Vec<&str> = after.memberships.iter().map(|m| m.role.as_str()).collect();
        roles.sort_unstable();
        assert_eq!(roles, ["department_clerk", "dispatcher"]);
        // The duty that goes on is the one there was.
        assert_eq!(after.memberships.iter().find(at_work).unwrap().id, kept);
        // Whom the file does not mention stays.
        let li = city.access.staff_by_code("2").await.unwrap().unwrap();
        assert_eq!(li.version, 1);
        // The audit entry says that the number changed, and not which it is.
        let deeds = format!("{:?}", city.trail());
        assert!(deeds.contains("staff_update"), "{deeds}");
        assert!(!deeds.contains("13900002222"));
        let trail = city.trail().len();
        let again = staff(&city, text, false).await;
        assert_eq!((again.report.stored, again.report.unchanged), (0, 4));
        assert_eq!(again.accounts_count, 0);
        assert_eq!(city.trail().len(), trail);
    });
}

#[test]
fn wrong_organisations_are_refused_row_by_row_and_the_others_stay() {
    each_city(async |city| {
        let text = "code,name,kind,parent_code,area_code,credit_code
C,中心,城运中心,,,
A,甲,部门,B,,
B,乙,部门,A,,
D,丁,部门,B,,
C,中心二,部门,,,
E,戊,衙门,C,,
F,己,部门,NOWHERE,,
G,庚,部门,F,,
H,辛,部门,C,999999,
I,壬,部门,C,,123
,癸,部门,C,,
J,子,部门,C,,
";
        for dry_run in [true, false] {
            let report = organisations(&city, text, dry_run).await;
            assert_eq!(report.stored, 2, "{report:?}");
            let told = reasons(&report).join("\n");
            for expected in [
                "row 2 (line 3), column parent_code: it stands above itself",
                "row 3 (line 4), column parent_code: it stands above itself",
                "row 4 (line 5), column parent_code: the row of `B` above it was refused",
                "row 5 (line 6), column code: `C` stands in row 1 already",
                "row 6 (line 7), column kind: it is none of 城运中心",
                "row 7 (line 8), column parent_code: there is no organisation `NOWHERE`",
                "row 8 (line 9), column parent_code: the row of `F` above it was refused",
                "row 9 (line 10), column area_code: there is no area `999999`",
                "row 10 (line 11), column credit_code:",
                "row 11 (line 12), column code:",
            ] {
                assert!(told.contains(expected), "{expected}\n{told}");
            }
            assert_eq!(report.rejected.len(), 10);
        }
        let refused = city
            .access
            .organisation_import(&city.console, &table("code,kind\nC,部门\n"), &options(true))
            .await;
        let Err(ImportError::Table(error)) = refused else {
            panic!("{refused:?}")
        };
        assert!(
            error.to_string().contains("lacks name/机构名称/名称"),
            "{error}"
        );
    });
}

const PEOPLE: &str = "工号,姓名,手机,机构编码,角色,区划代码,登录名
1,张三,13900001111,LHSR,部门,,zhangsan
2,李四,,CYZX,值班长,310118,lisi
1,张三,,XY,处置人员,,
3,王五,,XY,department_clerk,,
";

#[test]
fn people_are_entered_with_every_duty_and_an_account_and_once() {
    each_city(async |city| {
        organisations(&city, TOWN, false).await;
        let rehearsed = staff(&city, PEOPLE, true).await;
        assert_eq!((rehearsed.report.stored, rehearsed.accounts.len()), (4, 0));
        assert!(city.access.staff_by_code("1").await.unwrap().is_none());
        let imported = staff(&city, PEOPLE, false).await;
        assert_eq!(
            (imported.report.stored, imported.report.rejected.len()),
            (4, 0)
        );
        let zhang = city.access.staff_by_code("1").await.unwrap().unwrap();
        let mut roles: Vec<&str> = zhang.memberships.iter().map(|m| m.role.as_str()).collect();
        roles.sort_unstable();
        assert_eq!(roles, ["department_clerk", "handler"]);
        let logins: Vec<&str> = imported
            .accounts
            .iter()
            .map(|(login, _)| login.as_str())
            .collect();
        assert_eq!(logins, ["zhangsan", "lisi"]);
        // The drawn password opens a session, in which it must be changed.
        let drawn = Password::new(imported.accounts[0].1.reveal().to_owned());
        let opened = city
            .access
            .session_open("zhangsan", &drawn, "here")
            .await
            .unwrap();
        assert!(opened.principal.must_change_password);
        let trail = city.trail().len();
        let again = staff(&city, PEOPLE, false).await;
        assert_eq!((again.report.unchanged, again.accounts.len()), (4, 0));
        assert_eq!(city.trail().len(), trail);
    });
}

#[test]
fn wrong_people_are_refused_whole() {
    each_city(async |city| {
        organisations(&city, TOWN, false).await;
        staff(&city, PEOPLE, false).await;
        let text = "code,name,phone,organisation_code,role,area_code,login
1,张三,12,LHSR,部门,,
3,王五,,XY,系统管理员,,
3,王五,,XY,department_clerk,,
4,赵六,,NOWHERE,部门,,
4,赵六,,LHSR,部门,,
5,钱七,,LHSR,皇帝,,
6,孙八,,LHSR,部门,,zhangsan
7,周九,,LHSR,部门,,zhoujiu
8,吴十,,LHSR,部门,,
8,吴一,,XY,部门,,
";
        let imported = staff(&city, text, false).await;
        assert_eq!(imported.report.stored, 1, "{:?}", imported.report);
        assert_eq!(imported.accounts.len(), 1);
        let told = reasons(&imported.report).join("\n");
        // Whoever is refused is not there, not even without an account; or is as before.
        let wang = city.access.staff_by_code("3").await.unwrap().unwrap();
        assert_eq!((wang.memberships.len(), wang.version), (1, 1));
        assert!(city.access.staff_by_code("6").await.unwrap().is_none());
        for expected in [
            "row 1 (line 2): phone: a phone number has 7 to 15 digits",
            "row 2 (line 3): memberships:",
            "row 3 (line 4): memberships:",
            "row 4 (line 5), column organisation_code: there is no organisation `NOWHERE`",
            "row 5 (line 6): row 4 of the same person was refused",
            "row 6 (line 7), column role: it is none of",
            "row 7 (line 8): the login name `zhangsan` is another person's",
            "row 9 (line 10): row 10 of the same person was refused",
            "row 10 (line 11), column name: row 9 has another name",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    });
}

#[test]
fn a_login_name_is_checked_before_anybody_is_entered_and_may_come_later() {
    each_city(async |city| {
        organisations(&city, TOWN, false).await;
        let header = "code,name,organisation_code,role,login\n";
        let wrong = format!(
            "{header}1,张三,LHSR,部门,z\n2,李四,LHSR,部门,Lisi\n3,王五,XY,部门,lisi\n4,赵六,XY,部门,\n"
        );
        for dry_run in [true, false] {
            let imported = staff(&city, &wrong, dry_run).await;
            assert_eq!(imported.report.stored, 2);
            let told = reasons(&imported.report).join("\n");
            assert!(
                told.contains("row 1 (line 2): login_name: 3 to 64 of a-z"),
                "{told}"
            );
            assert!(
                told.contains("row 3 (line 4), column login: row 2 has the same login name"),
                "{told}"
            );
        }
        assert!(city.access.staff_by_code("1").await.unwrap().is_none());
        // The file mended, those who were refused come in, and whoever had no account gets one.
        let mended = format!(
            "{header}1,张三,LHSR,部门,zhangsan\n2,李四,LHSR,部门,lisi\n3,王五,XY,部门,wangwu\n4,赵六,XY,部门,zhaoliu\n"
        );
        let imported = staff(&city, &mended, false).await;
        assert_eq!((imported.report.stored, imported.report.unchanged), (3, 1));
        let logins: Vec<&str> = (imported.accounts.iter())
            .map(|(login, _)| login.as_str())
            .collect();
        assert_eq!(logins, ["zhangsan", "wangwu", "zhaoliu"]);
        let other = format!("{header}2,李四,LHSR,部门,lisi2\n");
        let told = reasons(&staff(&city, &other, false).await.report).join("\n");
        assert!(told.contains("the person signs in as `lisi`"), "{told}");
    });
}
