"""Pictures and videos that clips start from: what a request says of them, and how they are read."""
