"""The engines that can render a request: `preview` (procedural, no model) and `animatediff`
(diffusers)."""
