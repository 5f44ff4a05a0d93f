#!/usr/bin/env bash
# Airflow with its UI for the home of $LYCEUM_HOME and the settings of $LYCEUM_CONFIG, until SIGTERM.
# AIRFLOW_PORT: the UI's port on 127.0.0.1. AIRFLOW_DB_PASSWORD_FILE: a file with the password of the user lyceum of the
# PostgreSQL on AIRFLOW_DB_HOST, database airflow; without it, SQLite in the home.
set -euo pipefail
bin="${BIN:-$(cd "$(dirname "$0")/.." && pwd)/.venv/bin}"
if [ -n "${AIRFLOW_DB_PASSWORD_FILE:-}" ]; then
    password="$("$bin/python" -c 'import sys, urllib.parse as p; print(p.quote(sys.stdin.readline().strip(), safe=""))' \
        <"$AIRFLOW_DB_PASSWORD_FILE")"
    export LYCEUM_AIRFLOW_DB="postgresql://lyceum:$password@${AIRFLOW_DB_HOST:-127.0.0.1:5432}/airflow"
fi
exec "$bin/lyceum" up --port "${AIRFLOW_PORT:-8080}"
