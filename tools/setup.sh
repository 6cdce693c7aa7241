#!/usr/bin/env bash
# Makes the virtual environment and installs what the lock files name.
#   tools/setup.sh run     what the product needs        (requirements.lock)
#   tools/setup.sh dev     that, and the tools and tests (requirements-dev.lock)
# PYTHON=… picks the interpreter, VENV=… the place (default .venv).
# Installs again exactly when a lock file, pyproject.toml, a package, the interpreter or this folder's path has changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

part="${1:-run}"
venv="${VENV:-.venv}"

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

fits() { "$1" -c 'import sqlite3, sys; sys.exit(sys.version_info < (3, 11) or sqlite3.sqlite_version_info < (3, 35))' >/dev/null 2>&1; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if fits "$candidate"; then echo "$candidate"; return; fi
    done
    if [ -n "${PYTHON:-}" ]; then stop "PYTHON=$PYTHON is not a Python 3.11 or newer with SQLite 3.35 or newer."; fi
    stop "Pishi needs Python 3.11 or newer; install it (on Debian: apt-get install python3 python3-venv) and run make again."
}

make_venv() {
    local python version
    python="$(find_python)"
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        if ! may_install; then
            stop "Python $version has no venv module; install it (on Debian: apt-get install python$version-venv) and run make again."
        fi
        say "Installing python$version-venv …"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv"; } >&2 ||
            stop "python$version-venv could not be installed; install it by hand and run make again."
    fi
    say "Making $venv with Python $version …"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

# What an installation depends on. A stamp that says anything else is not believed.
fingerprint() {
    pwd
    echo */__init__.py # the editable installation knows the packages that were there
    "$venv/bin/python" -V
    sha256sum "$1" pyproject.toml
}

usable() { "$venv/bin/python" -m pip --version >/dev/null 2>&1 && fits "$venv/bin/python" && [ "$(cat "$venv/made-for" 2>/dev/null || pwd)" = "$(pwd)" ]; }

install_lock() {
    say "Installing the dependencies of $1 …"
    rm -f "$venv"/installed-*
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$1"
    # the build back end warns that an editable installation is editable
    PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
}

installed() { [ -f "$venv/installed-$1" ] && [ "$(cat "$venv/installed-$1")" = "$(fingerprint "$2")" ]; }

usable || make_venv
pwd >"$venv/made-for"
case "$part" in
    run)
        if ! installed run requirements.lock; then
            install_lock requirements.lock
            fingerprint requirements.lock >"$venv/installed-run"
        fi
        ;;
    dev)
        if ! installed dev requirements-dev.lock || ! installed run requirements.lock; then
            install_lock requirements-dev.lock
            fingerprint requirements.lock >"$venv/installed-run" # the development lock holds all of the product's
            fingerprint requirements-dev.lock >"$venv/installed-dev"
        fi
        ;;
    *) stop "usage: tools/setup.sh run|dev" ;;
esac
