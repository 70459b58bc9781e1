#!/usr/bin/env bash
# Guess: an HD clip (1280x720) without colour tags is turned into RGB by BT.709, the matrix of HD.
# What happens: the ffmpeg program, PyAV and OpenCV all use BT.601 for it without a word: one orange is
#   (235, 76, 44) where BT.709 gives (250, 90, 40).
# Why it matters: colour features, RGB metrics and training pictures from untagged HD are off by 15 codes and more
#   against the source, and differ from those of the same clip with tags.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q av==18.1.0 opencv-python-headless==4.14.0.94 numpy==2.4.6 imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
"$ff" -nostdin -v error -f lavfi -i color=s=1280x720:r=25,format=yuv420p,geq=lum=120:cb=90:cr=200 -frames:v 2 \
    -c:v ffv1 untagged.mkv
"$ff" -nostdin -v error -i untagged.mkv -frames:v 1 -pix_fmt rgb24 -f rawvideo plain.rgb
"$ff" -nostdin -v error -i untagged.mkv -frames:v 1 -vf scale=in_color_matrix=bt709 -pix_fmt rgb24 -f rawvideo 709.rgb
venv/bin/python - <<'PY'
import sys
import av
import cv2
import numpy as np

print("PyAV", av.__version__, "OpenCV", cv2.__version__)
y, u, v = (120 - 16) / 219, (90 - 128) / 224, (200 - 128) / 224


def rgb(kr, kb):  # the textbook conversion of this one colour
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    return np.array([r, (y - kr * r - kb * b) / (1 - kr - kb), b]) * 255


with av.open("untagged.mkv") as box:
    pyav = next(box.decode(video=0)).to_ndarray(format="rgb24")[0, 0]
seen = {"ffmpeg": np.fromfile("plain.rgb", "u1")[:3], "PyAV": pyav,
        "OpenCV": cv2.VideoCapture("untagged.mkv").read()[1][0, 0, ::-1],
        "ffmpeg told BT.709": np.fromfile("709.rgb", "u1")[:3]}
print("by hand: BT.601", rgb(0.299, 0.114).round(), "BT.709", rgb(0.2126, 0.0722).round())
print("guess: BT.709 in each line")
for name, colour in seen.items():
    print("seen: ", name, colour)
near = {n: "601" if abs(c - rgb(0.299, 0.114)).max() < 3 else "709" if abs(c - rgb(0.2126, 0.0722)).max() < 3 else "?"
        for n, c in seen.items()}
if list(near.values()) != ["601", "601", "601", "709"]:
    sys.exit(f"changed: all used BT.601 unless told; now {near}")
PY
