#!/usr/bin/env bash
# Guess: an expression of a filter (select, geq, setpts, ...) may be as long as one likes, or the limit is named.
# What happens: a flat sum of 100 terms is taken and one of 101 ends in "Cannot allocate memory", with gigabytes free:
#   operands in a row count as depth, and depth is limited. The same terms in brackets, half and half, are taken
#   by the hundred, as the depth then grows with the logarithm.
# Why it matters: "take these frames" is written as eq(n,3)+eq(n,17)+...; it works for short clips and fails for long
#   ones, with a message that sends the reader to look for memory.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3

sum() { # first frame, last frame, flat or halves -> an expression
    if [ "$3" = flat ] || [ "$1" = "$2" ]; then
        seq -f 'eq(n\,%g)' "$1" "$2" | paste -sd+
    else
        local middle=$((($1 + $2) / 2))
        echo "($(sum "$1" $middle halves)+$(sum $((middle + 1)) "$2" halves))"
    fi
}
frames() { # terms, how -> pictures that were kept, or the last line of what ffmpeg said
    if "$ff" -nostdin -v error -f lavfi -i testsrc2=s=32x32:d=30 -vf "select=$(sum 0 $(($1 - 1)) "$2")" \
        -fps_mode passthrough -f framecrc - >list.txt 2>said.txt; then
        grep -vc '^#' list.txt
    else
        grep -o 'Cannot allocate memory' said.txt | sed -n 1p
    fi
}
echo "guess: as many pictures as terms on each line"
seen="$(frames 100 flat);$(frames 101 flat);$(frames 512 halves)"
echo "seen:  100 in a row: ${seen%%;*}"
echo "seen:  101 in a row: $(cut -d';' -f2 <<<"$seen")"
echo "seen:  512 in halves: ${seen##*;}"
[ "$seen" = "100;Cannot allocate memory;512" ] || { echo "changed: 100 and 512 in halves were taken, 101 refused"; exit 1; }
