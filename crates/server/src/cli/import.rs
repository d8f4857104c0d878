//! `chengyun import`: files in, good rows stored, bad rows listed with row, column and reason. A second run changes nothing.

use crate::city::City;
use crate::cli::cases::{Cases, import_cases};
use crate::cli::people::{Organisations, People, import_organisations, import_staff};
use crate::cli::{refusal, say};
use anyhow::{Context, bail};
use base::geo::CoordinateSystem;
use base::{AreaCode, Problem};
use calendar::BareUnits;
use clap::{Args, Subcommand, ValueEnum};
use registry::{
    AreaImport, AreaParent, BoundaryImport, CodeAssign, ComponentFile, ComponentImport, GridImport,
    PlaceImport, StandardImport, StandardKey,
};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use table::{Report, Table};

#[derive(Subcommand, Debug)]
pub(super) enum Import {
    /// Areas from a table, or their outlines from GeoJSON
    Areas(Areas),
    /// Organisations: departments, streets, stations, in any order
    Organisations(Organisations),
    /// People, where they work and as what, with accounts for those with a login name
    Staff(People),
    /// A standard: categories, with rule rows where the table has filing conditions
    Standard(Standard),
    /// Classes of appeals in three levels
    Taxonomy(Taxonomy),
    /// Citizens' messages, as reports
    Appeals(Appeals),
    /// What another system did, from any table, as reports and cases with their history
    Cases(Cases),
    /// Unit grids of villages, from GeoJSON
    Grids(Grids),
    /// Surveyed components, from a table or GeoJSON
    Components(Components),
    /// Places of a layer, from GeoJSON
    Places(Places),
}

