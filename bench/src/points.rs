//! Point -> area: 355 irregular villages, and 70,000 nearly square grids.

use anyhow::{Context, Result};
use base::chance::{Chance, SeededChance};
use base::{AreaLevel, Point};
use registry::{Boundary, SpatialIndex};
use std::hint::black_box;
use std::time::Instant;

/// About the district of Qingpu: degrees.
const WEST: f64 = 120.88;
const SOUTH: f64 = 30.97;
const WIDTH: f64 = 0.42;
const HEIGHT: f64 = 0.32;
const LOOKUPS: usize = 2_000_000;
/// More than the caches hold, so that a lookup is a fresh one.
const POINTS: usize = 1 << 18;

/// Runs both and prints them.
pub fn run() -> Result<()> {
    let villages = cells(20, 18, 0.35, 12)?;
    let grids = cells(280, 250, 0.02, 1)?;
    measure(
        "355 villages (jittered, 48 corners each)",
        AreaLevel::Village,
        villages.get(..355).context("355 villages")?,
    )?;
    measure("70,000 unit grids (nearly square)", AreaLevel::Grid, &grids)
}

fn measure(name: &str, level: AreaLevel, boundaries: &[Boundary]) -> Result<()> {
    let started = Instant::now();
    let index = SpatialIndex::build(boundaries.iter().map(|boundary| (level, boundary)));
    let built = started.elapsed();
    let chance = SeededChance::new(5);
    let points: Vec<Point> = (0..POINTS)
        .map(|_| Point::new(WEST + unit(&chance) * WIDTH, SOUTH + unit(&chance) * HEIGHT))
        .collect::<Result<_, _>>()?;
    // Brute force over some of them, so that a fast wrong answer is no answer.
    for point in points.iter().take(200) {
        let found = index.find(*point).and_then(|n| boundaries.get(n as usize));
        let expected = boundaries.iter().any(|boundary| boundary.holds(*point));
        anyhow::ensure!(
            found.is_some() == expected && found.is_none_or(|b| b.holds(*point)),
            "wrong area for {point:?}"
        );
    }
    let started = Instant::now();
    let mut hits = 0_usize;
    for n in 0..LOOKUPS {
        let point = points.get(n % POINTS).copied().context("points")?;
        hits += usize::from(black_box(index.find(black_box(point))).is_some());
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / LOOKUPS as f64;
    println!(
        "  {name:<44} {each:.3} µs a lookup ({:.0} % inside, index built in {:.0} ms)",
        100.0 * hits as f64 / LOOKUPS as f64,
        built.as_secs_f64() * 1e3
    );
    Ok(())
}

fn unit(chance: &dyn Chance) -> f64 {
    (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A sheet of cells without gaps: corners moved by `jitter` of a cell, edges bent at `steps` points that neighbours share.
fn cells(columns: usize, rows: usize, jitter: f64, steps: usize) -> Result<Vec<Boundary>> {
    let chance = SeededChance::new(11);
    let (dx, dy) = (WIDTH / columns as f64, HEIGHT / rows as f64);
    let shift = |span: f64| (unit(&chance) - 0.5) * span * jitter;
    let corners: Vec<Vec<(f64, f64)>> = (0..=rows)
        .map(|r| {
            (0..=columns)
                .map(|c| {
                    (
                        WEST + c as f64 * dx + shift(dx),
                        SOUTH + r as f64 * dy + shift(dy),
                    )
                })
                .collect()
        })
        .collect();
    let corner = |r: usize, c: usize| {
        corners
            .get(r)
            .and_then(|row| row.get(c))
            .copied()
            .unwrap_or_default()
    };
    // A bend depends on the edge's two ends alone, so both neighbours bend it alike.
    let edge = |a: (f64, f64), b: (f64, f64)| -> Vec<Point> {
        let bend = jitter * 0.12;
        (0..steps)
            .filter_map(|n| {
                let t = n as f64 / steps as f64;
                let wave = (t * std::f64::consts::PI * 3.0).sin() * bend;
                Point::new(
                    a.0 + (b.0 - a.0) * t + wave * dx,
                    a.1 + (b.1 - a.1) * t + wave * dy,
                )
                .ok()
            })
            .collect()
    };
    // The same points walked the other way: from `a`, which `edge(b, a)` leaves out, to just before `b`.
    let back = |a: (f64, f64), b: (f64, f64)| -> Vec<Point> {
        Point::new(a.0, a.1)
            .into_iter()
            .chain(edge(b, a).into_iter().skip(1).rev())
            .collect()
    };
    let mut found = Vec::with_capacity(columns * rows);
    for r in 0..rows {
        for c in 0..columns {
            let (sw, se, ne, nw) = (
                corner(r, c),
                corner(r, c + 1),
                corner(r + 1, c + 1),
                corner(r + 1, c),
            );
            let mut ring = edge(sw, se);
            ring.extend(edge(se, ne));
            ring.extend(back(ne, nw));
            ring.extend(back(nw, sw));
            ring.extend(ring.first().copied());
            found.push(
                Boundary::polygon(&ring, &[])
                    .map_err(|error| anyhow::anyhow!("cell {r}/{c}: {error}"))?,
            );
        }
    }
    Ok(found)
}
