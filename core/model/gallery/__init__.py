"""The gallery: networks to start from, one architecture a file. A new one is a file beside these and a line here."""

from __future__ import annotations

from ...errors import BadParameter
from .architecture import Architecture
from .cnn16 import CNN16
from .cnn16bn import CNN16BN
from .deeplab import DEEPLAB
from .fcn16 import FCN16
from .fusenet import FUSENET
from .maggiori import MAGGIORI
from .resunet import RESUNET
from .unet import UNET

ARCHITECTURES: dict[str, Architecture] = {
    architecture.id: architecture
    for architecture in (
        CNN16,
        CNN16BN,
        FCN16,
        MAGGIORI,
        UNET,
        RESUNET,
        DEEPLAB,
        FUSENET,
    )
}


def find(architecture_id: str) -> Architecture:
    """The architecture with that id.

    Raises:
        BadParameter: there is none; names those that there are.
    """
    if architecture_id not in ARCHITECTURES:
        raise BadParameter("Architecture", expected="one of " + ", ".join(ARCHITECTURES), received=repr(architecture_id))
    return ARCHITECTURES[architecture_id]
