"""Sky, weather, water and land."""
