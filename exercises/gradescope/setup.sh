#!/usr/bin/env bash
# Run once by Gradescope, when it builds the image: Python 3.11 or newer, and what notebooks need.
set -euo pipefail
AUTOGRADER="${AUTOGRADER:-/autograder}"

is_new_enough() { "$1" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; }

PYTHON=python3
if ! is_new_enough "$PYTHON"; then
  apt-get update
  apt-get install -y software-properties-common
  add-apt-repository -y ppa:deadsnakes/ppa
  apt-get update
  apt-get install -y python3.12 python3.12-venv
  PYTHON=python3.12
fi
"$PYTHON" -m venv "$AUTOGRADER/venv"
"$AUTOGRADER/venv/bin/python" -m pip install --quiet -r "$AUTOGRADER/source/requirements.txt" "$AUTOGRADER/source/book"
