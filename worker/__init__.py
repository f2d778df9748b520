"""The GPU side: fal's queue protocol over HTTP in front of one engine on one GPU."""
