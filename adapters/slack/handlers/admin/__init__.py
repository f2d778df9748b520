"""``/flipbook admin …``: what a workspace's admins decide."""
