//! Standards, taxonomies and the crosswalk from files.

use crate::city::*;
use calendar::{BareUnits, Limit};
use registry::{CategoryKind, RegistryError, Relation, StandardImport, StandardKey};

fn key(code: &str, version: &str) -> StandardKey {
    StandardKey {
        code: code.to_owned(),
        version: version.to_owned(),
    }
}

const RULES: &str = "kind,big_code,big_name,small_code,small_name,responsible_units,supervising_units,filing_condition,closing_condition,time_limit\n";

#[test]
fn the_519_real_rule_rows_go_in_but_the_malformed_limit_and_a_second_run_changes_nothing() {
    let Some(table) = real_table("case_standards/standards_muban.csv") else {
        return;
    };
    on_each_engine(|fresh, registry| {
        let options = standard("YC", "2023", "立案、处置和结案标准");
        let rehearsal = StandardImport {
            dry_run: true,
            ..options.clone()
        };
        let report = import_standard(registry, &table, &rehearsal).unwrap();
        assert_eq!(counts(&report), (519, 518, 0, 1));
        assert_eq!(
            count(fresh, "SELECT COUNT(*) FROM standard"),
            0,
            "a rehearsal writes nothing"
        );

        let report = import_standard(registry, &table, &options).unwrap();
        assert_eq!(counts(&report), (519, 518, 0, 1));
        let [(402, "time_limit", reason)] = rejections(&report)[..] else {
            panic!("{:?}", report.rejected)
        };
        assert!(reason.contains("1紧急工作时制止"), "{reason}");
        assert_eq!(report.rejected[0].line, 403);
        assert_eq!(report.remarks, []);

        let rules = registry.snapshot().rules.clone();
        let stored = rules.standard_by_key(&key("YC", "2023")).unwrap();
        let of_kind = |kind, level| {
            let members = rules.categories(stored.id).iter();
            members
                .filter(|c| c.kind == kind && c.level == level)
                .count()
        };
        assert_eq!(of_kind(CategoryKind::Component, 1), 5);
        assert_eq!(of_kind(CategoryKind::Component, 2), 92);
        assert_eq!(of_kind(CategoryKind::Event, 1), 6);
        assert_eq!(of_kind(CategoryKind::Event, 2), 98);
        let felling = rules.category_by_code(stored.id, CategoryKind::Event, "0122");
        let felling = rules.rule_rows_of(felling.unwrap().id);
        assert!(
            felling
                .iter()
                .all(|rule| rule.text.filing_condition != "未经审批砍伐或破坏树木")
        );
        assert!(!felling.is_empty(), "its other conditions are there");
        let manhole = rules
            .category_by_code(stored.id, CategoryKind::Component, "0101")
            .unwrap();
        assert_eq!(manhole.name, "上水井盖");
        let limits: Vec<_> = rules
            .rule_rows_of(manhole.id)
            .iter()
            .map(|r| r.limit.clone())
            .collect();
        assert_eq!(
            limits,
            [
                Limit::urgent_hours(2),
                Limit::working_hours(4),
                Limit::working_days(2),
                Limit::working_days(5)
            ]
        );
        let first = &rules.rule_rows_of(manhole.id)[0];
        assert_eq!(
            first.text.responsible_names().collect::<Vec<_>>(),
            ["运城市城市节约用水中心", "各产权单位"]
        );
        assert_eq!(registry.rule_row(first.id).as_ref(), Some(first));

        let audited = count(
            fresh,
            "SELECT COUNT(*) FROM audit WHERE action = 'standard_import'",
        );
        assert_eq!(audited, 1 + 5 + 92 + 6 + 98 + 518);
        let report = import_standard(registry, &table, &options).unwrap();
        assert_eq!(counts(&report), (519, 0, 518, 1));
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM audit"), audited);
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM rule_row"), 518);
    });
}

