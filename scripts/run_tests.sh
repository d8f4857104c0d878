#!/bin/sh
# All tests. cargo-nextest is faster on many cores, but documentation tests and the summary CI reads come from cargo itself.
set -eu

if cargo nextest --version >/dev/null 2>&1 && [ "${CI:-}" != true ]; then
    cargo nextest run --workspace --locked --no-fail-fast
    cargo test --workspace --locked --doc
else
    cargo test --workspace --locked --no-fail-fast
fi
