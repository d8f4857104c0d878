#!/bin/sh
# The console in `web/`. Usage: web.sh build|check|test|schema
#   build   what the binary takes in; nothing is done when nothing has changed
#   check   types, lints, unit tests
#   test    journeys in a real browser against the built binary (BUILT_BINARY, else target/debug/chengyun)
#   schema  the description of the API by the built binary, and the types made from it
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/web"

# Debian 12 ships Node 18, which the tools do not run on: a newer one then comes from the registry of npm, like the tools.
node_dir() {
    major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
    [ "${major:-0}" -ge 20 ] && return 0
    kept="$root/web/.node"
    if [ ! -x "$kept/node_modules/.bin/node" ]; then
        mkdir -p "$kept"
        npm install --silent --no-save --no-audit --no-fund --prefix "$kept" node@20.19.5 >&2
    fi
    PATH="$kept/node_modules/.bin:$PATH"
    export PATH
}

# Anew when the list of packages has changed.
packages() {
    stamp=node_modules/.installed
    if [ ! -e "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
        npm ci --silent --no-audit --no-fund
        cp package-lock.json "$stamp"
    fi
}

node_dir
case "${1:-build}" in
build)
    newer=$(find index.html h5.html vite.config.ts tsconfig.json package-lock.json scripts public src -newer dist/index.html 2>/dev/null | head -n 1 || true)
    [ -e dist/index.html ] && [ -z "$newer" ] && exit 0
    packages
    npm run --silent build
    ;;
check)
    packages
    npm run --silent lint
    npm run --silent types
    npm run --silent test
    ;;
test)
    packages
    npm run --silent journeys
    ;;
schema)
    packages
    folder=$(mktemp -d)
    "${BUILT_BINARY:-${CARGO_TARGET_DIR:-$root/target}/debug/chengyun}" openapi --data-dir "$folder" > "$folder/openapi.json"
    mv "$folder/openapi.json" openapi/openapi.json
    rm -r "$folder"
    npm run --silent schema
    ;;
*)
    sed -n '2,6p' "$0" >&2
    exit 1
    ;;
esac
