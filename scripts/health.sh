#!/usr/bin/env bash
# Exit status 0 if Airflow's database, scheduler, triggerer and DAG processor are well, 1 if not.
set -euo pipefail
bin="${BIN:-$(cd "$(dirname "$0")/.." && pwd)/.venv/bin}"
exec "$bin/python" - "${AIRFLOW_PORT:-8080}" <<'PYTHON'
import json
import sys
from urllib.request import ProxyHandler, build_opener

url = f"http://127.0.0.1:{sys.argv[1]}/api/v2/monitor/health"
try:
    with build_opener(ProxyHandler({})).open(url, timeout=10) as answer:
        ill = [name for name, part in json.load(answer).items() if part["status"] != "healthy"]
except OSError as error:
    sys.exit(f"Airflow does not answer on port {sys.argv[1]} ({type(error).__name__}).")
sys.exit(f"Not well: {', '.join(ill)}." if ill else 0)
PYTHON
