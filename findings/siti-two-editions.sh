#!/usr/bin/env bash
# Guess: spatial information (SI) of ITU-T P.910 is one number; two programs agree on which clip has more of it.
# What happens: FFmpeg's filter siti takes SI of the luma codes, as the early editions do; siti-tools by default
#   first turns them into a display's light and that into PQ, as the editions since 2022 do. A faint texture in the
#   dark and a stronger one in bright grey change places: FFmpeg has the bright one ahead, siti-tools the dark one
#   by more than double. "siti-tools --legacy" is within a few per cent of FFmpeg.
# Why it matters: content is chosen and binned by SI and TI; numbers of the two kinds have the same name and a
#   like range, and cannot be put into one table or under one threshold.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q siti-tools==0.6.0 av==18.1.0 numpy==2.4.6 scipy==1.17.1 imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
echo "siti-tools $(venv/bin/pip show siti-tools 2>&1 | sed -n 's/^Version: //p')"
texture() { # lowest code, highest code, file
    "$ff" -nostdin -v error -f lavfi -i color=s=256x256:r=25,format=yuv420p \
        -vf "geq=lum=$1+($2-$1)*(1+sin(X/3)*sin(Y/3))/2:cb=128:cr=128" -frames:v 2 "$3"
}
texture 20 45 dark.y4m
texture 180 215 bright.y4m
filter() {
    "$ff" -nostdin -v error -i "$1" -vf siti,metadata=print:file=- -f null - | sed -n 's/.*siti\.si=//p' | sed -n 1p
}
tools() { venv/bin/siti-tools -q -f csv -n 2 "$@" | sed -n 2p | cut -d, -f3; }
echo "guess: one order, and about one number a column"
seen=""
for clip in dark bright; do
    a=$(filter $clip.y4m); b=$(tools --legacy $clip.y4m); c=$(tools $clip.y4m)
    echo "seen:  SI of $clip.y4m: FFmpeg $a, siti-tools --legacy $b, siti-tools $c"
    seen="$seen $a $b $c"
done
echo "$seen" | LC_ALL=C awk '{ exit !($1 < $4 && $2 < $5 && $3 > 2 * $6) }' ||
    { echo "changed: the two editions' order of the clips was opposite"; exit 1; }
