"""From prompts, with weights in brackets, to the text encoder's embeddings."""
