"""Forms for a clip, what was filled into refused ones, and the styles that they offer."""
