"""The denoising steps: latents, schedulers, camera-motion LoRAs, cached features."""
