//! `chengyun import cases`: what another system did, from any table, by a mapping that says which column is what.

use crate::city::City;
use crate::cli::import::{Common, Steps, read, standard_key};
use crate::cli::{refusal, say};
use anyhow::{Context, bail};
use base::{Page, PageRequest, Problem};
use casework::model::OrganisationRef;
use casework::records::{Mapping, MappingFault, Names};
use casework::service::{BringInError, BringInOptions, BroughtInReport, UnknownWords};
use clap::Args;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use table::{Report, Table};

#[derive(Args, Debug)]
pub(super) struct Cases {
    #[command(flatten)]
    pub(super) common: Common,
    /// Which column is what, as TOML; `chengyun template cases` writes one to fill in
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
}

/// Words of a field that are told one by one at the end.
const WORDS_SHOWN_MAX: usize = 20;

pub(super) async fn import_cases(cases: &Cases, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let mapping = read_mapping(&cases.mapping)?;
    let names = names(&mapping, city).await?;
    let (bytes, name) = read(&cases.common.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    drop(bytes);
    let options = BringInOptions {
        mapping: &mapping,
        names: &names,
        dry_run: cases.common.dry_run,
    };
    let steps = Steps::default();
    let progress = |done: u64, total: u64| steps.show(done, total);
    let done = city
        .casework
        .bring_in(&who, &table, &options, &progress)
        .await;
    steps.end();
    match done {
        Ok(BroughtInReport { rows, unknown }) => {
            tell_unknown(&unknown)?;
            Ok(rows)
        }
        Err(BringInError::Casework(error)) => Err(refusal(Problem::from(error))),
        Err(BringInError::Mapping(wrong)) => Err(refused(&cases.mapping, &wrong)),
    }
}

fn read_mapping(file: &Path) -> anyhow::Result<Mapping> {
    let length = fs::metadata(file)
        .with_context(|| format!("reading {}", file.display()))?
        .len();
    if length > base::limits::BODY_BYTES_MAX as u64 {
        let max = base::limits::BODY_BYTES_MAX;
        bail!("{} is larger than {max} bytes", file.display());
    }
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let text = text.trim_start_matches('\u{feff}');
    Mapping::read(text).map_err(|wrong| refused(file, &wrong))
}

fn refused(file: &Path, wrong: &[MappingFault]) -> anyhow::Error {
    let faults: Vec<String> = wrong.iter().map(|fault| format!("\n  {fault}")).collect();
    anyhow::anyhow!(
        "nothing was brought in: {} does not fit{}",
        file.display(),
        faults.concat()
    )
}

/// What the mapping may call organisations and categories.
async fn names(mapping: &Mapping, city: &City) -> anyhow::Result<Names> {
    let who = city.console().await?;
    let mut names = Names::default();
    let mut page = PageRequest {
        limit: Some(base::page::LIMIT_MAX),
        after: None,
    };
    loop {
        let found = city.access.organisation_list(&who, None, None, &page);
        let Page { items, next } = found.await?;
        for known in items {
            let organisation = OrganisationRef {
                id: known.id,
                path: known.path.clone(),
            };
            names.organisation_add(&known.code, &organisation);
            names.organisation_add(&known.name, &organisation);
            if let Some(code) = &known.credit_code {
                names.organisation_add(&code.to_string(), &organisation);
            }
        }
        page.after = next;
        if page.after.is_none() {
            break;
        }
    }
    let Some(text) = mapping.standard() else {
        return Ok(names);
    };
    let key = standard_key(text).context("standard: it is CODE@EDITION")?;
    let rules = city.registry.snapshot().rules.clone();
    let standard = rules
        .standard_by_key(&key)
        .with_context(|| format!("standard: there is no standard {text}"))?;
    for category in rules.categories(standard.id) {
        names.category_add(&category.code, category.id);
        let with_kind = format!("{}:{}", category.kind.as_str(), category.code);
        names.category_add(&with_kind, category.id);
        names.category_add(&category.name, category.id);
    }
    Ok(names)
}

/// The words that no map has, so that they can be added at once.
fn tell_unknown(unknown: &UnknownWords) -> anyhow::Result<()> {
    let mut told = String::new();
    let mut fields: Vec<&str> = unknown.keys().map(|(field, _)| field.as_str()).collect();
    fields.dedup();
    for field in fields {
        let of_field = unknown.iter().filter(|((of, _), _)| of == field);
        let mut words: Vec<(&str, u64)> = of_field
            .map(|((_, word), rows)| (word.as_str(), *rows))
            .collect();
        words.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        let count = words.len();
        let _ = writeln!(
            told,
            "{count} words for {field} that stand for nothing here:"
        );
        for (word, rows) in words.into_iter().take(WORDS_SHOWN_MAX) {
            let _ = writeln!(told, "  \"{word}\": {rows} rows");
        }
        if count > WORDS_SHOWN_MAX {
            let _ = writeln!(told, "  and {} more", count - WORDS_SHOWN_MAX);
        }
    }
    if told.is_empty() {
        Ok(())
    } else {
        say(told.trim_end())
    }
}
