#!/bin/sh
# check_manual.sh PROGRAM -- the reference manual comes out of the program whole, and twice the same.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$1" --manual >"$out/first.md"
"$1" --manual >"$out/second.md"
for word in tvm.import s:split s:compute_at te.compute tvm.compare m:run; do
    grep -q "$word" "$out/first.md" || { echo "the manual does not mention $word"; echo "not ok manual"; exit 1; }
done
cmp "$out/first.md" "$out/second.md" && echo "ok manual"
