#!/usr/bin/env bash
# Debian packages that the tests of browser, Spark and PostgreSQL need. Nothing else of lyceum needs any of them.
set -euo pipefail
wanted=(chromium fonts-noto-cjk openjdk-17-jre-headless postgresql)
missing=()
for package in "${wanted[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if command -v java >/dev/null && [ "${missing[*]}" = "openjdk-17-jre-headless" ]; then
    exit 0  # another build of Java is there already
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
