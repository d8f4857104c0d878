//! People from a table: a row for each membership, so that whoever works in two places has two rows with one number. Somebody who is
//! there becomes what the rows say: these are all their memberships, what is not among them ends. Who has no row stays as they are.

use super::{Column, ImportError, ImportOptions, Settled, column, in_words, refused, require};
use crate::service::people::{check_account, check_roles};
use crate::{
    Access, AccessError, AccountNew, MembershipNew, Password, Principal, Staff, StaffChange,
    StaffNew, mask,
};
use base::{Id, TreePath};
use std::collections::HashMap;
use table::{Outcome, Report, Row, RowError, Table};

const CODE: Column = column(&["code", "工号"], true, "10001");
const NAME: Column = column(&["name", "姓名"], true, "张三");
const PHONE: Column = column(&["phone", "手机", "手机号码", "联系电话"], false, "");
const ORGANISATION: Column = column(&["organisation_code", "机构编码"], true, "LHSR");
const ROLE: Column = column(&["role", "角色", "岗位"], true, "部门");
const AREA: Column = column(&["area_code", "区划代码", "负责区划代码"], false, "");
const LOGIN: Column = column(&["login", "登录名", "账号"], false, "zhangsan");

/// What the column of login names may be called.
pub const LOGIN_NAMES: &[&str] = LOGIN.names;

/// The columns of the table.
pub const STAFF_COLUMNS: &[Column] = &[CODE, NAME, PHONE, ORGANISATION, ROLE, AREA, LOGIN];

/// What became of a table of people.
pub struct StaffImported {
    /// Row by row.
    pub report: Report,
    /// How many accounts were opened, or would be.
    pub accounts_count: u64,
    /// The accounts that were opened, with the password drawn for each, to be handed over and changed at the first sign-in.
    pub accounts: Vec<(String, Password)>,
}

/// The rows of one person.
struct Meant<'a> {
    rows: Vec<Row<'a>>,
    new: StaffNew,
    /// In small letters, as it will be stored.
    login: Option<String>,
}

impl Access {
    /// Enters the people of a table with where they work, and opens accounts for those with a login name.
    pub async fn staff_import(
        &self,
        caller: &Principal,
        table: &Table,
        options: &ImportOptions<'_>,
    ) -> Result<StaffImported, ImportError> {
        require(table, STAFF_COLUMNS)?;
        caller
            .acting_anywhere("staff_create")
            .map_err(AccessError::from)?;
        let mut report = Report {
            read: table.len() as u64,
            ..Report::default()
        };
        let people = self.understood(table, options, &mut report).await?;
        let (mut accounts, mut accounts_count) = (Vec::new(), 0);
        let of = people.len();
        for (done, one) in (1..).zip(people) {
            match self.person_enter(caller, &one, options.dry_run).await? {
                Ok(entered) => {
                    let settled = &entered.settled;
                    one.rows.iter().for_each(|row| settled.of(row, &mut report));
                    accounts_count += u64::from(entered.opens_account);
                    accounts.extend(entered.account);
                }
                Err(why) => one.rows.iter().for_each(|row| report.reject(why.of(row))),
            }
            (options.progress)(done, of);
        }
        Ok(StaffImported {
            report,
            accounts_count,
            accounts,
        })
    }

