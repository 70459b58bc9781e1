"""What both corpora and features need of video files: the ffmpeg program, the probe, the hash."""
