#!/bin/sh
# onnx.seeds.sh FOLDER -- small models to start from: Debian's operator cases, where they are installed.
find /usr/share/libonnx-testdata/data/node -name model.onnx -size -4k 2>/dev/null | while read -r model; do
    case=$(basename "$(dirname "$model")")
    cp -u "$model" "$1/$case"
done
