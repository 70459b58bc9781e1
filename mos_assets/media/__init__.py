"""What both corpora and features need of video files: the ffmpeg program and the probe."""
