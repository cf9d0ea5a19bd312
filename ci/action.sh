#!/usr/bin/env bash
# The two steps of the GitHub Action (action.yml): `install`, then `check`. Every input is an environment variable and none
# is ever part of a command's text. Runs on the bash 3.2 of macOS.
#
# -I keeps modules of the judged repository, its current folder and PYTHONPATH out of our process.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "::error::policycheck action: $1"
  exit 2
}

# lines TEXT: its lines without white space around them and without blank ones, in the array `found`.
lines() {
  local line
  found=()
  while IFS= read -r line || [[ -n "$line" ]]; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    if [[ -n "$line" ]]; then found+=("$line"); fi
  done <<<"$1"
}

install() {
  local python=${INPUT_PYTHON:-python3} venv=$RUNNER_TEMP/policycheck/venv
  "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or newer is needed; set it up before this step, or name one in the input python"
  "$python" -I -m venv "$venv"
  "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    -r "$here/ci/requirements.txt"
  "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation "$here"
  echo "python=$venv/bin/python" >>"$GITHUB_OUTPUT"
}

check() {
  local reports=$RUNNER_TEMP/policycheck/reports code=0
  arguments=()
  lines "${INPUT_OPTIONS:-}"
  arguments+=(${found[@]+"${found[@]}"})
  if [[ -n "${INPUT_FAIL_ON:-}" ]]; then arguments+=(--fail-on "$INPUT_FAIL_ON"); fi
  lines "${INPUT_PATHS:-}"
  if [[ ${#found[@]} -eq 0 ]]; then fail "the input paths is blank, so nothing would be checked"; fi
  rm -rf "$reports"
  mkdir -p "$reports"
  run "$reports" || code=$?
  # No report, no verdict: Python itself exits 1 when it cannot start a program, and --help among the options exits 0.
  if [[ $code -le 1 && ! -s "$reports/report.json" ]]; then code=70; fi
  if [[ -s "$reports/annotations.txt" ]]; then cat "$reports/annotations.txt"; fi
  summarise "$reports" "$code"
  tell "$reports" "$code" >>"$GITHUB_OUTPUT" || code=70
  return "$code"
}

# The text report quotes the repository, so GitHub must take no command from it until the line with the token.
run() {
  local code=0 token
  token=$("$INPUT_PROGRAM" -I -c 'import secrets; print(secrets.token_hex(16))') || fail "no Python at ${INPUT_PROGRAM:-?}"
  echo "::stop-commands::$token"
  "$INPUT_PROGRAM" -I -m policycheck check ${arguments[@]+"${arguments[@]}"} \
    --output "json=$1/report.json" --output "sarif-github=$1/report.sarif" \
    --output "github=$1/annotations.txt" --output "github-summary=$1/summary.md" \
    -- "${found[@]}" 2>&1 || code=$?
  printf '\n::%s::\n' "$token"
  return "$code"
}

summarise() {
  if [[ -s "$1/summary.md" ]]; then
    cat "$1/summary.md" >>"$GITHUB_STEP_SUMMARY"
  else
    echo "policycheck stopped with exit code $2 before there was a report; the log of this step says why." \
      >>"$GITHUB_STEP_SUMMARY"
    echo "::error::policycheck stopped with exit code $2 before there was a report"
  fi
}

# tell FOLDER CODE: the outputs of the step, one a line; counts and files only when there is a report.
tell() {
  echo "exit-code=$2"
  if [[ -s "$1/report.json" ]]; then
    echo "report=$1/report.json"
    echo "sarif=$1/report.sarif"
    "$INPUT_PROGRAM" -I - "$1/report.json" <<'PYTHON'
import json, sys

with open(sys.argv[1], "rb") as report:
    totals = json.load(report)["totals"]
# A run that judged nothing has no counts.
found = [totals.get(kind, {}) for kind in ("findings", "integrity")]
print(f"gaps={sum(counts.get('gap', 0) for counts in found):d}")
print(f"unknowns={sum(counts.get('unknown', 0) for counts in found):d}")
for name in ("manifests", "blocking", "accepted", "known", "contradicted"):
    print(f"{name}={totals.get(name, 0):d}")
PYTHON
  fi
}

case "${1:-}" in
  install | check) "$1" ;;
  *) fail "install or check, not '${1:-}'" ;;
esac