#[test]
fn the_279_real_rows_with_their_law_are_another_version() {
    let Some(table) = real_table("case_standards/standards_full_with_law.csv") else {
        return;
    };
    on_each_engine(|_, registry| {
        let options = standard("YC", "2021-law", "部件立案标准（附法律依据）");
        let report = import_standard(registry, &table, &options).unwrap();
        assert_eq!(counts(&report), (279, 279, 0, 0), "{:?}", report.rejected);
        // One class has two names in the file: the first is kept, and every row with the other is remarked upon.
        assert_eq!(report.remarks.len(), 59);
        assert!(
            report
                .remarks
                .iter()
                .all(|r| r.column.as_deref() == Some("big_name"))
        );
        let rules = registry.snapshot().rules.clone();
        let stored = rules.standard_by_key(&options.key).unwrap();
        assert_eq!(rules.categories(stored.id).len(), 5 + 66);
        let tree = rules
            .category_by_code(stored.id, CategoryKind::Component, "0402")
            .unwrap();
        let seasonal = rules
            .rule_rows_of(tree.id)
            .iter()
            .find(|r| r.text.filing_condition == "缺失")
            .unwrap();
        assert_eq!(
            (seasonal.limit.season(), seasonal.text.limit_text.as_str()),
            (Some("种植季节"), "种植季节15工作日")
        );
        assert!(
            seasonal
                .text
                .legal_basis
                .as_ref()
                .unwrap()
                .contains("城市绿化条例")
        );
        let report = import_standard(registry, &table, &options).unwrap();
        assert_eq!(counts(&report), (279, 0, 279, 0));
    });
}

#[test]
fn the_national_catalogue_is_paired_with_an_old_standard_by_code_and_checked_by_name() {
    let (Some(old), Some(new)) = (
        real_table("case_standards/standards_muban.csv"),
        real_table("case_standards/gbt47678_5_catalogue.tsv"),
    ) else {
        return;
    };
    on_each_engine(|fresh, registry| {
        let report = import_standard(
            registry,
            &new,
            &standard("GBT47678.5", "2026", "管理部件和事项"),
        )
        .unwrap();
        assert_eq!(counts(&report), (403, 403, 0, 0));
        let report = import_standard(
            registry,
            &new,
            &standard("GBT47678.5", "2026", "管理部件和事项"),
        )
        .unwrap();
        assert_eq!(counts(&report), (403, 0, 403, 0));
        import_standard(registry, &old, &standard("YC", "2023", "立案标准")).unwrap();
        let rules = registry.snapshot().rules.clone();
        let id = |code: &str, version: &str| rules.standard_by_key(&key(code, version)).unwrap().id;
        let (from, to) = (id("YC", "2023"), id("GBT47678.5", "2026"));
        assert_eq!(rules.categories(to).len(), 5 + 10 + 403);

        let rehearsal = wait(registry.crosswalk_build(&console(), from, to, true)).unwrap();
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM crosswalk"), 0);
        let report = wait(registry.crosswalk_build(&console(), from, to, false)).unwrap();
        assert_eq!(report, rehearsal);
        // 190 old categories.
        assert_eq!(
            (
                report.same,
                report.renamed,
                report.moved,
                report.unmatched.len()
            ),
            (97, 19, 13, 61)
        );
        assert_eq!(report.changed, 129);
        let again = wait(registry.crosswalk_build(&console(), from, to, false)).unwrap();
        assert_eq!(again.changed, 0, "a second run changes nothing");

        let rules = registry.snapshot().rules.clone();
        let successor = |kind, code: &str| {
            let old = rules.category_by_code(from, kind, code).unwrap();
            let [row] = rules.successors(old.id) else {
                return None;
            };
            let new = rules.category(row.to_category_id).unwrap();
            assert!(rules.predecessors(new.id).contains(row));
            Some((new.code.clone(), row.relation))
        };
        let pair = |code: &str, relation| Some((code.to_owned(), relation));
        assert_eq!(
            successor(CategoryKind::Component, "0102"),
            pair("01002", Relation::Same)
        );
        assert_eq!(
            successor(CategoryKind::Component, "0101"),
            pair("01001", Relation::Renamed)
        );
        assert_eq!(
            successor(CategoryKind::Component, "0507"),
            pair("01070", Relation::Moved)
        );
        assert_eq!(
            successor(CategoryKind::Event, "0110"),
            pair("06010", Relation::Renamed)
        );
        assert_eq!(
            successor(CategoryKind::Event, "0406"),
            pair("09006", Relation::Same)
        );
        assert_eq!(successor(CategoryKind::Event, "0505"), None);
        assert!(
            report
                .unmatched
                .iter()
                .any(|c| c.code == "0505" && c.name == "路面塌陷")
        );
    });
}

