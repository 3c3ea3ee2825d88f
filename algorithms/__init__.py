"""The plugin's side of Tensorscape: what QGIS shows, and how it asks the engine to work."""
