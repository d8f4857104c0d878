//! `chengyun user`: the first people of an installation, and help for those who cannot sign in.

use crate::city::City;
use crate::cli::{refusal, say};
use access::{
    AccountNew, MembershipNew, Organisation, OrganisationKind, OrganisationNew, Principal, StaffNew,
};
use anyhow::{Context, bail};
use base::{AreaCode, PageRequest, Problem, TreePath};
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Subcommand, Debug)]
pub(super) enum User {
    /// Open an account for a person, in a role, for an organisation; prints the first password
    Create(Create),
    /// List the people and their roles
    List,
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// What the person types at sign-in
    login: String,
    /// The person's name
    #[arg(long)]
    name: String,
    /// Their number at work [default: LOGIN]
    #[arg(long)]
    staff_code: Option<String>,
    /// Code of their role; `chengyun user create --role help …` lists all
    #[arg(long)]
    role: String,
    /// Code of their organisation
    #[arg(long)]
    organisation: String,
    /// Its name; with it the organisation is made when it is not there yet
    #[arg(long, value_name = "NAME")]
    organisation_name: Option<String>,
    /// For roles that reach an area: its division code
    #[arg(long, value_name = "CODE")]
    area: Option<AreaCode>,
}

pub(super) async fn run(what: User, city: &City) -> anyhow::Result<ExitCode> {
    match what {
        User::Create(create) => user_create(&create, city).await?,
        User::List => user_list(city).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn user_create(create: &Create, city: &City) -> anyhow::Result<()> {
    let roles = city.access.roles();
    if roles.get(&create.role).is_none() {
        let known: Vec<String> = roles
            .sorted()
            .iter()
            .map(|role| format!("  {:<24} {} / {}", role.code, role.name_zh, role.name_en))
            .collect();
        bail!(
            "there is no role {:?}; the roles are\n{}",
            create.role,
            known.join("\n")
        );
    }
    let area_path = create.area.map(|code| area_path(city, code)).transpose()?;
    let organisation = organisation(create, city).await?;
    let console = city.console().await?;
    let staff = StaffNew {
        code: create
            .staff_code
            .clone()
            .unwrap_or_else(|| create.login.clone()),
        name: create.name.clone(),
        phone: None,
        memberships: vec![MembershipNew {
            organisation_id: organisation.id,
            role: create.role.clone(),
            area_path,
            zone_ids: Vec::new(),
        }],
    };
    let staff = city.access.staff_create(&console, staff, None).await;
    let staff = staff.map_err(|error| refusal(Problem::from(error)))?;
    let account = AccountNew {
        staff_id: staff.id,
        login_name: create.login.clone(),
        password: None,
        must_change_password: true,
    };
    let opened = city.access.account_create(&console, account, None).await;
    let opened = opened.map_err(|error| refusal(Problem::from(error)))?;
    let password = opened.initial_password.context("a password was drawn")?;
    say(&format!(
        "account  {}\npassword {}",
        opened.login_name,
        password.reveal()
    ))?;
    say("The password is shown this once and must be changed at the first sign-in.")
}

fn area_path(city: &City, code: AreaCode) -> anyhow::Result<TreePath> {
    let areas = city.registry.snapshot().areas.clone();
    let area = areas
        .by_code(code)
        .with_context(|| format!("there is no area {code}"))?;
    Ok(area.path.clone())
}

async fn organisation(create: &Create, city: &City) -> anyhow::Result<Organisation> {
    if let Some(known) = city
        .access
        .organisation_by_code(&create.organisation)
        .await?
    {
        return Ok(known);
    }
    let Some(name) = &create.organisation_name else {
        bail!(
            "there is no organisation {:?}; give --organisation-name to make it",
            create.organisation
        );
    };
    let console = city.console().await?;
    // The first one is the centre and the root of all others.
    let is_first = console
        .memberships
        .iter()
        .all(|membership| membership.organisation_id.0 == 0);
    let parent_id = console
        .memberships
        .first()
        .map(|membership| membership.organisation_id);
    let new = OrganisationNew {
        code: create.organisation.clone(),
        name: name.clone(),
        kind: if is_first {
            OrganisationKind::Centre
        } else {
            OrganisationKind::Department
        },
        parent_id: parent_id.filter(|_| !is_first),
        home_area_path: None,
        credit_code: None,
    };
    let made = city.access.organisation_create(&console, new, None).await;
    let made = made.map_err(|error| refusal(Problem::from(error)))?;
    Ok((*made).clone())
}

async fn user_list(city: &City) -> anyhow::Result<()> {
    let console: Principal = city.console().await?;
    let mut page = PageRequest {
        limit: Some(base::page::LIMIT_MAX),
        after: None,
    };
    loop {
        let people = city.access.staff_list(&console, &page).await;
        let people = people.map_err(|error| refusal(Problem::from(error)))?;
        for person in &people.items {
            let roles: Vec<String> = person
                .memberships
                .iter()
                .map(|membership| format!("{} ({})", membership.role, membership.organisation_name))
                .collect();
            say(&format!(
                "{:<16} {:<12} {}",
                person.code,
                person.name,
                roles.join(", ")
            ))?;
        }
        page.after = people.next;
        if page.after.is_none() {
            return Ok(());
        }
    }
}
