"""What people read of a clip's controls, and what admins are told of them."""
