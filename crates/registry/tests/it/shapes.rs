//! Outlines for tests: partitions whose neighbours share their corners bit for bit, and stars.

use base::{Chance, Point, SeededChance};
use registry::Boundary;

/// A number from 0 up to 1.
pub fn unit(chance: &SeededChance) -> f64 {
    f64::from(u32::try_from(chance.below(1 << 32)).unwrap()) / f64::from(u32::MAX)
}

/// `columns` x `rows` four-cornered cells of about `size` degrees whose inner corners are moved by up to 0.4 of it, each side
/// with `bends` further corners, also moved.
pub fn partition(
    chance: &SeededChance,
    columns: usize,
    rows: usize,
    size: f64,
    bends: usize,
) -> Vec<Boundary> {
    let (west, south) = (120.9, 30.9);
    let step = size / (bends + 1) as f64;
    let (across, up) = (columns * (bends + 1), rows * (bends + 1));
    let mut corners = vec![vec![Point { lon: 0.0, lat: 0.0 }; across + 1]; up + 1];
    for (y, row) in corners.iter_mut().enumerate() {
        for (x, corner) in row.iter_mut().enumerate() {
            let jitter = |edge: bool| {
                if edge {
                    0.0
                } else {
                    (unit(chance) - 0.5) * 0.6 * step
                }
            };
            *corner = Point {
                lon: west + x as f64 * step + jitter(x == 0 || x == across),
                lat: south + y as f64 * step + jitter(y == 0 || y == up),
            };
        }
    }
    let steps = bends + 1;
    let mut cells = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = (column * steps, row * steps);
            let mut ring = Vec::new();
            ring.extend((0..steps).map(|i| corners[y][x + i]));
            ring.extend((0..steps).map(|i| corners[y + i][x + steps]));
            ring.extend((0..steps).map(|i| corners[y + steps][x + steps - i]));
            ring.extend((0..=steps).map(|i| corners[y + steps - i][x]));
            cells.push(Boundary::polygon(&ring, &[]).unwrap());
        }
    }
    cells
}

/// A star of `corners` corners around a place; simple by construction.
pub fn star(chance: &SeededChance, centre: Point, radius: f64, corners: usize) -> Boundary {
    let mut ring: Vec<Point> = (0..corners)
        .map(|n| {
            let angle = std::f64::consts::TAU * n as f64 / corners as f64;
            let reach = radius * (0.3 + 0.7 * unit(chance));
            Point {
                lon: centre.lon + reach * angle.cos(),
                lat: centre.lat + reach * angle.sin(),
            }
        })
        .collect();
    ring.push(ring[0]);
    Boundary::polygon(&ring, &[]).unwrap()
}
