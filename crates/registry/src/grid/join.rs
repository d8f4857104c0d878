//! Joining pieces that share edges: edges that two pieces have in opposite directions vanish, what is left are the rings of the whole.

use super::Ring;
use geo::Coord;
use std::collections::HashMap;

/// A corner by the bits of its coordinates: pieces of one cut share them exactly.
type Key = (u64, u64);

pub(super) fn key(corner: Coord<f64>) -> Key {
    // Adding zero makes minus zero plus zero.
    ((corner.x + 0.0).to_bits(), (corner.y + 0.0).to_bits())
}

/// The edges of a ring, in its direction.
pub(super) fn edges(ring: &Ring) -> impl Iterator<Item = (Coord<f64>, Coord<f64>)> + '_ {
    ring.iter()
        .copied()
        .zip(ring.iter().copied().cycle().skip(1))
}

/// The rings around all of `pieces` together. None when the edges left do not close, which no pieces of one cut do.
pub(super) fn join<'a>(pieces: impl Iterator<Item = &'a Vec<Ring>>) -> Option<Vec<Ring>> {
    let mut left: HashMap<(Key, Key), (Coord<f64>, Coord<f64>)> = HashMap::new();
    let mut order = Vec::new();
    for (a, b) in pieces.flatten().flat_map(edges) {
        if left.remove(&(key(b), key(a))).is_none() {
            left.insert((key(a), key(b)), (a, b));
            order.push((key(a), key(b)));
        }
    }
    let mut outgoing: HashMap<Key, Vec<Coord<f64>>> = HashMap::new();
    // In the order they came, so that the result does not depend on the order of a hash table.
    for name in &order {
        if let Some((a, b)) = left.get(name) {
            outgoing.entry(key(*a)).or_default().push(*b);
        }
    }
    let mut rings = Vec::new();
    for name in order {
        let Some((start, second)) = left.remove(&name) else {
            continue;
        };
        take(&mut outgoing, start, second)?;
        let (mut ring, mut before, mut at) = (vec![start], start, second);
        while key(at) != key(start) {
            ring.push(at);
            let next = leftmost(outgoing.get(&key(at))?, before, at)?;
            take(&mut outgoing, at, next)?;
            left.remove(&(key(at), key(next)));
            (before, at) = (at, next);
        }
        rings.push(ring);
    }
    Some(rings)
}

fn take(
    outgoing: &mut HashMap<Key, Vec<Coord<f64>>>,
    from: Coord<f64>,
    to: Coord<f64>,
) -> Option<()> {
    let ends = outgoing.get_mut(&key(from))?;
    let place = ends.iter().position(|end| key(*end) == key(to))?;
    ends.remove(place);
    Some(())
}

/// The way on that turns left the most: where rings touch in a corner it stays with the inside it came along.
fn leftmost(ways: &[Coord<f64>], before: Coord<f64>, at: Coord<f64>) -> Option<Coord<f64>> {
    let back = before - at;
    let turn = |way: &Coord<f64>| {
        let on = *way - at;
        // Clockwise from where we came, 0 to a full turn.
        let angle = (on.x * back.y - on.y * back.x).atan2(on.x * back.x + on.y * back.y);
        if angle <= 0.0 {
            angle + std::f64::consts::TAU
        } else {
            angle
        }
    };
    ways.iter()
        .min_by(|a, b| turn(a).total_cmp(&turn(b)))
        .copied()
}
