"""Setup of the Slack app: its manifest, and checks of its tokens and scopes."""