#[test]
fn the_real_taxonomy_of_appeals_gets_codes_that_stay() {
    let Some(table) = real_table("appeals/taxonomy_3level.csv") else {
        return;
    };
    on_each_engine(|_, registry| {
        let options = standard("APPEAL", "2020", "诉求分类");
        let import = |table: &table::Table, options: &StandardImport| {
            wait(registry.taxonomy_import(&console(), table, options, |_| ())).unwrap()
        };
        let report = import(
            &table,
            &StandardImport {
                dry_run: true,
                ..options.clone()
            },
        );
        assert_eq!(counts(&report), (517, 517, 0, 0));
        let report = import(&table, &options);
        assert_eq!(counts(&report), (517, 517, 0, 0));
        let rules = registry.snapshot().rules.clone();
        let id = rules.standard_by_key(&options.key).unwrap().id;
        let level = |level| {
            rules
                .categories(id)
                .iter()
                .filter(|c| c.level == level)
                .count()
        };
        assert_eq!((level(1), level(2), level(3)), (15, 118, 517));
        let first = rules
            .category_by_code(id, CategoryKind::Appeal, "0101001")
            .unwrap();
        assert_eq!(first.name, "事故处理");
        assert_eq!(counts(&import(&table, &options)), (517, 0, 517, 0));

        // A class that comes in between takes the next number, and no other changes its own.
        let more = csv(
            "level1,level2,level3\n城乡建设,安全生产,新的一类\n城乡建设,安全生产,事故处理\n全新,全新,全新\n",
        );
        assert_eq!(counts(&import(&more, &options)), (3, 2, 1, 0));
        let after = registry.snapshot().rules.clone();
        assert_eq!(
            after
                .category_by_code(id, CategoryKind::Appeal, "0101001")
                .map(|c| c.id),
            Some(first.id)
        );
        let added = after
            .categories(id)
            .iter()
            .find(|c| c.name == "新的一类")
            .unwrap();
        assert!(added.code.starts_with("0101"));
        assert_eq!(
            after
                .category_by_code(id, CategoryKind::Appeal, "1601001")
                .unwrap()
                .name,
            "全新"
        );
    });
}

#[test]
fn a_taxonomy_row_twice_or_with_a_gap_is_rejected() {
    on_each_engine(|_, registry| {
        let table = csv("一级分类,二级分类,三级分类\n甲,乙,丙\n甲,乙,丙\n甲,,丁\n");
        let options = standard("T", "1", "分类");
        let report = wait(registry.taxonomy_import(&console(), &table, &options, |_| ())).unwrap();
        assert_eq!(counts(&report), (3, 1, 0, 2));
        assert_eq!(rejections(&report)[1], (3, "二级分类", "is empty"));
    });
}

#[test]
fn a_changed_rule_is_a_new_row_and_the_old_one_stays_for_the_cases_under_it() {
    on_each_engine(|fresh, registry| {
        let options = standard("X", "1", "标准");
        let row = |limit: &str| {
            csv(&format!(
                "{RULES}component,01,公用设施,01,上水井盖,甲、乙,丙,缺失,恢复,{limit}\n"
            ))
        };
        import_standard(registry, &row("4小时"), &options).unwrap();
        let before = registry.snapshot().rules.clone();
        let standard_id = before.standard_by_key(&options.key).unwrap().id;
        let category = before
            .category_by_code(standard_id, CategoryKind::Component, "0101")
            .unwrap()
            .id;
        let old = before.rule_rows_of(category)[0].clone();

        let report = import_standard(registry, &row("2紧急工作时"), &options).unwrap();
        assert_eq!(counts(&report), (1, 1, 0, 0));
        let after = registry.snapshot().rules.clone();
        let [new] = after.rule_rows_of(category) else {
            panic!("one row holds")
        };
        assert_eq!((new.version, &new.limit), (2, &Limit::urgent_hours(2)));
        let pinned = registry.rule_row(old.id).unwrap();
        assert_eq!((&pinned.limit, pinned.version), (&old.limit, 1));
        assert!(pinned.superseded_at.is_some());
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM rule_row"), 2);

        // Title and dates of the standard may change; what its bare units mean may not.
        let retitled = StandardImport {
            name: "新标题".to_owned(),
            effective_from: Some(jiff::civil::date(2026, 7, 1)),
            ..options.clone()
        };
        assert_eq!(
            counts(&import_standard(registry, &row("2紧急工作时"), &retitled).unwrap()),
            (1, 0, 1, 0)
        );
        let stored = registry.standard(standard_id).unwrap();
        assert_eq!((stored.name.as_str(), stored.row_version), ("新标题", 2));
        assert!(!stored.is_in_force_on(jiff::civil::date(2026, 6, 30)));
        assert!(stored.is_in_force_on(jiff::civil::date(2026, 7, 1)));
        let other_units = StandardImport {
            bare_units: BareUnits::NATURAL,
            ..options
        };
        let refused = import_standard(registry, &row("4小时"), &other_units);
        assert!(
            matches!(&refused, Err(RegistryError::Invalid(fields)) if fields[0].field == "bare_units")
        );
    });
}

