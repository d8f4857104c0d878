//! `chengyun user`: the first people of an installation, and help for those who cannot sign in.

use crate::city::City;
use crate::cli::{refusal, say};
use access::{
    Account, AccountFilter, AccountNew, MembershipNew, Organisation, OrganisationKind,
    OrganisationNew, Password, Principal, StaffNew,
};
use anyhow::{Context, bail};
use base::{AreaCode, Id, PageRequest, Problem, TreePath};
use clap::{Args, Subcommand};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::ExitCode;

/// More than any password has.
const LINE_BYTES_MAX: u64 = 4_096;

#[derive(Subcommand, Debug)]
pub(super) enum User {
    /// Open an account for a person, in a role, for an organisation; prints the first password
    Create(Create),
    /// List the people, their accounts and their roles
    List,
    /// Give a person a new password, which must be changed at the next sign-in; their sessions end
    Password(NewPassword),
    /// Lock an account: nobody comes in with it; its sessions and tokens end
    Lock(Named),
    /// Unlock an account, whether it was locked here or by wrong passwords
    Unlock(Named),
}

#[derive(Args, Debug)]
pub(super) struct NewPassword {
    /// What the person types at sign-in
    login: String,
    /// Read the password from the first line of standard input instead of drawing one. It never stands on the command line,
    /// where other users of the machine could read it
    #[arg(long)]
    stdin: bool,
}

#[derive(Args, Debug)]
pub(super) struct Named {
    /// What the person types at sign-in
    login: String,
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
        User::Password(new) => user_password(&new, city).await?,
        User::Lock(named) => user_lock(&named.login, city).await?,
        User::Unlock(named) => user_unlock(&named.login, city).await?,
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

async fn user_password(new: &NewPassword, city: &City) -> anyhow::Result<()> {
    let given = new
        .stdin
        .then(|| password_from(std::io::stdin()))
        .transpose()?;
    let console = city.console().await?;
    let account = account(&new.login, &console, city).await?;
    let set = city
        .access
        .account_password_set(&console, account.id, given);
    let set = set.await.map_err(|error| refusal(Problem::from(error)))?;
    say(&format!("account  {}", set.login_name))?;
    let Some(drawn) = set.drawn else {
        return say("The password is set and must be changed at the next sign-in.");
    };
    say(&format!("password {}", drawn.reveal()))?;
    say("The password is shown this once and must be changed at the next sign-in.")
}

/// The first line of `input`, without its end.
fn password_from(input: impl Read) -> anyhow::Result<Password> {
    let mut line = String::new();
    let mut input = BufReader::new(input.take(LINE_BYTES_MAX));
    input
        .read_line(&mut line)
        .context("reading the password from standard input")?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        bail!("standard input has no password in its first line");
    }
    Ok(Password::new(line.to_owned()))
}

async fn user_lock(login: &str, city: &City) -> anyhow::Result<()> {
    let console = city.console().await?;
    let account = account(login, &console, city).await?;
    if !account.is_active {
        return say(&format!("{} is locked already.", account.login_name));
    }
    let locked = city.access.account_lock(&console, account.id).await;
    locked.map_err(|error| refusal(Problem::from(error)))?;
    say(&format!(
        "{} is locked; its sessions and tokens have ended.",
        account.login_name
    ))
}

async fn user_unlock(login: &str, city: &City) -> anyhow::Result<()> {
    let console = city.console().await?;
    let account = account(login, &console, city).await?;
    if account.is_active && account.locked_until.is_none() {
        return say(&format!("{} is not locked.", account.login_name));
    }
    let unlocked = city.access.account_unlock(&console, account.id).await;
    unlocked.map_err(|error| refusal(Problem::from(error)))?;
    say(&format!("{} is unlocked.", account.login_name))
}

async fn account(login: &str, console: &Principal, city: &City) -> anyhow::Result<Account> {
    let filter = AccountFilter {
        login_name: Some(login.to_owned()),
    };
    let page = PageRequest::default();
    let found = city.access.account_list(console, &filter, &page).await;
    let found = found.map_err(|error| refusal(Problem::from(error)))?;
    let account = found.items.into_iter().next();
    account
        .with_context(|| format!("there is no account {login:?}; `chengyun user list` shows all"))
}

/// All accounts by whose they are.
async fn accounts(console: &Principal, city: &City) -> anyhow::Result<HashMap<Id, Account>> {
    let (mut known, mut page) = (HashMap::new(), whole_page());
    loop {
        let all = AccountFilter::default();
        let found = city.access.account_list(console, &all, &page).await;
        let found = found.map_err(|error| refusal(Problem::from(error)))?;
        let by_staff = found.items.into_iter().map(|one| (one.staff_id, one));
        known.extend(by_staff);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(known);
        }
    }
}

const fn whole_page() -> PageRequest {
    PageRequest {
        limit: Some(base::page::LIMIT_MAX),
        after: None,
    }
}

/// What keeps somebody out, if anything.
fn state(account: Option<&Account>) -> String {
    match account {
        None => "no account".to_owned(),
        Some(account) if !account.is_active => "locked".to_owned(),
        Some(account) => match account.locked_until {
            Some(until) => format!("closed until {until} (wrong passwords)"),
            None if account.must_change_password => "must change the password".to_owned(),
            None => "open".to_owned(),
        },
    }
}

async fn user_list(city: &City) -> anyhow::Result<()> {
    let console: Principal = city.console().await?;
    let accounts = accounts(&console, city).await?;
    let mut page = whole_page();
    loop {
        let people = city.access.staff_list(&console, &page).await;
        let people = people.map_err(|error| refusal(Problem::from(error)))?;
        for person in &people.items {
            let account = accounts.get(&person.id);
            let login = account.map_or("-", |account| account.login_name.as_str());
            let roles: Vec<String> = person
                .memberships
                .iter()
                .map(|membership| format!("{} ({})", membership.role, membership.organisation_name))
                .collect();
            say(&format!(
                "{login:<16} {:<16} {:<12} {:<24} {}",
                person.code,
                person.name,
                state(account),
                roles.join(", ")
            ))?;
        }
        page.after = people.next;
        if page.after.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_whatever_ends_it() {
        for text in ["Sunny-Day-42", "Sunny-Day-42\n", "Sunny-Day-42\r\nmore\n"] {
            let read = password_from(text.as_bytes()).unwrap();
            assert_eq!(read.reveal(), "Sunny-Day-42");
        }
        assert_eq!(password_from(&b" a b \n"[..]).unwrap().reveal(), " a b ");
        for empty in ["", "\n", "\r\nSunny-Day-42\n"] {
            assert!(password_from(empty.as_bytes()).is_err());
        }
        assert!(password_from(&b"\xff\xfe\n"[..]).is_err(), "no UTF-8");
    }
}
