"""The gallery: networks to start from, one architecture a file. A new one is a file beside these and two lines here."""

from __future__ import annotations

from ...errors import BadParameter
from .architecture import Architecture
from .cnn1d import CNN1D
from .cnn3d import CNN3D
from .cnn16 import CNN16
from .cnn16bn import CNN16BN
from .l2norm import L2NORM
from .ltae import LTAE
from .m3fusion import M3FUSION
from .panms import PANMS
from .scalarproduct import SCALARPRODUCT
from .tempcnn import TEMPCNN

_ALL = (
    CNN16,
    CNN16BN,
    PANMS,
    M3FUSION,
    TEMPCNN,
    LTAE,
    CNN1D,
    CNN3D,
    L2NORM,
    SCALARPRODUCT,
)  # fmt: skip
ARCHITECTURES: dict[str, Architecture] = {architecture.id: architecture for architecture in _ALL}


def find(architecture_id: str) -> Architecture:
    """The architecture with that id.

    Raises:
        BadParameter: there is none; names those that there are.
    """
    if architecture_id not in ARCHITECTURES:
        raise BadParameter("Architecture", expected="one of " + ", ".join(ARCHITECTURES), received=repr(architecture_id))
    return ARCHITECTURES[architecture_id]
