"""Rasters: where pixels are, reading windows, writing blocks. The only place that opens rasters."""

import os

# How GDAL reads; the user's own environment goes first. Read when GDAL first needs each.
GDAL_SETTINGS = {
    # GDAL keeps decoded tiles in 5 % of the machine's memory unless told otherwise: on a large machine, that is many times what a job
    # needs, and the memory of a job would seem to grow with its image. In MB; core/inference/tiles.py asks for more for a wide image.
    "GDAL_CACHEMAX": "256",
    "GDAL_NUM_THREADS": "ALL_CPUS",  # the tiles of one window are decoded side by side
    # A server that does not answer, or stops in the middle, must end in an error: without these GDAL waits for ever. In seconds and bytes a
    # second; what merely is slow may take as long as it needs.
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_LOW_SPEED_TIME": "10",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "100",
    "GDAL_HTTP_MAX_RETRY": "3",  # of answers that ask for it: too many requests, bad gateway, unavailable …
    "GDAL_HTTP_RETRY_DELAY": "0.3",  # doubled each time
    # The engine lives long: without this it would not see that a file on a server has changed between two jobs.
    "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/",
}
for _name, _value in GDAL_SETTINGS.items():
    os.environ.setdefault(_name, _value)