    /// The people of a table in the order of their first rows. A person of whom one row is wrong is refused whole: half a person's
    /// duties would be worse than none.
    async fn understood<'a>(
        &self,
        table: &'a Table,
        options: &ImportOptions<'_>,
        report: &mut Report,
    ) -> Result<Vec<Meant<'a>>, AccessError> {
        let mut people: Vec<Meant<'a>> = Vec::new();
        let mut places: HashMap<&'a str, usize> = HashMap::new();
        let mut broken: HashMap<&'a str, u64> = HashMap::new();
        for row in table.rows() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    report.reject(error);
                    continue;
                }
            };
            let one = match self.meant(row, options).await? {
                Ok(one) => one,
                Err(error) => {
                    if let Some(code) = row.any(CODE.names) {
                        broken.entry(code).or_insert(row.number());
                    }
                    report.reject(error);
                    continue;
                }
            };
            let code = row.required(CODE.names).unwrap_or_default();
            let Some(first) = places.get(code).and_then(|at| people.get_mut(*at)) else {
                places.insert(code, people.len());
                people.push(one);
                continue;
            };
            if first.new.name != one.new.name {
                broken.entry(code).or_insert(row.number());
                let reason = format!("row {} has another name", first.rows[0].number());
                report.reject(row.error_in(NAME.names, &reason));
                continue;
            }
            first.rows.push(row);
            first.new.memberships.extend(one.new.memberships);
            first.new.phone = first.new.phone.take().or(one.new.phone);
            first.login = first.login.take().or(one.login);
        }
        people.retain(|one| {
            let Some(number) = broken.get(one.new.code.as_str()) else {
                return true;
            };
            let reason = format!("row {number} of the same person was refused");
            let refused = one.rows.iter().map(|row| row.error_overall(reason.clone()));
            refused.for_each(|error| report.reject(error));
            false
        });
        let mut logins: HashMap<String, u64> = HashMap::new();
        people.retain(|one| {
            let (Some(login), Some(first)) = (&one.login, one.rows.first()) else {
                return true;
            };
            let number = *logins.entry(login.clone()).or_insert(first.number());
            if number == first.number() {
                return true;
            }
            let reason = format!("row {number} has the same login name");
            let refused = one
                .rows
                .iter()
                .map(|row| row.error_in(LOGIN.names, &reason));
            refused.for_each(|error| report.reject(error));
            false
        });
        Ok(people)
    }

    async fn meant<'a>(
        &self,
        row: Row<'a>,
        options: &ImportOptions<'_>,
    ) -> Result<Result<Meant<'a>, RowError>, AccessError> {
        let read = || -> Result<_, RowError> {
            let code = row.required(CODE.names)?;
            let name = row.required(NAME.names)?;
            let organisation = row.required(ORGANISATION.names)?;
            let role = row.required(ROLE.names)?;
            let book = self.roles();
            let roles = book.given();
            let role = (roles.iter())
                .find(|known| known.code == role || known.name_zh == role)
                .ok_or_else(|| {
                    let names: Vec<&str> =
                        roles.iter().map(|known| known.name_zh.as_str()).collect();
                    row.error_in(ROLE.names, &format!("it is none of {}", names.join("、")))
                })?;
            let area = row.any(AREA.names).map(|code| {
                (options.area)(code)
                    .ok_or_else(|| row.error_in(AREA.names, &format!("there is no area `{code}`")))
            });
            Ok((
                code,
                name,
                organisation,
                role.code.clone(),
                area.transpose()?,
            ))
        };
        let (code, name, organisation, role, area_path) = match read() {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        let Some(known) = self.organisation_by_code(organisation).await? else {
            let reason = format!("there is no organisation `{organisation}`");
            return Ok(Err(row.error_in(ORGANISATION.names, &reason)));
        };
        Ok(Ok(Meant {
            rows: vec![row],
            new: StaffNew {
                code: code.to_owned(),
                name: name.to_owned(),
                phone: row.any(PHONE.names).map(str::to_owned),
                memberships: vec![MembershipNew {
                    organisation_id: known.id,
                    role,
                    area_path,
                    zone_ids: Vec::new(),
                }],
            },
            login: row.any(LOGIN.names).map(str::to_ascii_lowercase),
        }))
    }

    async fn person_enter(
        &self,
        caller: &Principal,
        one: &Meant<'_>,
        dry_run: bool,
    ) -> Result<Result<Entered, Why>, AccessError> {
        let there = self.staff_by_code(&one.new.code).await?;
        let mut wrong = one.new.check();
        check_roles(&self.roles(), &one.new.memberships, &mut wrong);
        let (login, mut has_account) = (one.login.as_deref(), false);
        // All of it before anything is made: a person without the account that was meant is half a person.
        if let Some(login) = login {
            wrong.extend(check_account(login, None, true));
            let staff_id = there.as_ref().map(|staff| staff.id);
            let (by_name, by_staff) = self.accounts_of(login, staff_id).await?;
            if by_name.is_some() && by_name != staff_id {
                return Ok(Err(Why(format!(
                    "the login name `{login}` is another person's"
                ))));
            }
            if let Some(other) = by_staff.as_deref().filter(|name| *name != login) {
                return Ok(Err(Why(format!(
                    "the person signs in as `{other}`; a login name cannot be changed"
                ))));
            }
            has_account = by_staff.is_some();
        }
        if !wrong.is_empty() {
            return Ok(Err(Why(in_words(&wrong))));
        }
        let login = login.filter(|_| !has_account);
        let first = one.rows[0];
        let (change, mut words) = match &there {
            None => (StaffChange::default(), Vec::new()),
            Some(there) => self.person_difference(&first, there, &one.new).await?,
        };
        let changes = !words.is_empty();
        if let Some(login) = login {
            words.push(format!("{}:  → {login}", LOGIN.of(&first)));
        }
        let settled = match &there {
            None => Settled::plain(Outcome::New),
            Some(_) if words.is_empty() => Settled::plain(Outcome::Unchanged),
            Some(_) => Settled::changed(&words),
        };
        if dry_run || settled.outcome == Outcome::Unchanged {
            return Ok(Ok(Entered {
                settled,
                opens_account: login.is_some(),
                account: None,
            }));
        }
        let done = match there {
            None => self.staff_create(caller, one.new.clone(), None).await,
            Some(there) if changes => {
                let version = Some(there.version);
                self.staff_update(caller, there.id, change, version).await
            }
            Some(there) => Ok(there),
        };
        let staff = match done {
            Ok(staff) => staff,
            Err(error) => return Ok(Err(Why(refused(&first, error)?.reason))),
        };
        let Some(login) = login else {
            return Ok(Ok(Entered {
                settled,
                opens_account: false,
                account: None,
            }));
        };
        let account = AccountNew {
            staff_id: staff.id,
            login_name: login.to_owned(),
            password: None,
            must_change_password: true,
        };
        match self.account_create(caller, account, None).await {
            Ok(made) => {
                let drawn = made.initial_password;
                let account = drawn.map(|drawn| (made.login_name, drawn));
                Ok(Ok(Entered {
                    settled,
                    opens_account: true,
                    account,
                }))
            }
            // Only somebody who took the name meanwhile; the next run of the file opens it.
            Err(error) => {
                let reason = refused(&first, error)?.reason;
                Ok(Err(Why(format!(
                    "the person is as the file says, but without an account: {reason}"
                ))))
            }
        }
    }

    /// What somebody who is there becomes by the rows, and in words what differs. A number that is not given stays.
    async fn person_difference(
        &self,
        row: &Row<'_>,
        there: &Staff,
        new: &StaffNew,
    ) -> Result<(StaffChange, Vec<String>), AccessError> {
        let mut change = StaffChange::default();
        let mut words = Vec::new();
        let name = new.name.trim();
        if there.name != name {
            words.push(format!("{}: {} → {name}", NAME.of(row), there.name));
            change.name = Some(name.to_owned());
        }
        if let Some(phone) = &new.phone
            && !self.phone_is(there.id, phone).await?
        {
            let before = there.phone_masked.as_deref().unwrap_or_default();
            words.push(format!(
                "{}: {before} → {}",
                PHONE.of(row),
                mask::phone(phone)
            ));
            change.phone = Some(phone.clone());
        }
        let have: Vec<MembershipNew> = (there.memberships.iter())
            .map(|held| MembershipNew {
                organisation_id: held.organisation_id,
                role: held.role.clone(),
                area_path: held.area_path.clone(),
                zone_ids: held.zone_ids.clone(),
            })
            .collect();
        // A table says nothing of zones: what goes on keeps those it has.
        let want: Vec<MembershipNew> = (new.memberships.iter())
            .map(|wanted| {
                let held = have.iter().find(|held| is_same_duty(held, wanted));
                held.unwrap_or(wanted).clone()
            })
            .collect();
        let same = |left: &[MembershipNew], right: &[MembershipNew]| {
            let is_there = |one: &MembershipNew| right.iter().any(|other| is_same_duty(one, other));
            left.iter().all(is_there)
        };
        if !same(&have, &want) || !same(&want, &have) {
            let (before, after) = (self.in_duty(&have).await?, self.in_duty(&want).await?);
            words.push(format!("{}: {before} → {after}", ROLE.of(row)));
            change.memberships = Some(want);
        }
        Ok((change, words))
    }

    /// Memberships in words: the organisation's code, the role, the area.
    async fn in_duty(&self, memberships: &[MembershipNew]) -> Result<String, AccessError> {
        let book = self.roles();
        let mut words = Vec::new();
        for each in memberships {
            let organisation = self.organisation(each.organisation_id).await?;
            let organisation = organisation.map_or_else(String::new, |known| known.code.clone());
            let role = book.get(&each.role);
            let role = role.map_or(each.role.as_str(), |role| role.name_zh.as_str());
            let area = each.area_path.as_ref();
            let area = area.map_or_else(String::new, |path| format!(" {path}"));
            words.push(format!("{organisation} {role}{area}"));
        }
        words.sort();
        Ok(words.join("、"))
    }
}

/// What became of a person who was not refused.
struct Entered {
    settled: Settled,
    opens_account: bool,
    account: Option<(String, Password)>,
}

/// Why a person was refused.
struct Why(String);

impl Why {
    fn of(&self, row: &Row<'_>) -> RowError {
        row.error_overall(self.0.clone())
    }
}

fn is_same_duty(one: &MembershipNew, other: &MembershipNew) -> bool {
    let duty = |each: &MembershipNew| -> (Id, String, Option<TreePath>) {
        (
            each.organisation_id,
            each.role.clone(),
            each.area_path.clone(),
        )
    };
    duty(one) == duty(other)
}
