"""The edge to the world: servers, files, databases, models. Only here are foreign libraries for them imported."""
