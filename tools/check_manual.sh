#!/bin/sh
# check_manual.sh PROGRAM [--update] -- docs/reference.md is what the program prints as its manual (--update: becomes it).
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$1" --manual >"$out/manual.md"
[ "${2:-}" != --update ] || cp "$out/manual.md" docs/reference.md
for word in tvm.import s:split s:compute_at te.compute tvm.compare m:run; do
    grep -q "$word" "$out/manual.md" || { echo "the manual does not mention $word"; echo "not ok manual"; exit 1; }
done
sed '1,/^| code /d' "$out/manual.md" | grep -v '^| .* |$\|^|---\|^$' && { echo "a row of the table of errors is broken in two"; echo "not ok manual"; exit 1; }
diff "$out/manual.md" docs/reference.md || { echo "./dev test check/manual --update writes it anew"; echo "not ok manual"; exit 1; }
echo "ok manual"
