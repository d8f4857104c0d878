//! The demo city as its people see it over HTTP: signs in, looks ids up, and takes cases through the loop.

use crate::client::{Client, Reply, header};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The password of the demo's accounts.
pub const PASSWORD: &str = "Chengyun#2026";

/// The demo's standard, and the category that cases are opened in.
pub const STANDARD: &str = "demo";
/// See [`STANDARD`].
pub const CATEGORY: &str = "0106";
/// Codes of the organisations that cases are dispatched to: the lead, and who helps.
pub const DISPATCHED: [&str; 2] = ["LHSR", "XYJD"];

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Person {
    credentials: String,
}

impl Person {
    /// Signs in with the demo's password.
    pub async fn sign_in(address: SocketAddr, login_name: &str) -> Result<Self> {
        let mut client = Client::connect(address, "").await?;
        let body = json!({ "login_name": login_name, "password": PASSWORD }).to_string();
        let reply = client.post("/api/v1/session", &body, None).await?;
        let view: Value = reply.json()?;
        let cookie = header(&reply.head, "set-cookie")
            .and_then(|cookie| cookie.split(';').next())
            .context("no cookie")?;
        let csrf = view["csrf_token"].as_str().context("no csrf_token")?;
        Ok(Self {
            credentials: format!("Cookie: {cookie}\r\nX-CSRF-Token: {csrf}\r\n"),
        })
    }

    /// A connection of this person's.
    pub async fn connect(&self, address: SocketAddr) -> Result<Client> {
        Client::connect(address, &self.credentials).await
    }
}

/// The demo city's people and what they need to know.
#[derive(Clone, Debug)]
pub struct City {
    /// Where it listens.
    pub address: SocketAddr,
    /// 值班长: receives, files, closes.
    pub leader: Person,
    /// 派遣员.
    pub dispatcher: Person,
    /// 监督员.
    pub inspector: Person,
    /// Clerk of the lead department.
    pub lead_clerk: Person,
    /// Clerk of the street that helps.
    pub co_clerk: Person,
    /// The category that cases are opened in.
    pub category_id: String,
    /// The rule row they are filed by.
    pub rule_row_id: String,
    /// 主办.
    pub lead_id: String,
    /// 协办.
    pub co_id: String,
}

impl City {
    /// Signs the people in and looks the ids up.
    pub async fn enter(address: SocketAddr) -> Result<Self> {
        let leader = Person::sign_in(address, "zhibanzhang").await?;
        let mut client = leader.connect(address).await?;
        let standards: Value = client.get("/api/v1/standards").await?.json()?;
        let standard = find(&standards, "code", STANDARD)?["id"]
            .as_str()
            .context("no standard id")?
            .to_owned();
        let categories: Value = client
            .get(&format!(
                "/api/v1/standards/{standard}/categories?kind=event&limit=200"
            ))
            .await?
            .json()?;
        let category_id = find(&categories, "code", CATEGORY)?["id"]
            .as_str()
            .context("no category id")?
            .to_owned();
        let category: Value = client
            .get(&format!("/api/v1/categories/{category_id}"))
            .await?
            .json()?;
        let rule_row_id = category["rule_rows"][0]["id"]
            .as_str()
            .context("no rule row")?
            .to_owned();
        let organisations: Value = client
            .get("/api/v1/organisations?limit=200")
            .await?
            .json()?;
        let organisation = |code| -> Result<String> {
            Ok(find(&organisations, "code", code)?["id"]
                .as_str()
                .context("no organisation id")?
                .to_owned())
        };
        Ok(Self {
            address,
            dispatcher: Person::sign_in(address, "paiqian").await?,
            inspector: Person::sign_in(address, "jianduyuan").await?,
            lead_clerk: Person::sign_in(address, "lvhua").await?,
            co_clerk: Person::sign_in(address, "xiayang").await?,
            leader,
            category_id,
            rule_row_id,
            lead_id: organisation(DISPATCHED[0])?,
            co_id: organisation(DISPATCHED[1])?,
        })
    }

    /// The body of a report that opens its case at once. `n` varies words and place.
    pub fn report(&self, n: usize) -> String {
        report(n, &self.category_id).to_string()
    }

    /// The body of a dispatch to two organisations.
    pub fn dispatch(&self) -> String {
        json!({ "lead_organisation_id": self.lead_id, "co_organisation_ids": [self.co_id] })
            .to_string()
    }

    /// The body of a filing.
    pub fn filing(&self) -> String {
        json!({ "rule_row_id": self.rule_row_id }).to_string()
    }
}

