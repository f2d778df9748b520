"""What requests may ask for beyond fal's endpoints: who makes it, and how clips are cut for it."""
