# Chengyun (城运). What each target needs is installed or asked for by scripts/prerequisites.sh.

.PHONY: run demo test check bench e2e

# The whole workspace at once, though one program is wanted: building a single package gives its dependencies other features
# than the tests do, and the next `make test` would compile them all again.
BUILD = cargo build --locked --workspace --bins
BUILT = $${CARGO_TARGET_DIR:-target}

# Builds and opens the demo city, two months of a whole district on the embedded database; prints its address and accounts. The first
# time it is lived through before your eyes; afterwards it opens at once. Data lie in ./var/demo.
run:
	@scripts/prerequisites.sh build
	@scripts/web.sh build
	$(BUILD)
	@exec "$(BUILT)/debug/chengyun" demo --reports-a-day 60 --data-dir var/demo

# The same city by the release build, as it would be shown to guests. Data lie in ./var/city.
demo:
	@scripts/prerequisites.sh build
	@scripts/web.sh build
	$(BUILD) --release
	@exec "$(BUILT)/release/chengyun" demo --data-dir var/city

# Everything that decides whether a change may land: what `check` does, every test on both databases, then journeys through the
# console in a real browser.
test: check
	@scripts/prerequisites.sh test
	@scripts/run_tests.sh
	@scripts/web.sh test

# Formatting, lints, house rules, and the console's types, lints and unit tests.
check:
	@scripts/prerequisites.sh build
	@scripts/web.sh build
	@scripts/web.sh check
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	cargo xtask tidy

# The figures of the README; see bench/README.md for how each is obtained.
bench:
	@scripts/prerequisites.sh test
	cargo run --locked --release --bin bench

# The built binary from outside: real input through the whole loop, races, kill -9. (`make test` runs it too.)
e2e:
	@scripts/prerequisites.sh test
	cargo test --locked --workspace --bins --test program
