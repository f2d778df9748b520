"""The form for a clip and the styles that it offers, as people read them."""
