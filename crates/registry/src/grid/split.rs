//! Splitting a shape by a line along a parallel or a meridian, so that both sides share their corners bit for bit.
//!
//! A corner on the line counts as beyond it, as if the line lay a hair lower; so there are no special cases, and what the two sides
//! have together is what was there before, without overlap or gap.

use super::{Ring, doubled_area};
use geo::Coord;

/// A line to split by, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Line {
    /// Everything of this latitude; beyond is north.
    Parallel(f64),
    /// Everything of this longitude; beyond is east.
    Meridian(f64),
}

impl Line {
    /// How far beyond the line's zero a corner is.
    fn key(self, corner: Coord<f64>) -> f64 {
        match self {
            Self::Parallel(_) => corner.y,
            Self::Meridian(_) => corner.x,
        }
    }

    fn at(self) -> f64 {
        match self {
            Self::Parallel(at) | Self::Meridian(at) => at,
        }
    }

    /// Whether a corner is beyond the line.
    fn is_beyond(self, corner: Coord<f64>) -> bool {
        self.key(corner) >= self.at()
    }

    /// Where along the line a place is, such that what lies beyond is on the left of who walks up.
    fn along(self, place: Coord<f64>) -> f64 {
        match self {
            Self::Parallel(_) => place.x,
            Self::Meridian(_) => -place.y,
        }
    }

    /// Where the edge between two corners on different sides crosses; the same whichever end comes first.
    fn crossing(self, a: Coord<f64>, b: Coord<f64>) -> Coord<f64> {
        let (low, high) = if self.is_beyond(a) { (b, a) } else { (a, b) };
        let at = self.at();
        if self.key(high) <= at {
            return high;
        }
        let part = (at - self.key(low)) / (self.key(high) - self.key(low));
        let between =
            |from: f64, to: f64| (from + part * (to - from)).clamp(from.min(to), from.max(to));
        match self {
            Self::Parallel(_) => Coord {
                x: between(low.x, high.x),
                y: at,
            },
            Self::Meridian(_) => Coord {
                x: at,
                y: between(low.y, high.y),
            },
        }
    }
}

/// The piece of a ring on one side: from where it came over the line to where it leaves.
struct Chain {
    is_beyond: bool,
    corners: Ring,
    /// Number of the crossing it ends at.
    end: usize,
}

/// A place where a ring crosses the line.
struct Crossing {
    along: f64,
    /// Whether the ring goes beyond here.
    goes_beyond: bool,
    /// The chain that begins here.
    chain: usize,
}

/// The two sides of a shape: what is not beyond the line, and what is. None when the crossings do not alternate, which happens when
/// corners lie closer to each other than numbers can tell.
pub(super) fn split(rings: Vec<Ring>, line: Line) -> Option<(Vec<Ring>, Vec<Ring>)> {
    let (mut before, mut beyond) = (Vec::new(), Vec::new());
    let (mut chains, mut crossings) = (Vec::new(), Vec::new());
    for ring in rings {
        let count = ring
            .iter()
            .filter(|corner| line.is_beyond(**corner))
            .count();
        if count == 0 {
            before.push(ring);
        } else if count == ring.len() {
            beyond.push(ring);
        } else {
            take_apart(&ring, line, &mut chains, &mut crossings);
        }
    }
    let partners = partners(&crossings)?;
    let mut used = vec![false; chains.len()];
    for first in 0..chains.len() {
        if used.get(first).copied().unwrap_or(true) {
            continue;
        }
        let (mut ring, mut next) = (Ring::new(), first);
        let is_beyond = chains.get(first)?.is_beyond;
        // Each chain ends where its partner along the line begins, until the first comes round again.
        while !std::mem::replace(used.get_mut(next)?, true) {
            let chain = chains.get(next)?;
            ring.extend(&chain.corners);
            next = crossings.get(*partners.get(chain.end)?)?.chain;
        }
        let ring = cleaned(ring, line);
        if ring.len() > 2 && doubled_area(&ring) != 0.0 {
            if is_beyond { &mut beyond } else { &mut before }.push(ring);
        }
    }
    Some((before, beyond))
}

