#!/bin/sh
# Makes sure that what a make target needs is there: installs it when we may (root or password-less sudo, Debian or
# Ubuntu), else says exactly what to install. Usage: prerequisites.sh build|test
set -eu

wanted=${1:-build}
missing=""

have() { command -v "$1" >/dev/null 2>&1; }
need() { missing="$missing $1"; }

# The server programs of PostgreSQL are not on the path on Debian.
have_postgres() {
    have initdb && have postgres && return 0
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return 0
    done
    return 1
}

have_chinese_letters() {
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts /Library/Fonts /System/Library/Fonts -iname '*cjk*' -o -iname 'wqy*' -o -iname 'pingfang*' 2>/dev/null | head -n 1)" ]
}

if ! have cargo; then
    echo "Rust is missing. Install it from https://rustup.rs and try again." >&2
    exit 1
fi
have cc || need build-essential
# The console is built with Node. Any of Debian's will do: where it is older than 20 (Debian 12 has 18), scripts/web.sh gets a newer
# one from the registry of npm, for this checkout only.
have node || need nodejs
have npm || need npm
if [ "$wanted" = test ]; then
    have_postgres || need postgresql
    # The requests of docs/API.md are run as they are written.
    for program in bash curl jq; do
        have "$program" || need "$program"
    done
    # Journeys through the console are made in a real browser, which needs letters for Chinese.
    have chromium || need chromium
    have_chinese_letters || need fonts-noto-cjk
fi
[ -z "$missing" ] && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if have sudo && sudo --non-interactive true 2>/dev/null; then
        as_root="sudo --non-interactive"
    else
        as_root="no"
    fi
fi
if [ "$as_root" = no ] || ! have apt-get; then
    echo "Missing:$missing (Debian package names). On Debian or Ubuntu: sudo apt-get install$missing" >&2
    echo "Elsewhere: a C compiler, Node 20.19 or newer with npm, and for tests bash, curl, jq, chromium and the server programs of PostgreSQL 13 or newer (initdb, postgres)." >&2
    exit 1
fi

echo "Installing$missing ..."
# The tests start private servers of their own: the package shall neither create a cluster nor start a service.
case "$missing" in
*postgresql*)
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        $as_root mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    ;;
esac
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q </dev/null
# shellcheck disable=SC2086 # a list of packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    -o Dpkg::Options::=--force-confold $missing </dev/null
