"""The gallery: networks to start from, one architecture a file. A new one is a file beside these and two lines here."""

from __future__ import annotations

from ...errors import BadParameter
from .architecture import Architecture
from .cnn1d import CNN1D
from .cnn3d import CNN3D
from .cnn16 import CNN16
from .cnn16bn import CNN16BN
from .deeplab import DEEPLAB
from .fcn16 import FCN16
from .fusenet import FUSENET
from .l2norm import L2NORM
from .ltae import LTAE
from .m3fusion import M3FUSION
from .maggiori import MAGGIORI
from .panms import PANMS
from .resunet import RESUNET
from .scalarproduct import SCALARPRODUCT
from .tempcnn import TEMPCNN
from .unet import UNET

_OF_PATCHES = (CNN16, CNN16BN, PANMS)
_OF_MAPS = (FCN16, MAGGIORI, UNET, RESUNET, DEEPLAB, FUSENET)
_OF_SERIES_AND_SPECTRA = (M3FUSION, TEMPCNN, LTAE, CNN1D, CNN3D)
_FOR_TRIALS = (L2NORM, SCALARPRODUCT)
ARCHITECTURES: dict[str, Architecture] = {
    architecture.id: architecture for architecture in (*_OF_PATCHES, *_OF_MAPS, *_OF_SERIES_AND_SPECTRA, *_FOR_TRIALS)
}


def find(architecture_id: str) -> Architecture:
    """The architecture with that id.

    Raises:
        BadParameter: there is none; names those that there are.
    """
    if architecture_id not in ARCHITECTURES:
        raise BadParameter("Architecture", expected="one of " + ", ".join(ARCHITECTURES), received=repr(architecture_id))
    return ARCHITECTURES[architecture_id]
