//! What the registry costs in a city of 70,000 unit grids and a million components: time, and resident memory.
//!
//! `cargo run --release -p registry --example registry_figures [-- COMPONENTS [POSTGRES_URL]]`. Everything goes the product's own way (imports, the service's
//! lookups); only the file system beneath is whatever the temporary directory is on. Prints the median, the 99th percentile and the CPU
//! time of each question, and the question that is worst.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a program that measures, not a part of the product"
)]
#![allow(missing_docs, reason = "a program")]

use access::{Access, AccessOptions, OrganisationKind, OrganisationNew, Principal, Sealer};
use base::chance::{Chance, SeededChance};
use base::{Id, PageRequest, Point, SystemClock, TreePath};
use registry::component::cell::around;
use registry::{
    AreaImport, BoundaryImport, CategoryKind, ComponentFile, ComponentFilter, ComponentImport,
    ComponentState, GridGenerate, Registry, StandardImport, StandardKey,
};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Options, Store};
use table::Table;

/// About a district of 40 km by 32 km.
const WEST: f64 = 120.88;
const SOUTH: f64 = 30.97;
const WIDTH: f64 = 0.30;
const HEIGHT: f64 = 0.224;
const COLUMNS: usize = 20;
const ROWS: usize = 18;
/// Rows of one file.
const FILE_ROWS: usize = 100_000;
const QUESTIONS: usize = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == "open").is_some() {
        open_again(&arguments.next().unwrap()).await;
        return;
    }
    let components: usize = arguments
        .next()
        .map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let url = arguments
        .next()
        .unwrap_or_else(|| format!("sqlite:{}", folder.path().join("city.db").display()));
    let options = Options {
        url: url.clone(),
        writers: 4,
        readers: 2,
        backup: None,
    };
    let chance: Arc<dyn Chance> = Arc::new(SeededChance::new(7));
    let clock = Arc::new(SystemClock);
    let rooms = [access::ROOM, registry::ROOM];
    let store = Store::open(&options, &rooms, clock, chance.clone()).unwrap();
    let sealer = Sealer::ephemeral(chance.clone());
    let access = Access::open(store.clone(), sealer, AccessOptions::default()).unwrap();
    let city = Registry::open(store.clone()).await.unwrap();
    city.know(access.clone());
    println!("resident at the start: {:.0} MB", resident_mb());
    let owners = city_of(&city, &access).await;
    grids(&city, &store).await;
    survey(&city, components, &*chance).await;
    println!("resident after the survey: {:.0} MB", resident_mb());
    ask(&city, &owners, &*chance).await;
    println!("resident at the end: {:.0} MB", resident_mb());
    store.close();
    // What a process takes that only serves: in one of its own.
    let program = std::env::current_exe().unwrap();
    let status = std::process::Command::new(program)
        .args(["open", &url])
        .status();
    assert!(status.unwrap().success());
}

/// What opening the registry takes, and what of it is the spatial index.
async fn open_again(url: &str) {
    let options = Options {
        url: url.to_owned(),
        writers: 1,
        readers: 2,
        backup: None,
    };
    let rooms = [access::ROOM, registry::ROOM];
    let chance = Arc::new(SeededChance::new(8));
    let store = Store::open(&options, &rooms, Arc::new(SystemClock), chance).unwrap();
    let (before, started) = (resident_mb(), Instant::now());
    let city = Registry::open(store.clone()).await.unwrap();
    println!(
        "a fresh process: registry opened in {:.2} s, resident {:.0} MB of which {:.0} MB are the registry",
        started.elapsed().as_secs_f64(),
        resident_mb(),
        resident_mb() - before
    );
    let areas = city.snapshot().areas.clone();
    let outlines = areas.areas().iter();
    let outlines = outlines.filter_map(|area| Some((area.level, area.boundary.as_deref()?)));
    let started = Instant::now();
    let index = registry::SpatialIndex::build(outlines);
    println!(
        "  the spatial index alone: built in {:.2} s",
        started.elapsed().as_secs_f64()
    );
    drop(index);
    city.reload(registry::Part::Areas).await.unwrap();
    println!(
        "  after reading areas again: resident {:.0} MB",
        resident_mb()
    );
    store.close();
}

