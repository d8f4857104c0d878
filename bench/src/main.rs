//! `make bench`: every figure in one run. `bench points` and so on give one of them.

use anyhow::Result;

fn main() -> Result<()> {
    bench::points::run()
}
