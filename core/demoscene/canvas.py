"""What the layers of the landscape are painted on, one over the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import Frame


@dataclass(frozen=True)
class Canvas:
    """The ground under the points of a frame; every array (rows, cols).

    Attributes:
        frame: the points.
        u, v: their coordinates in the plane in which roads are straight.
        classes: uint8, see legend.CLASSES.
        surface: int32, number of the surface (first the ready-made ones, then the parcels of the block).
        height: of roofs and trees over the ground, in metres; float32.
        shade: brightness of the surface's texture, about 1; float32.
    """

    frame: Frame
    u: np.ndarray
    v: np.ndarray
    classes: np.ndarray
    surface: np.ndarray
    height: np.ndarray
    shade: np.ndarray

    @classmethod
    def blank(cls, frame: Frame, u: np.ndarray, v: np.ndarray) -> Canvas:
        """Nothing painted yet."""
        shape = frame.shape
        return cls(
            frame, u, v, np.zeros(shape, np.uint8), np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.ones(shape, np.float32)
        )

    def paint(
        self,
        where: np.ndarray,
        surface: np.ndarray | int,
        *,
        land_class: int | None = None,
        height: np.ndarray | float = 0.0,
        shade: np.ndarray | float = 1.0,
    ) -> None:
        """Cover the points `where` (bool). Without a class the points keep theirs: a lane belongs to the land it crosses."""
        np.copyto(self.surface, surface, where=where, casting="same_kind")
        np.copyto(self.height, height, where=where, casting="same_kind")
        np.copyto(self.shade, shade, where=where, casting="same_kind")
        if land_class is not None:
            np.copyto(self.classes, np.uint8(land_class), where=where)
