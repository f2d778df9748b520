"""What fits on the device, and which UNet is on it."""