#[test]
fn bare_units_are_the_standards_own() {
    on_each_engine(|_, registry| {
        let table = csv(&format!(
            "{RULES}event,01,市容,01,乱堆,甲,乙,有,清,4小时\nevent,01,市容,01,乱堆,甲,乙,多,清,5天\n"
        ));
        let options = StandardImport {
            bare_units: BareUnits::NATURAL,
            ..standard("N", "1", "自然时")
        };
        import_standard(registry, &table, &options).unwrap();
        let rules = registry.snapshot().rules.clone();
        let id = rules.standard_by_key(&options.key).unwrap().id;
        let category = rules
            .category_by_code(id, CategoryKind::Event, "0101")
            .unwrap();
        let limits: Vec<_> = rules
            .rule_rows_of(category.id)
            .iter()
            .map(|r| r.limit.clone())
            .collect();
        assert_eq!(limits, [Limit::natural_hours(4), Limit::natural_days(5)]);
    });
}

#[test]
fn wrong_rule_rows_are_told_with_row_column_and_reason() {
    on_each_engine(|_, registry| {
        let table = csv(&format!(
            "{RULES}\
             component,01,公用设施,01,上水井盖,甲,乙,缺失,恢复,2紧急工作时\n\
             gadget,01,公用设施,01,上水井盖,甲,乙,破损,恢复,4小时\n\
             component,1,公用设施,01,上水井盖,甲,乙,破损,恢复,4小时\n\
             component,01,公用设施,x1,上水井盖,甲,乙,破损,恢复,4小时\n\
             component,01,公用设施,01,污水井盖,甲,乙,破损,恢复,4小时\n\
             component,01,公用设施,01,上水井盖,甲,乙,缺失,更换,4小时\n\
             component,01,公用设施,01,上水井盖,甲,乙,破损,恢复,尽快\n\
             component,01,公用设施,01,上水井盖,甲,乙,,恢复,4小时\n\
             component,01,公用设施,01,上水井盖,甲,乙,破损,,4小时\n\
             component,01,公用设施,01,上水井盖,,,破损,恢复,4小时\n"
        ));
        let report = import_standard(registry, &table, &standard("X", "1", "标准")).unwrap();
        let expected = [
            (2, "kind", "`gadget` is no kind"),
            (3, "big_code", "leading zero"),
            (4, "small_code", "not made of digits"),
            (5, "small_name", "is called `上水井盖` in row 1"),
            (6, "filing_condition", "in row 1 already"),
            (7, "time_limit", "`尽快` is no time limit"),
            (8, "filing_condition", "is empty"),
            (9, "closing_condition", "is empty"),
        ];
        let found = rejections(&report);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, wanted) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1), (wanted.0, wanted.1), "{}", found.2);
            assert!(found.2.contains(wanted.2), "{}", found.2);
        }
        assert_eq!(counts(&report), (10, 2, 0, 8), "units may be left out");
        assert!(matches!(
            import_standard(
                registry,
                &csv("kind,name\nevent,x\n"),
                &standard("X", "2", "标准")
            ),
            Err(RegistryError::Table(
                table::TableError::MissingColumns { .. }
            ))
        ));
        assert!(matches!(
            import_standard(registry, &table, &standard("含空格 的", "1", "标准")),
            Err(RegistryError::Invalid(_))
        ));
    });
}
