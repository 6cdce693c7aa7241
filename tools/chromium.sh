#!/usr/bin/env bash
# The browser tests need Chromium and a Chinese font. Installs them when it may, else says in one sentence what is missing.
set -euo pipefail

if command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium and a Chinese font for the browser tests …" >&2
    { apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; } >/dev/null || true
fi
if command -v chromium >/dev/null; then exit 0; fi
echo "Chromium is missing, so the browser tests cannot run (on Debian: apt-get install chromium fonts-noto-cjk)." >&2
if [ "${CI:-}" = true ]; then exit 1; fi
