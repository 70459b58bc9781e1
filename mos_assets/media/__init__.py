"""What both corpora and extraction need of video files: the ffmpeg program, the probe, the hash."""
