#!/bin/sh
# What the tests need beyond Python. As root with apt-get it is installed; otherwise the tests that want it skip
# and print why.
set -u
missing=""
for pair in chromium:chromium prometheus:prometheus promtool:prometheus docker-compose:docker-compose systemd-analyze:systemd; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
fc-list 2>/dev/null | grep -qi liberation || missing="$missing fonts-liberation"
# What WeasyPrint draws PDF with.
for pair in libpango-1.0:libpango-1.0-0 libpangoft2-1.0:libpangoft2-1.0-0 libharfbuzz-subset:libharfbuzz-subset0; do
  ls /usr/lib/*/"${pair%%:*}".so.* >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
# What has a place of its own in .venv, beside each other: most of the time goes to waiting for downloads.
if [ -d .venv ]; then
  # The emulator of Azure Blob, which comes as a package of Node.
  if [ ! -e .venv/node/node_modules/.bin/azurite-blob ] && command -v npm >/dev/null 2>&1; then
    { npm install --silent --no-audit --no-fund --prefix .venv/node azurite@3.35.0 >/dev/null 2>&1 ||
      echo "could not install azurite, the tests that want it will skip" >&2; } &
  fi
  # The emulator of BigQuery wants another DuckDB than ours.
  if [ ! -e .venv/bqemulator/bin/bqemulator ]; then
    { { .venv/bin/python -m venv .venv/bqemulator &&
        .venv/bqemulator/bin/python -m pip install --quiet --no-compile bqemulator==1.4.0 numpy duckdb-extension-spatial==1.5.5 >/dev/null 2>&1; } ||
      echo "could not install bqemulator, the tests that want it will skip" >&2; } &
  fi
  # The proxy of LiteLLM brings a hundred packages.
  if [ ! -e .venv/litellm/bin/litellm ]; then
    { { .venv/bin/python -m venv .venv/litellm &&
        .venv/litellm/bin/python -m pip install --quiet --no-compile 'litellm[proxy]==1.108.7' >/dev/null 2>&1; } ||
      echo "could not install litellm, the tests that want it will skip" >&2; } &
  fi
fi
if [ -z "$missing" ]; then
  wait
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed, the tests that want them will skip:$missing" >&2
  wait
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || { wait; exit 0; }
# shellcheck disable=SC2086  # a list of package names
apt-get install -y -qq --no-install-recommends $missing >/dev/null || echo "could not install:$missing" >&2
wait
exit 0
