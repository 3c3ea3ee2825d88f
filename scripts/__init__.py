"""What the Makefile calls: `python3 -m scripts.NAME`. Standard library only, so that a bare machine can run it."""
