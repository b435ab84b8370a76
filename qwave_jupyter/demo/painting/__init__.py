"""How the demo paints: from the light of a scene to the letters on it."""
