"""The Home tab as Slack lays it out, and the form in which admins change limits."""
