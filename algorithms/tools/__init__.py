"""Algorithms around the main work: a scene to try it on, a look at the engine."""
