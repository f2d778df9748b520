"""The core: what a clip is, what a job is, and how one becomes the other. It imports no
other package of Flipbook."""
