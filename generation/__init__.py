"""The core: what a clip is, what a job is, and how one becomes the other. It imports nothing else of ours."""
