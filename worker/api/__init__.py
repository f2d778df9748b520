"""fal's queue protocol over HTTP."""
