"""What pictures are drawn with: sheets, discs, noise."""
