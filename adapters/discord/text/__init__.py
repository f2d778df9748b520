"""The words and the layout of Discord messages."""