fn console() -> Principal {
    Principal::console(Id(1), TreePath::root(1).unwrap())
}

/// Resident memory of this process.
fn resident_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes
        .and_then(|text| text.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}

fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = after
        .split_whitespace()
        .filter_map(|f| f.parse().ok())
        .collect();
    // User and system time in hundredths of a second; the first field after the name is a letter and is left out.
    Duration::from_millis(10 * (fields.get(10).unwrap_or(&0) + fields.get(11).unwrap_or(&0)))
}

fn unit(chance: &dyn Chance) -> f64 {
    (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// District, street, villages with outlines; a standard; four organisations.
async fn city_of(city: &Registry, access: &Access) -> Vec<Id> {
    let square = |code: &str, name: &str, west: f64, south: f64, width: f64, height: f64| {
        let (east, north) = (west + width, south + height);
        json!({"type": "Feature", "properties": {"adcode": code, "name": name}, "geometry": {"type": "Polygon",
            "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}})
    };
    let mut features = vec![
        square("310118", "青浦区", WEST, SOUTH, WIDTH, HEIGHT),
        square("310118001", "街道", WEST, SOUTH, WIDTH, HEIGHT),
    ];
    let (dx, dy) = (WIDTH / COLUMNS as f64, HEIGHT / ROWS as f64);
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let code = format!("310118001{:03}", row * COLUMNS + column + 1);
            let (west, south) = (WEST + column as f64 * dx, SOUTH + row as f64 * dy);
            features.push(square(
                &code,
                &format!("村{row}-{column}"),
                west,
                south,
                dx,
                dy,
            ));
        }
    }
    let file = json!({"type": "FeatureCollection", "features": features}).to_string();
    city.boundary_import(
        &console(),
        file.as_bytes(),
        &BoundaryImport::default(),
        |_| (),
    )
    .await
    .unwrap();
    let _ = AreaImport::default();
    let mut text = "kind,class_code,class_name,code5,name\n".to_owned();
    for n in 1..=77 {
        writeln!(text, "管理部件,01,市政公用设施,01{n:03},部件{n}").unwrap();
    }
    let table = Table::read(text.as_bytes(), "standard.csv").unwrap();
    let options = StandardImport {
        dry_run: false,
        key: StandardKey {
            code: "GBT47678.5".into(),
            version: "2026".into(),
        },
        name: "国标".into(),
        effective_from: None,
        effective_to: None,
        bare_units: calendar::BareUnits::default(),
    };
    city.standard_import(&console(), &table, &options, |_| ())
        .await
        .unwrap();
    let mut owners = Vec::new();
    for n in 0..4 {
        let new = OrganisationNew {
            code: format!("O{n}"),
            name: format!("单位{n}"),
            kind: OrganisationKind::Company,
            parent_id: None,
            home_area_path: None,
            credit_code: None,
        };
        owners.push(
            access
                .organisation_create(&console(), new, None)
                .await
                .unwrap()
                .id,
        );
    }
    owners
}

async fn grids(city: &Registry, store: &Store) {
    let before = resident_mb();
    let district = city.snapshot().areas.areas()[0].id;
    let rehearsal = GridGenerate {
        dry_run: true,
        ..GridGenerate::default()
    };
    let started = Instant::now();
    let planned = city
        .grid_generate(&console(), district, &rehearsal, |_| ())
        .await
        .unwrap();
    println!(
        "grids: {} cut out of {} villages in {:.2} s",
        planned.grids(),
        planned.villages.len(),
        started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    city.grid_generate(&console(), district, &GridGenerate::default(), |_| ())
        .await
        .unwrap();
    println!(
        "grids: cut, stored and audited in {:.1} s; resident {:.0} MB more than before",
        started.elapsed().as_secs_f64(),
        resident_mb() - before
    );
    let started = Instant::now();
    let checked = city.grid_check(district, usize::MAX).unwrap();
    assert!(checked.iter().all(|(_, found)| found.is_clean()));
    println!(
        "grids: all {} villages checked for overlaps and gaps in {:.2} s",
        checked.len(),
        started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    let fresh = Registry::open(store.clone()).await.unwrap();
    println!(
        "grids: read into memory at the start in {:.2} s ({} areas)",
        started.elapsed().as_secs_f64(),
        fresh.snapshot().areas.len()
    );
}

async fn survey(city: &Registry, components: usize, chance: &dyn Chance) {
    let started = Instant::now();
    let cpu_before = cpu();
    let mut number = 0_usize;
    while number < components {
        let mut text =
            "code,state,owner,maintainer,supervisor,初始日期,数据来源,lon,lat\n".to_owned();
        for _ in 0..FILE_ROWS.min(components - number) {
            // Two kinds make half of all; the last kind is one in ten thousand.
            let category = match number {
                n if n % 10_000 == 0 => 77,
                n if n % 4 == 0 => 1,
                n if n % 4 == 1 => 37,
                n => 2 + n / 4 % 74,
            };
            let state = match number % 100 {
                0 => "破损",
                1 => "丢失",
                _ => "完好",
            };
            let owner = number % 4;
            // Denser towards the middle, as towns are.
            let place = |from: f64, span: f64| from + span * (unit(chance) + unit(chance)) / 2.0;
            writeln!(
                text,
                "31011801{category:03}{:06},{state},O{owner},O{},O0,20260701,实测,{},{}",
                number % 1_000_000,
                (owner + 1) % 4,
                place(WEST, WIDTH),
                place(SOUTH, HEIGHT)
            )
            .unwrap();
            number += 1;
        }
        let table = Table::read(text.as_bytes(), "survey.csv").unwrap();
        drop(text);
        let file = ComponentFile::Table(&table);
        let report = city
            .component_import(&console(), file, &ComponentImport::default(), |_| ())
            .await
            .unwrap();
        assert_eq!(report.stored, report.read, "{:?}", report.rejected.first());
    }
    let took = started.elapsed().as_secs_f64();
    println!(
        "survey: {components} components in {took:.0} s, {:.0} a second, {:.3} CPU-ms each",
        components as f64 / took,
        cpu().saturating_sub(cpu_before).as_secs_f64() * 1e3 / components as f64
    );
}

struct Worst(String, f64);

impl Worst {
    fn note(&mut self, name: &str, p99: f64) {
        if p99 > self.1 {
            *self = Self(name.to_owned(), p99);
        }
    }
}

async fn ask(city: &Registry, owners: &[Id], chance: &dyn Chance) {
    let snapshot = city.snapshot();
    let standard = snapshot.rules.standards()[0].id;
    let category = |code: &str| {
        let found = snapshot
            .rules
            .category_by_code(standard, CategoryKind::Component, code);
        found.unwrap().id
    };
    let (common, rare, class) = (category("01001"), category("01077"), category("01"));
    let mut worst = Worst(String::new(), 0.0);
    for (name, radius_m, ids, count) in [
        ("nearest 10 within 500 m", 500.0, vec![], 10),
        ("nearest 50 within 5 km", 5_000.0, vec![], 50),
        (
            "nearest 10 of a common kind within 5 km",
            5_000.0,
            vec![common],
            10,
        ),
        (
            "nearest 10 of a kind of 100 within 5 km",
            5_000.0,
            vec![rare],
            10,
        ),
        (
            "nearest 10 of a class of 77 kinds within 5 km",
            5_000.0,
            vec![class],
            10,
        ),
    ] {
        let mut times = Vec::new();
        let before = cpu();
        for _ in 0..QUESTIONS {
            let place = Point {
                lon: WEST + WIDTH * unit(chance),
                lat: SOUTH + HEIGHT * unit(chance),
            };
            let filter = ComponentFilter {
                category_ids: ids.clone(),
                ..ComponentFilter::default()
            };
            let started = Instant::now();
            city.component_nearest(place, radius_m, filter, count)
                .await
                .unwrap();
            times.push(started.elapsed());
        }
        tell(name, &mut times, cpu().saturating_sub(before), &mut worst);
    }
    let village = snapshot
        .areas
        .areas()
        .iter()
        .find(|a| a.name == "村9-10")
        .unwrap()
        .path
        .clone();
    let mut filters = vec![ComponentFilter::default()];
    let vary = |filters: &mut Vec<ComponentFilter>, change: &dyn Fn(&mut ComponentFilter)| {
        let varied: Vec<ComponentFilter> = filters
            .iter()
            .cloned()
            .map(|mut filter| {
                change(&mut filter);
                filter
            })
            .collect();
        filters.extend(varied);
    };
    vary(&mut filters, &|f| f.area_path = Some(village.clone()));
    vary(&mut filters, &|f| f.owner_id = owners.first().copied());
    let plain = filters.clone();
    for ids in [vec![common], vec![rare], vec![class]] {
        for filter in &plain {
            filters.push(ComponentFilter {
                category_ids: ids.clone(),
                ..filter.clone()
            });
        }
    }
    let stateless = filters.clone();
    for state in [
        ComponentState::Intact,
        ComponentState::Damaged,
        ComponentState::Removed,
    ] {
        for filter in &stateless {
            filters.push(ComponentFilter {
                state: Some(state),
                ..filter.clone()
            });
        }
    }
    let mut lists = Worst(String::new(), 0.0);
    let (mut all, before) = (Vec::new(), cpu());
    for filter in &filters {
        let mut times = Vec::new();
        for _ in 0..5 {
            let started = Instant::now();
            city.component_list(filter.clone(), &PageRequest::default())
                .await
                .unwrap();
            times.push(started.elapsed());
        }
        times.sort();
        lists.note(
            &format!("{filter:?}"),
            times.get(2).unwrap().as_secs_f64() * 1e3,
        );
        all.extend(times);
    }
    tell(
        &format!("list of 50, {} combinations of filters", filters.len()),
        &mut all,
        cpu().saturating_sub(before),
        &mut worst,
    );
    println!(
        "  the worst combination, median {:.2} ms: {}",
        lists.1, lists.0
    );
    let layer = city.layer("grids").unwrap().id;
    for (name, reach_m) in [
        ("view of grids, 1 km", 500.0),
        ("view of grids, 4 km", 2_000.0),
    ] {
        let (mut times, before) = (Vec::new(), cpu());
        for _ in 0..200 {
            let place = Point {
                lon: WEST + WIDTH * unit(chance),
                lat: SOUTH + HEIGHT * unit(chance),
            };
            let started = Instant::now();
            city.layer_features(layer, around(place, reach_m), 2_000)
                .await
                .unwrap();
            times.push(started.elapsed());
        }
        tell(name, &mut times, cpu().saturating_sub(before), &mut worst);
    }
    println!(
        "the worst of all by its 99th percentile, {:.2} ms: {}",
        worst.1, worst.0
    );
}

fn tell(name: &str, times: &mut [Duration], cpu: Duration, worst: &mut Worst) {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).unwrap().as_secs_f64() * 1e3;
    let (median, p99) = (at(50), at(99));
    worst.note(name, p99);
    println!(
        "{name:<50} median {median:.3} ms, p99 {p99:.3} ms, {:.3} CPU-ms",
        cpu.as_secs_f64() * 1e3 / times.len() as f64
    );
}
