"""``flipbook animate``: one clip from the terminal."""
