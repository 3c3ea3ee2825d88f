"""The way to the engine: its Python environment, its process, the conversation with it."""
