//! Real files come in, and five hundred real messages go through the whole loop by HTTP as different people.

use crate::{Place, binary, each_engine, real_data};
use bench::city::{City, Crew};
use bench::faults;
use serde_json::{Value, json};
use std::process::Command;

/// `chengyun import …` on the place's data; answers what it said. It ends with success even when rows were rejected.
fn import(place: &Place, arguments: &[&str]) -> String {
    let rows = place.folder.path().join("rows.csv");
    let mut command = Command::new(binary());
    command
        .arg("import")
        .args(arguments)
        .arg("--data-dir")
        .arg(place.folder.path())
        .arg("--rows")
        .arg(&rows);
    if let Some(url) = place.url() {
        command.arg("--database-url").arg(url);
    }
    let output = command.output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "import {arguments:?}: {said}");
    said
}

#[test]
fn real_messages_go_through_the_whole_loop_and_everything_verifies() {
    let (Some(appeals), Some(streets), Some(villages), Some(standard)) = (
        real_data("appeals/hot_topics.csv"),
        real_data("admin_divisions/qingpu_streets.csv"),
        real_data("admin_divisions/qingpu_villages.csv"),
        real_data("case_standards/standards_muban.csv"),
    ) else {
        return;
    };
    let (appeals, streets) = (appeals.display().to_string(), streets.display().to_string());
    let (villages, standard) = (
        villages.display().to_string(),
        standard.display().to_string(),
    );
    each_engine(|place| {
        // The demo brings organisations and people; everything else of this day is real.
        let (program, ..) = faults::open_demo(&place.launch("demo")).unwrap();
        program.stop().unwrap();
        import(place, &["areas", &streets]);
        import(place, &["areas", &villages]);
        let said = import(
            place,
            &[
                "standard",
                &standard,
                "--code",
                "yuncheng",
                "--edition",
                "2020",
                "--name",
                "运城市立案处置结案标准",
            ],
        );
        assert!(
            said.contains('1') && said.contains("row"),
            "the malformed limit is told: {said}"
        );
        let first = import(place, &["appeals", &appeals]);
        let second = import(place, &["appeals", &appeals]);
        assert!(first.contains("4326") || first.contains("4,326"), "{first}");
        assert_ne!(first, second, "a second run changes nothing and says so");

        let (program, city, runtime) = faults::open_demo(&place.launch("demo")).unwrap();
        let done = runtime.block_on(day(&city, 500)).unwrap();
        assert_eq!(done, 500);
        program.stop().unwrap();
        let said = faults::verify(&place.launch("demo")).unwrap();
        assert!(!said.is_empty());
    });
}

/// Accepts imported messages and takes each case to its end, by five crews at a time.
async fn day(city: &City, messages: usize) -> anyhow::Result<usize> {
    use anyhow::Context as _;
    let mut leader = city.leader.connect(city.address).await?;
    let standards: Value = leader.get("/api/v1/standards").await?.json()?;
    let standard = standards["items"]
        .as_array()
        .context("standards")?
        .iter()
        .find(|s| s["code"] == "yuncheng")
        .context("yuncheng")?;
    let standard = standard["id"].as_str().context("id")?;
    let categories: Value = leader
        .get(&format!(
            "/api/v1/standards/{standard}/categories?kind=event&limit=200"
        ))
        .await?
        .json()?;
    let mut ways = Vec::new();
    for category in categories["items"]
        .as_array()
        .context("categories")?
        .iter()
        .filter(|c| c["rule_rows"].as_u64() > Some(0))
    {
        let id = category["id"].as_str().context("id")?;
        let detail: Value = leader
            .get(&format!("/api/v1/categories/{id}"))
            .await?
            .json()?;
        let rule = detail["rule_rows"][0]["id"]
            .as_str()
            .context("rule")?
            .to_owned();
        ways.push((id.to_owned(), rule));
    }
    let mut reports: Vec<String> = Vec::new();
    let mut after = String::new();
    while reports.len() < messages {
        let page: Value = leader
            .get(&format!(
                "/api/v1/reports?stage=received&source=citizen_app&limit=200{after}"
            ))
            .await?
            .json()?;
        let items = page["items"].as_array().context("reports")?;
        reports.extend(
            items
                .iter()
                .filter_map(|report| report["id"].as_str().map(str::to_owned)),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    reports.truncate(messages);
    anyhow::ensure!(
        reports.len() == messages,
        "only {} imported messages",
        reports.len()
    );
    let mut crews = Vec::new();
    for part in reports.chunks(messages.div_ceil(5)) {
        let (city, part, ways) = (city.clone(), part.to_vec(), ways.clone());
        crews.push(tokio::spawn(
            async move { shift(&city, &part, &ways).await },
        ));
    }
    let mut done = 0;
    for crew in crews {
        done += crew.await??;
    }
    Ok(done)
}

async fn shift(
    city: &City,
    reports: &[String],
    ways: &[(String, String)],
) -> anyhow::Result<usize> {
    use anyhow::Context as _;
    let mut crew = Crew::connect(city).await?;
    let mut leader = city.leader.connect(city.address).await?;
    for (n, report) in reports.iter().enumerate() {
        let (category, rule) = ways.get(n % ways.len()).context("a category")?;
        let place = json!({ "area_code": "310118001001" });
        let accept =
            json!({ "open_cases": [{ "category_id": category, "place": place }] }).to_string();
        let accepted: Value = leader
            .post(&format!("/api/v1/reports/{report}/accept"), &accept, None)
            .await?
            .json()?;
        let case = accepted["opened"][0]["id"]
            .as_str()
            .with_context(|| format!("no case: {accepted}"))?
            .to_owned();
        let filing = json!({ "rule_row_id": rule }).to_string();
        crew.finish_case(&case, &filing, |_, _| {}).await?;
        let settled: Value = leader
            .get(&format!("/api/v1/reports/{report}"))
            .await?
            .json()?;
        anyhow::ensure!(
            settled["stage"] == "settled",
            "the report of a closed case is {}",
            settled["stage"]
        );
    }
    Ok(reports.len())
}
