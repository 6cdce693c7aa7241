#!/usr/bin/env bash
# The unit part on Python 3.13, where that is installed; one sentence where it is not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for candidate in python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; then
        PYTHON="$candidate" VENV=var/venv-3.13 tools/setup.sh dev
        exec var/venv-3.13/bin/python -m pytest tests/sms_modem/rules
    fi
done
echo "Python 3.13 is not installed here: the unit part ran on $(.venv/bin/python -V) only."