/// Cuts one ring into its chains.
fn take_apart(ring: &Ring, line: Line, chains: &mut Vec<Chain>, crossings: &mut Vec<Crossing>) {
    let ends = ring.iter().zip(ring.iter().cycle().skip(1));
    let Some(start) = ends
        .clone()
        .position(|(a, b)| line.is_beyond(*a) != line.is_beyond(*b))
    else {
        return;
    };
    let first_crossing = crossings.len();
    let walk = ends.cycle().skip(start).take(ring.len());
    let mut open: Option<Chain> = None;
    for (a, b) in walk {
        if line.is_beyond(*a) != line.is_beyond(*b) {
            let place = line.crossing(*a, *b);
            if let Some(mut chain) = open.take() {
                chain.corners.push(place);
                chain.end = crossings.len();
                chains.push(chain);
            }
            crossings.push(Crossing {
                along: line.along(place),
                goes_beyond: line.is_beyond(*b),
                chain: chains.len(),
            });
            open = Some(Chain {
                is_beyond: line.is_beyond(*b),
                corners: vec![place],
                end: first_crossing,
            });
        }
        if let Some(chain) = &mut open {
            chain.corners.push(*b);
        }
    }
    if let Some(mut chain) = open {
        // The walk ends on the edge it began with: its last corner is that edge's first, then comes the crossing.
        if let Some(place) = ring
            .get(start)
            .zip(ring.iter().cycle().nth(start + 1))
            .map(|(a, b)| line.crossing(*a, *b))
        {
            chain.corners.push(place);
        }
        chains.push(chain);
    }
}

/// For every crossing the one it is joined to along the line. What is inside lies between the first and the second, the third and the
/// fourth, …; a ring comes down at the former and goes up at the latter.
fn partners(crossings: &[Crossing]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..crossings.len()).collect();
    let along = |number: &usize| crossings.get(*number).map_or(0.0, |c| c.along);
    order.sort_by(|a, b| along(a).total_cmp(&along(b)));
    for place in 0..order.len() {
        let wanted = place % 2 == 1;
        let here = along(order.get(place)?);
        // Among crossings at one place, those that alternate.
        let fitting = (place..order.len())
            .take_while(|at| order.get(*at).is_some_and(|n| along(n) <= here))
            .find(|at| {
                order
                    .get(*at)
                    .and_then(|n| crossings.get(*n))
                    .is_some_and(|c| c.goes_beyond == wanted)
            })?;
        order.swap(place, fitting);
    }
    let mut partners = vec![0; crossings.len()];
    for pair in order.chunks(2) {
        let [down, up] = pair else { return None };
        *partners.get_mut(*down)? = *up;
        *partners.get_mut(*up)? = *down;
    }
    Some(partners)
}

/// Without corners that repeat the one before, and without spikes along the line.
fn cleaned(ring: Ring, line: Line) -> Ring {
    let mut kept = Ring::with_capacity(ring.len());
    for corner in ring {
        push_clean(&mut kept, corner, line);
    }
    // The ends meet: what is doubled or doubles back there goes too.
    while kept.len() > 2 {
        let (Some(first), Some(last)) = (kept.first().copied(), kept.last().copied()) else {
            break;
        };
        let before_last = kept.get(kept.len() - 2).copied().unwrap_or(last);
        let second = kept.get(1).copied().unwrap_or(first);
        if first == last || is_spike(before_last, last, first, line) {
            kept.pop();
        } else if is_spike(last, first, second, line) {
            kept.remove(0);
        } else {
            break;
        }
    }
    kept
}

fn push_clean(kept: &mut Ring, corner: Coord<f64>, line: Line) {
    while let Some(last) = kept.last().copied() {
        let before = kept
            .len()
            .checked_sub(2)
            .and_then(|at| kept.get(at))
            .copied();
        if last == corner {
            return;
        }
        if before.is_some_and(|before| is_spike(before, last, corner, line)) {
            kept.pop();
        } else {
            break;
        }
    }
    kept.push(corner);
}

/// Whether `b` is where a walk along the line turns back.
#[expect(
    clippy::float_cmp,
    reason = "what lies on the line was put there bit for bit"
)]
fn is_spike(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, line: Line) -> bool {
    let on_line = [a, b, c]
        .iter()
        .all(|corner| line.key(*corner) == line.at());
    on_line && (line.along(b) - line.along(a)) * (line.along(c) - line.along(b)) < 0.0
}