/// What every import is told.
#[derive(Args, Debug)]
pub(super) struct Common {
    /// The file: CSV, TSV or XLSX, in UTF-8, UTF-16 or GBK; for what has a place also GeoJSON; packed with gzip or not
    pub(super) file: PathBuf,
    /// Say what would happen and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Where refused rows and remarks are listed [default: FILE-rows.csv in the current folder]
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Coordinates {
    Cgcs2000,
    Wgs84,
    Gcj02,
    Bd09,
}

impl From<Coordinates> for CoordinateSystem {
    fn from(coordinates: Coordinates) -> Self {
        match coordinates {
            Coordinates::Cgcs2000 => Self::Cgcs2000,
            Coordinates::Wgs84 => Self::Wgs84,
            Coordinates::Gcj02 => Self::Gcj02,
            Coordinates::Bd09 => Self::Bd09,
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct Areas {
    #[command(flatten)]
    common: Common,
    /// Division code of the area above, for rows that lead to none
    #[arg(long, value_name = "CODE")]
    parent_code: Option<AreaCode>,
    /// Its name; with it the area is made when it is not there yet
    #[arg(long, value_name = "NAME", requires = "parent_code")]
    parent_name: Option<String>,
    /// The system of coordinates whose column does not say it
    #[arg(long, value_enum, default_value = "cgcs2000")]
    coordinates: Coordinates,
}

/// Which standard a file is.
#[derive(Args, Debug)]
struct Key {
    /// Machine name of the standard, e.g. gbt47678-5
    #[arg(long)]
    code: String,
    /// Its edition, e.g. 2026
    #[arg(long)]
    edition: String,
    /// Its title
    #[arg(long)]
    name: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Units {
    /// 小时 is 工作时, 天 is 工作日
    Working,
    /// By the clock on the wall
    Natural,
}

#[derive(Args, Debug)]
pub(super) struct Standard {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    key: Key,
    /// What 小时 and 天 mean in its time limits
    #[arg(long, value_enum, default_value = "working")]
    bare_units: Units,
    /// Also pair its categories with those of this standard, given as CODE@EDITION
    #[arg(long, value_name = "CODE@EDITION")]
    crosswalk_from: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Taxonomy {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    key: Key,
}

#[derive(Args, Debug)]
pub(super) struct Appeals {
    #[command(flatten)]
    common: Common,
    /// The channel they came through
    #[arg(long, default_value = "citizen_app")]
    source: String,
    /// The system their ids belong to
    #[arg(long, default_value = "appeals")]
    system: String,
}

#[derive(Args, Debug)]
pub(super) struct Grids {
    #[command(flatten)]
    common: Common,
    /// The system of the file's coordinates
    #[arg(long, value_enum, default_value = "cgcs2000")]
    coordinates: Coordinates,
}

#[derive(Args, Debug)]
pub(super) struct Components {
    #[command(flatten)]
    common: Common,
    /// The system of coordinates whose column does not say it
    #[arg(long, value_enum, default_value = "cgcs2000")]
    coordinates: Coordinates,
    /// The standard of the categories in the codes, given as CODE@EDITION [default: the latest that has them]
    #[arg(long, value_name = "CODE@EDITION")]
    standard: Option<String>,
    /// For rows without an identification code: the category's digits, e.g. 02014
    #[arg(long, value_name = "DIGITS", requires = "serial")]
    category: Option<String>,
    /// And the column whose number, at most six digits, tells them apart
    #[arg(long, value_name = "COLUMN", requires = "category")]
    serial: Option<String>,
    /// The supervising organisation of rows that name none: its code, credit code or name
    #[arg(long, value_name = "ORGANISATION")]
    supervisor: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Places {
    #[command(flatten)]
    common: Common,
    /// The system of the file's coordinates
    #[arg(long, value_enum, default_value = "cgcs2000")]
    coordinates: Coordinates,
    /// The layer they belong to, by its code
    #[arg(long, value_name = "CODE")]
    layer: String,
    /// Its name; with it the layer is made when it is not there yet
    #[arg(long, value_name = "NAME")]
    layer_name: Option<String>,
    /// The property that tells them apart [default: id or code, else name and place]
    #[arg(long, value_name = "PROPERTY")]
    key: Option<String>,
}

pub(super) async fn run(what: Import, city: &City) -> anyhow::Result<ExitCode> {
    let (common, report) = match what {
        Import::Areas(areas) => {
            let report = import_areas(&areas, city).await?;
            (areas.common, report)
        }
        Import::Organisations(organisations) => {
            let report = import_organisations(&organisations, city).await?;
            (organisations.common, report)
        }
        Import::Staff(people) => {
            let report = import_staff(&people, city).await?;
            (people.common, report)
        }
        Import::Standard(standard) => {
            let report = import_standard(&standard, city).await?;
            (standard.common, report)
        }
        Import::Taxonomy(taxonomy) => {
            let report = import_taxonomy(&taxonomy, city).await?;
            (taxonomy.common, report)
        }
        Import::Appeals(appeals) => {
            let report = import_appeals(&appeals, city).await?;
            (appeals.common, report)
        }
        Import::Cases(cases) => {
            let report = import_cases(&cases, city).await?;
            (cases.common, report)
        }
        Import::Grids(grids) => {
            let report = import_grids(&grids, city).await?;
            (grids.common, report)
        }
        Import::Components(components) => {
            let report = import_components(&components, city).await?;
            (components.common, report)
        }
        Import::Places(places) => {
            let report = import_places(&places, city).await?;
            (places.common, report)
        }
    };
    tell(&common, &report)?;
    Ok(ExitCode::SUCCESS)
}

async fn import_grids(grids: &Grids, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, _) = read(&grids.common.file)?;
    let options = GridImport {
        dry_run: grids.common.dry_run,
        coordinates: grids.coordinates.into(),
        ..GridImport::default()
    };
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let done = city
        .registry
        .grid_import(&who, &bytes, &options, progress)
        .await;
    steps.end();
    done.map_err(refusal)
}

async fn import_components(components: &Components, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&components.common.file)?;
    let standard = match &components.standard {
        None => None,
        Some(text) => Some(standard_key(text).context("--standard is CODE@EDITION")?),
    };
    let pair = components.category.clone().zip(components.serial.clone());
    let options = ComponentImport {
        dry_run: components.common.dry_run,
        coordinates: components.coordinates.into(),
        standard,
        assign: pair.map(|(category, serial)| CodeAssign { category, serial }),
        supervisor: components.supervisor.clone(),
    };
    let table;
    let file = if is_geojson(&bytes) {
        ComponentFile::GeoJson(&bytes)
    } else {
        table = Table::read(&bytes, &name).with_context(|| name.clone())?;
        ComponentFile::Table(&table)
    };
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let done = city
        .registry
        .component_import(&who, file, &options, progress)
        .await;
    steps.end();
    done.map_err(refusal)
}

async fn import_places(places: &Places, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, _) = read(&places.common.file)?;
    let options = PlaceImport {
        dry_run: places.common.dry_run,
        coordinates: places.coordinates.into(),
        code: places.key.clone(),
        layer_name: places.layer_name.clone(),
    };
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let done = city
        .registry
        .place_import(&who, &places.layer, &bytes, &options, progress)
        .await;
    steps.end();
    done.map_err(refusal)
}

/// By what is in it, whatever its name: no table begins like an object of JSON.
fn is_geojson(bytes: &[u8]) -> bool {
    let mut signs = bytes
        .iter()
        // A mark of the encoding, the other half of UTF-16, white space.
        .filter(|byte| byte.is_ascii_graphic());
    signs.next() == Some(&b'{')
}

pub(super) fn standard_key(text: &str) -> Option<StandardKey> {
    let (code, version) = text.split_once('@')?;
    Some(StandardKey {
        code: code.to_owned(),
        version: version.to_owned(),
    })
}

async fn import_areas(areas: &Areas, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&areas.common.file)?;
    let dry_run = areas.common.dry_run;
    let coordinates = areas.coordinates.into();
    let parent = areas.parent_code.map(|code| AreaParent {
        code,
        name: areas.parent_name.clone(),
    });
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let done = if is_geojson(&bytes) {
        let options = BoundaryImport {
            dry_run,
            coordinates,
            parent,
            ..BoundaryImport::default()
        };
        city.registry
            .boundary_import(&who, &bytes, &options, progress)
            .await
    } else {
        let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
        let options = AreaImport {
            dry_run,
            coordinates,
            parent,
            ..AreaImport::default()
        };
        city.registry
            .area_import(&who, &table, &options, progress)
            .await
    };
    steps.end();
    done.map_err(refusal)
}

fn standard_options(key: &Key, bare_units: BareUnits, dry_run: bool) -> StandardImport {
    StandardImport {
        dry_run,
        key: StandardKey {
            code: key.code.clone(),
            version: key.edition.clone(),
        },
        name: key.name.clone(),
        effective_from: None,
        effective_to: None,
        bare_units,
    }
}

async fn import_standard(standard: &Standard, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&standard.common.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    let bare_units = match standard.bare_units {
        Units::Working => BareUnits::default(),
        Units::Natural => BareUnits::NATURAL,
    };
    let options = standard_options(&standard.key, bare_units, standard.common.dry_run);
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let done = city
        .registry
        .standard_import(&who, &table, &options, progress)
        .await;
    steps.end();
    let report = done.map_err(refusal)?;
    if let Some(from) = &standard.crosswalk_from {
        pair(from, &options, city).await?;
    }
    Ok(report)
}

/// Pairs the categories of an earlier standard with those of the one just imported.
async fn pair(from: &str, options: &StandardImport, city: &City) -> anyhow::Result<()> {
    let Some(from_key) = standard_key(from) else {
        bail!("--crosswalk-from is CODE@EDITION, e.g. city-standard@2019");
    };
    let rules = city.registry.snapshot().rules.clone();
    let id = |key: &StandardKey| rules.standard_by_key(key).map(|standard| standard.id);
    let from_id = id(&from_key).with_context(|| format!("there is no standard {from}"))?;
    let Some(to_id) = id(&options.key) else {
        return say("crosswalk: left out, because a rehearsal stores no standard to pair with");
    };
    let who = city.console().await?;
    let paired = city
        .registry
        .crosswalk_build(&who, from_id, to_id, options.dry_run)
        .await;
    let paired = paired.map_err(refusal)?;
    say(&format!(
        "crosswalk from {from}: {} same, {} renamed (to confirm), {} moved, {} without a counterpart, {} changed",
        paired.same,
        paired.renamed,
        paired.moved,
        paired.unmatched.len(),
        paired.changed,
    ))
}

async fn import_taxonomy(taxonomy: &Taxonomy, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&taxonomy.common.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    let options = standard_options(&taxonomy.key, BareUnits::default(), taxonomy.common.dry_run);
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let done = city
        .registry
        .taxonomy_import(&who, &table, &options, progress)
        .await;
    steps.end();
    done.map_err(refusal)
}

async fn import_appeals(appeals: &Appeals, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&appeals.common.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    let options = casework::service::ImportOptions {
        source: appeals.source.clone(),
        system: appeals.system.clone(),
        dry_run: appeals.common.dry_run,
    };
    let steps = Steps::default();
    let progress = |done: u64, total: u64| steps.show(done, total);
    let done = city
        .casework
        .import_appeals(&who, &table, &options, &progress)
        .await;
    steps.end();
    done.map_err(|error| refusal(Problem::from(error)))
}

pub(super) fn read(file: &Path) -> anyhow::Result<(Vec<u8>, String)> {
    let length = fs::metadata(file)
        .with_context(|| format!("reading {}", file.display()))?
        .len();
    if length > base::limits::IMPORT_BYTES_MAX as u64 {
        bail!(
            "{} is larger than {} bytes",
            file.display(),
            base::limits::IMPORT_BYTES_MAX
        );
    }
    let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let unpacked = table::unpacked(&bytes, base::limits::IMPORT_BYTES_MAX)
        .with_context(|| format!("reading {}", file.display()))?;
    let bytes = match unpacked {
        Cow::Owned(unpacked) => unpacked,
        // A large file is not copied.
        Cow::Borrowed(_) => bytes,
    };
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok((bytes, name))
}

/// The counts, and the file with the rows that did not go in.
fn tell(common: &Common, report: &Report) -> anyhow::Result<()> {
    let verb = if common.dry_run {
        "would be stored"
    } else {
        "stored"
    };
    let changed = match report.changed {
        0 => String::new(),
        changed => format!(" ({changed} changed)"),
    };
    say(&format!(
        "{} rows read: {} {verb}{changed}, {} unchanged, {} rejected, {} remarks",
        report.read,
        report.stored,
        report.unchanged,
        report.rejected_count(),
        report.remarks.len(),
    ))?;
    let has_changes = report.changed > 0 || (common.dry_run && !report.outcomes.is_empty());
    if report.rejected.is_empty() && report.remarks.is_empty() && !has_changes {
        return Ok(());
    }
    let path = common
        .rows
        .clone()
        .unwrap_or_else(|| rows_file(&common.file));
    let file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    let mut out = BufWriter::new(file);
    report.write_csv(&mut out)?;
    out.flush()?;
    say(&format!(
        "{}, with row, column and reason: {}",
        if has_changes {
            "what becomes of each row"
        } else {
            "rejected rows and remarks"
        },
        path.display()
    ))
}

/// `FILE-rows.csv` in the current folder: where a file comes from may be read only.
fn rows_file(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{stem}-rows.csv"))
}

/// Progress on standard error: one line that moves at a terminal, a line each tenth elsewhere.
#[derive(Default)]
pub(super) struct Steps {
    tenths: AtomicU64,
    shown: AtomicU64,
}

impl Steps {
    pub(super) fn show(&self, done: u64, total: u64) {
        let tenth = (done * 10).checked_div(total).unwrap_or(10);
        let mut out = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ = if std::io::stderr().is_terminal() {
            self.shown.store(1, Ordering::Relaxed);
            write!(out, "\r{done} of {total}")
        } else if self.tenths.fetch_max(tenth, Ordering::Relaxed) < tenth {
            writeln!(out, "{done} of {total}")
        } else {
            Ok(())
        };
    }

    pub(super) fn end(&self) {
        if self.shown.load(Ordering::Relaxed) == 1 {
            let _ = writeln!(std::io::stderr());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_rows_are_listed_in_the_current_folder() {
        assert_eq!(
            rows_file(Path::new("/a/b/villages.csv")),
            PathBuf::from("villages-rows.csv")
        );
    }
}
