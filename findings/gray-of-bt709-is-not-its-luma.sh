#!/usr/bin/env bash
# Guess: "format=gray" hands out the luma of a clip, stretched to full range; tags for chroma cannot matter.
# What happens: in FFmpeg n9.0.2 they do. Grey has no matrix, a clip tagged BT.709 has one, and a scaler converts by way
#   of RGB: saturated colours come out up to 25 codes off their luma. The same clip untagged keeps its luma, and in
#   FFmpeg 7.0.2 both do. "setparams=colorspace=unknown" before it, or "extractplanes=y", gives the luma.
# Why it matters: sharpness, noise, blockiness and the like "of luma" differ between a clip and its tagged copy, and
#   between builds.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
for build in 0.6.0 0.8.1; do
    python3 -m venv "venv-$build"
    "venv-$build/bin/pip" install -q "imageio-ffmpeg==$build" numpy==2.4.6
    "venv-$build/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())' >"ffmpeg-$build"
    "$(cat "ffmpeg-$build")" -version | sed -n 1p | cut -d' ' -f1-3
done
"$(cat ffmpeg-0.8.1)" -nostdin -v error -f lavfi -i testsrc2=s=128x96,format=yuv420p -frames:v 1 -c:v ffv1 untagged.mkv
"$(cat ffmpeg-0.8.1)" -nostdin -v error -i untagged.mkv -vf setparams=colorspace=bt709 -c:v ffv1 tagged.mkv
echo "guess: 0 to 0.5 codes from the stretched luma in each line"
seen=""
for build in 0.6.0 0.8.1; do
    for clip in untagged tagged; do
        for how in format=gray extractplanes=y setparams=colorspace=unknown,format=gray; do
            "$(cat "ffmpeg-$build")" -nostdin -v error -y -i $clip.mkv -vf "$how" -f rawvideo "${how%%[=,]*}.raw"
        done
        off=$("venv-$build/bin/python" - <<'PY'
import numpy as np
grey, luma, told = (np.fromfile(f"{n}.raw", "u1")[:128 * 96] for n in ("format", "extractplanes", "setparams"))
stretched = np.clip((luma.astype(float) - 16) * 255 / 219, 0, 255)
print(*(f"{abs(each - stretched).max():.1f}" for each in (grey, told)))
PY
        )
        set -- $off
        echo "seen:  imageio-ffmpeg $build, $clip: format=gray up to $1 off, with colorspace=unknown before it $2"
        seen="$seen $1 $2"
    done
done
echo "$seen" | awk '{ for (i = 1; i <= 8; i++) if (i != 7 && $i > 1) exit 1; exit !($7 > 10) }' ||
    { echo "changed: only n9.0.2 on the tagged clip was far off its luma"; exit 1; }
