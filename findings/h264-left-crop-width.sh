#!/usr/bin/env bash
# Guess: a decoded frame has the size that its stream declares, in whichever program libavcodec decodes it.
# What happens: where an H.264 stream crops its left edge by a few pixels, PyAV's frame keeps these columns: it is
#   wider than the stream it came from, and as the picture's first columns are the cropped ones, every pixel stands
#   to the right of where the ffmpeg program puts it. Cropping at the other three edges comes out alike in both.
#   (The program asks the decoder for unaligned cropping; by default the left crop is left out if it would leave
#   the lines unaligned in memory.)
# Why it matters: a metric of frames from PyAV against frames from ffmpeg compares shifted pictures, or fails on
#   the sizes; and the size read from the stream does not fit the array.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q av==18.1.0 numpy==2.4.6 imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
"$ff" -nostdin -v error -f lavfi -i testsrc2=s=320x240:r=25:d=0.2 -c:v libx264 -pix_fmt yuv420p in.mp4
for edge in left right top bottom; do
    "$ff" -nostdin -v error -i in.mp4 -c copy -bsf:v h264_metadata=crop_$edge=8 $edge.mp4
    "$ff" -nostdin -v error -i $edge.mp4 -frames:v 1 -pix_fmt gray -f rawvideo $edge.gray
done
echo "guess: the three sizes of a line are one and the same"
venv/bin/python - <<'PY'
import os
import sys
import av

print("PyAV", av.__version__)
wrong = []
for edge in ("left", "right", "top", "bottom"):
    with av.open(edge + ".mp4") as box:
        video = box.streams.video[0]
        frame = next(box.decode(video))
        declared = (video.width, video.height)
    pixels = os.path.getsize(edge + ".gray")
    print(f"seen:  crop_{edge}=8: stream {declared}, PyAV's frame {(frame.width, frame.height)}, "
          f"ffmpeg's frame {(pixels // declared[1], declared[1])}")
    if pixels != declared[0] * declared[1] or (frame.width, frame.height) != declared:
        wrong.append((edge, frame.width))
if wrong != [("left", 320)]:
    sys.exit(f"changed: the left crop alone was ignored, by PyAV alone; now {wrong}")
PY
