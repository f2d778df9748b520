"""Rules of a server as admins read and write them: the policy, the layers of limits, pauses."""