/// A report that opens its case at once. `n` varies words and place.
pub fn report(n: usize, category_id: &str) -> Value {
    let (lon, lat) = (
        121.09 + (n % 97) as f64 * 0.0005,
        31.13 + (n % 89) as f64 * 0.0005,
    );
    json!({
        "source": "hotline",
        "title": format!("盈港路{}号菜场门口有一堆生活垃圾", n % 900 + 1),
        "detail": format!("盈港路{}号菜场门口有一堆生活垃圾，从昨天晚上开始就没人清，味道很重，居民绕着走，请尽快派人来看看。", n % 900 + 1),
        "address": format!("盈港路{}号", n % 900 + 1),
        "place": { "lon": lon, "lat": lat },
        "reporter": { "name": "王女士", "phone": format!("100{:08}", n % 100_000_000) },
        "open_case": { "category_id": category_id },
    })
}

fn find<'v>(page: &'v Value, field: &str, value: &str) -> Result<&'v Value> {
    let items = page["items"]
        .as_array()
        .with_context(|| format!("no items: {page}"))?;
    items
        .iter()
        .find(|item| item[field] == value)
        .with_context(|| format!("no item with {field} {value}"))
}

/// Five people with a connection each, who take one case after another through the whole loop.
pub struct Crew {
    city: City,
    leader: Client,
    dispatcher: Client,
    inspector: Client,
    lead_clerk: Client,
    co_clerk: Client,
}

impl Crew {
    /// Connects.
    pub async fn connect(city: &City) -> Result<Self> {
        Ok(Self {
            leader: city.leader.connect(city.address).await?,
            dispatcher: city.dispatcher.connect(city.address).await?,
            inspector: city.inspector.connect(city.address).await?,
            lead_clerk: city.lead_clerk.connect(city.address).await?,
            co_clerk: city.co_clerk.connect(city.address).await?,
            city: city.clone(),
        })
    }

    /// Receives, accepts, files, dispatches to two, lets both handle, inspects and closes; answers the closed case's id. `note` is
    /// told of every acknowledged command and the stage the case then has.
    pub async fn whole_loop(
        &mut self,
        n: usize,
        key: Option<&str>,
        mut note: impl FnMut(&str, &'static str),
    ) -> Result<String> {
        let created: Value = self
            .leader
            .post("/api/v1/reports", &self.city.report(n), key)
            .await?
            .json()?;
        let case = created["case"]["id"]
            .as_str()
            .context("no case")?
            .to_owned();
        note(&case, "accepted");
        self.finish_case(&case, &self.city.filing(), note).await?;
        Ok(case)
    }

    /// Takes an accepted case to its end.
    pub async fn finish_case(
        &mut self,
        case: &str,
        filing: &str,
        mut note: impl FnMut(&str, &'static str),
    ) -> Result<()> {
        let path = format!("/api/v1/cases/{case}");
        self.leader
            .post(&format!("{path}/file"), filing, None)
            .await?
            .json::<Value>()?;
        note(case, "filed");
        let dispatched: Value = self
            .dispatcher
            .post(&format!("{path}/dispatch"), &self.city.dispatch(), None)
            .await?
            .json()?;
        note(case, "handling");
        let task = |role: &str| -> Result<String> {
            let tasks = dispatched["tasks"].as_array().context("no tasks")?;
            let task = tasks
                .iter()
                .find(|task| task["role"] == role)
                .context("no such task")?;
            Ok(task["id"].as_str().context("no task id")?.to_owned())
        };
        for (client, task, then) in [
            (&mut self.co_clerk, task("co")?, "handling"),
            (&mut self.lead_clerk, task("lead")?, "inspecting"),
        ] {
            client
                .post(&format!("/api/v1/tasks/{task}/accept"), "{}", None)
                .await?
                .json::<Value>()?;
            note(case, "handling");
            let result = json!({ "result": "已到现场处理完毕" }).to_string();
            client
                .post(&format!("/api/v1/tasks/{task}/finish"), &result, None)
                .await?
                .json::<Value>()?;
            note(case, then);
        }
        let passed = json!({ "passed": true, "opinion": "现场已恢复" }).to_string();
        self.inspector
            .post(&format!("{path}/inspect-result"), &passed, None)
            .await?
            .json::<Value>()?;
        note(case, "closing");
        let closed: Value = self
            .leader
            .post(&format!("{path}/close"), filing, None)
            .await?
            .json()?;
        note(case, "closed");
        ensure!(
            closed["stage"] == "closed",
            "the case is not closed: {closed}"
        );
        Ok(())
    }
}

/// Whether a reply says that a concurrent change won (409) or success; anything else is an error.
pub fn won(reply: &Reply) -> Result<bool> {
    match reply.status {
        200..=299 => Ok(true),
        409 => Ok(false),
        _ => anyhow::bail!("{}: {}", reply.status, String::from_utf8_lossy(&reply.body)),
    }
}
