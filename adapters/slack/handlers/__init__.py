"""What members and admins do in Slack: each handler translates one act into a service call."""
