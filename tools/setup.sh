#!/bin/sh
# Make .venv with everything in requirements.lock, below this folder only.
#
# Debian's Python comes without pip and without the means to make an environment with it. Then pip is unpacked from
# Debian's own package below .tools; so is bubblewrap, which isolates the steps that tocsin runs, if the machine has none.
set -eu
python=${1:-python3}
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
tools=$here/.tools

say() { printf '%s\n' "$*" >&2; }
fail() { say "make setup: $*"; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "there is no $python; install Python 3.11 or newer."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$python is $("$python" -V 2>&1); tocsin needs Python 3.11 or newer. Name another one: make setup PYTHON=python3.12"

# Unpack Debian packages below .tools, without installing them. $@: the packages.
unpack() {
  command -v apt-get >/dev/null 2>&1 || return 1
  mkdir -p "$tools/lists/partial" "$tools/cache/archives/partial" "$tools/deb" "$tools/root"
  own="-o Dir::State::Lists=$tools/lists -o Dir::Cache=$tools/cache -o APT::Sandbox::User=root -o Debug::NoLocking=1"
  # shellcheck disable=SC2086
  [ -n "$(ls "$tools/lists" 2>/dev/null | grep Packages || true)" ] || apt-get -qq $own update >/dev/null 2>&1 || return 1
  # shellcheck disable=SC2086
  (cd "$tools/deb" && apt-get -qq $own download "$@" >/dev/null 2>&1) || return 1
  for package in "$tools"/deb/*.deb; do dpkg-deb -x "$package" "$tools/root" || return 1; done
  rm -f "$tools"/deb/*.deb
}

# A bundle of certificates for a pip that brings none of its own along.
certificates() {
  [ -n "${PIP_CERT:-}${SSL_CERT_FILE:-}" ] && return 0
  [ -s /etc/ssl/certs/ca-certificates.crt ] && return 0
  unpack ca-certificates || return 0
  cat "$tools"/root/usr/share/ca-certificates/mozilla/*.crt >"$tools/certificates.pem"
  PIP_CERT=$tools/certificates.pem
  export PIP_CERT
}

make_environment() {
  rm -rf .venv
  if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    "$python" -m venv .venv
    pip=".venv/bin/python -m pip"
    return
  fi
  "$python" -m venv --without-pip .venv || fail "Python's module venv is missing; install python3-venv."
  unpack python3-pip-whl ||
    fail "Python has no pip, and Debian's package python3-pip-whl cannot be fetched; install python3-venv."
  certificates
  pip=".venv/bin/python $(echo "$tools"/root/usr/share/python-wheels/pip-*.whl)/pip"
}

if ! command -v bwrap >/dev/null 2>&1 && [ ! -x "$tools/root/usr/bin/bwrap" ]; then
  unpack bubblewrap || say "make setup: bubblewrap cannot be fetched; steps are isolated by an own uid, or do not run."
fi

say "Setting up .venv (about a minute the first time) ..."
make_environment
$pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock ||
  fail "the packages of requirements.lock could not be installed; the lines above say why."
$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ||
  fail "tocsin itself could not be installed into .venv; the lines above say why."
touch .venv/ready
