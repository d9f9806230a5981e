#!/bin/sh
# check_manual.sh PROGRAM [--update] -- docs/reference.md is what the program's docstrings say.
set -eu
if [ "${2:-}" = --update ]; then "$1" --manual >docs/reference.md; fi
if "$1" --manual | diff -u docs/reference.md -; then
    echo "ok manual"
else
    echo "docs/reference.md is out of date; ./dev test --update manual writes it"
    echo "not ok manual"
    exit 1
fi
