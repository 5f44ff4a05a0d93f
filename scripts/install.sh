#!/usr/bin/env bash
# lyceum and everything that it needs into .venv, from the lock. PYTHON names another interpreter, GPU=1 wants CUDA.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
    echo "lyceum needs Python 3.11 to 3.13; $python is $("$python" --version 2>&1). Try: make PYTHON=python3.12" >&2
    exit 2
}
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --upgrade .venv
if [ "${GPU:-}" = 1 ]; then
    .venv/bin/uv pip uninstall --quiet --python .venv/bin/python xgboost-cpu
    .venv/bin/uv pip install --quiet --python .venv/bin/python xgboost
fi
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable .
touch .venv/.installed
