"""What a visitor comes for: near me, the map, search, one place."""
