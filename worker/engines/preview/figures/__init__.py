"""The subjects: their outlines, poses and how they are filled."""
