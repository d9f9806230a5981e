#!/bin/sh
# check_headers.sh -- every header compiles alone, so that an include says all that it needs.
set -eu
flags="-std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wstrict-prototypes -Wvla -Werror -I."
for module in lua5.4 libgvc libcgraph; do flags="$flags $(pkg-config --cflags $module)"; done
flags="$flags -isystem /usr/include/graphviz -isystem /usr/lib/llvm-19/include"
list=$(git ls-files -co --exclude-standard '*.h' 2>/dev/null || find . -name '*.h' -not -path './build*')
for header in $list; do [ ! -f "$header" ] || echo "$header"; done |
    xargs -P "$(nproc)" -n 1 sh -c \
        'printf "#include \"%s\"\n" "$1" | gcc '"$flags"' -fsyntax-only -x c - || exit 255' check &&
    echo "ok headers" || { echo "not ok headers"; exit 1; }
