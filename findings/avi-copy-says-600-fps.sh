#!/usr/bin/env bash
# Guess: copying H.264 at 25 or 30 fps from MP4 into AVI without encoding leaves a file that says 25 or 30 fps.
# What happens: the AVI's stream says 600 fps, whatever the clip's rate, and as many frames as 600 a second would
#   be: 24 times too many at 25 fps. ffmpeg exits 0 and prints no warning. Only the guessed rate and a count of the
#   packets still tell the truth.
# Why it matters: bits per frame and rates that are worked out from a header are wrong by a factor that depends
#   on the clip, and a check "frame counts agree" fails on a copy that lost nothing.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q av==18.1.0 imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
for rate in 25 30; do
    "$ff" -nostdin -v error -f lavfi -i testsrc2=s=320x240:r=$rate -frames:v 50 -c:v libx264 -pix_fmt yuv420p $rate.mp4
    "$ff" -nostdin -v warning -i $rate.mp4 -c copy $rate.avi
done
echo "guess: average_rate is 25 or 30, as the name says, and there are 50 frames in each file"
venv/bin/python - <<'PY'
import sys
import av

print("PyAV", av.__version__)
seen = {}
for name in ("25.mp4", "25.avi", "30.mp4", "30.avi"):
    with av.open(name) as box:
        video = box.streams.video[0]
        packets = sum(1 for packet in box.demux(video) if packet.size)
        seen[name] = (int(video.average_rate), video.frames, int(video.guessed_rate), packets)
    print("seen:  %s: average_rate %d, frames %d; guessed_rate %d, packets counted %d" % (name, *seen[name]))
if (seen["25.avi"], seen["30.avi"]) != ((600, 1200, 25, 50), (600, 1000, 30, 50)):
    sys.exit("changed: the copies said 600 fps with 1200 and 1000 frames")
PY
