"""From latents to pixels: whole clips, and rough previews of unfinished ones."""
