"""What a prompt's words mean to the preview engine."""
