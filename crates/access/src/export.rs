//! Organisations and people into tables, with the columns of their imports. Phone numbers are masked unless whoever asks may read them.

use crate::import::organisations::kind_title;
use crate::service::people::phone_context;
use crate::{Access, SealingError, mask, store as rows};
use base::{CreditCode, Id, TreePath};
use std::collections::HashMap;
use store::{StoreError, Tx, params};
use table::{Cell, OutputColumn, OutputError, OutputFolder};
use thiserror::Error;

/// Why something was not written.
#[derive(Clone, Debug, Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// A column of an export.
pub const fn output_column(name: &'static str, title: &'static str) -> OutputColumn {
    OutputColumn { name, title }
}

const ORGANISATIONS: &[OutputColumn] = &[
    output_column("code", "机构编码"),
    output_column("name", "机构名称"),
    output_column("kind", "机构类型"),
    output_column("parent_code", "上级编码"),
    output_column("area_code", "区划代码"),
    output_column("credit_code", "统一社会信用代码"),
];

const STAFF: &[OutputColumn] = &[
    output_column("code", "工号"),
    output_column("name", "姓名"),
    output_column("phone", "手机"),
    output_column("organisation_code", "机构编码"),
    output_column("organisation", "机构名称"),
    output_column("role", "角色"),
    output_column("area_code", "区划代码"),
    output_column("login", "登录名"),
];

/// People read at a time.
const PAGE: i64 = 500;

/// What other rooms write instead of ids.
#[derive(Clone, Debug, Default)]
pub struct PeopleCodes {
    organisations: HashMap<Id, (String, String)>,
    staff: HashMap<Id, String>,
}

impl PeopleCodes {
    /// Code and name of an organisation.
    pub fn organisation(&self, id: Id) -> Option<(&str, &str)> {
        let (code, name) = self.organisations.get(&id)?;
        Some((code, name))
    }

    /// Somebody's number at work.
    pub fn staff(&self, id: Id) -> Option<&str> {
        self.staff.get(&id).map(String::as_str)
    }
}

impl Access {
    /// Writes `organisations` and `staff`. `area_code` knows the division code of an area. Answers the codes for what
    /// other rooms write.
    pub fn export(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        area_code: &dyn Fn(&TreePath) -> Option<String>,
        masked: bool,
    ) -> Result<PeopleCodes, ExportError> {
        let mut codes = PeopleCodes::default();
        let mut organisations = tx.query(&rows::ORGANISATION_ALL, &[], rows::read_organisation)?;
        organisations.sort_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
        let mut table = out.table("organisations", ORGANISATIONS)?;
        for organisation in organisations {
            let parent = organisation.parent_id;
            let parent = parent
                .and_then(|id| codes.organisation(id))
                .map(|(code, _)| code);
            table.row(&[
                (&organisation.code).into(),
                (&organisation.name).into(),
                kind_title(organisation.kind).into(),
                parent.into(),
                organisation
                    .home_area_path
                    .as_ref()
                    .and_then(area_code)
                    .into(),
                organisation
                    .credit_code
                    .as_ref()
                    .map(CreditCode::as_str)
                    .into(),
            ])?;
            codes
                .organisations
                .insert(organisation.id, (organisation.code, organisation.name));
        }
        table.finish()?;
        self.export_staff(tx, out, area_code, masked, &mut codes)?;
        Ok(codes)
    }

    fn export_staff(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        area_code: &dyn Fn(&TreePath) -> Option<String>,
        masked: bool,
        codes: &mut PeopleCodes,
    ) -> Result<(), ExportError> {
        let roles = self.roles();
        let mut table = out.table("staff", STAFF)?;
        let mut after = Id(0);
        loop {
            let people = tx.query(&rows::STAFF_AFTER, params![after, PAGE], rows::read_staff)?;
            let Some(last) = people.last() else { break };
            after = last.id;
            let ids: Vec<Id> = people.iter().map(|staff| staff.id).collect();
            let mut duties: HashMap<Id, Vec<_>> = HashMap::new();
            for (id, membership) in rows::memberships_of(tx, &roles, &ids)? {
                duties.entry(id).or_default().push(membership);
            }
            for staff in people {
                let phone = self.phone(&staff, masked)?;
                let account = tx.query_opt(
                    &rows::ACCOUNT_BY_STAFF,
                    params![staff.id],
                    rows::read_account,
                )?;
                let login = account.as_ref().map(|account| &account.login_name);
                for duty in duties.remove(&staff.id).unwrap_or_default() {
                    let organisation = codes.organisation(duty.organisation_id);
                    table.row(&[
                        (&staff.code).into(),
                        (&staff.name).into(),
                        phone.as_ref().into(),
                        organisation.map(|(code, _)| code).into(),
                        (&duty.organisation_name).into(),
                        (&duty.granted.name_zh).into(),
                        duty.area_path.as_ref().and_then(area_code).into(),
                        login.map_or(Cell::Empty, Into::into),
                    ])?;
                }
                codes.staff.insert(staff.id, staff.code);
            }
        }
        table.finish()?;
        Ok(())
    }

    fn phone(&self, staff: &rows::StaffRow, masked: bool) -> Result<Option<String>, StoreError> {
        let Some(sealed) = &staff.phone_sealed else {
            return Ok(None);
        };
        let unopened = |error: SealingError| StoreError::Corrupt(error.to_string());
        let opened = self.sealer().open(sealed, &phone_context(staff.id));
        let phone = String::from_utf8_lossy(&opened.map_err(unopened)?).into_owned();
        Ok(Some(if masked { mask::phone(&phone) } else { phone }))
    }
}
