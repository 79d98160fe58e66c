#!/bin/sh
# Pin everything that pyproject.toml allows, with the hashes of all files, for every platform; no package host is named.
set -eu
cd "$(dirname -- "$0")/.."
python=.venv/bin/python
"$python" -m pip install --quiet uv
.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
  --python-version 3.11 --extra dev --output-file requirements.lock "$@" pyproject.toml
