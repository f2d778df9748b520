"""The words and the blocks of Slack messages."""
