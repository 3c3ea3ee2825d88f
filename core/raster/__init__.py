"""Rasters: where pixels are, reading windows, writing blocks. The only place that opens rasters."""

import os

# GDAL keeps decoded tiles in 5 % of the machine's memory unless told otherwise: on a large machine, that is many times what a
# job needs, and the memory of a job would seem to grow with its image. In MB; read when GDAL first needs it.
os.environ.setdefault("GDAL_CACHEMAX", "256")
