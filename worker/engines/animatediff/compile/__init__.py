"""Forwards of the UNet, eager or through `torch.compile`."""
