"""Trains a network that makes pixels finer."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber, QgsProcessingParameterString

from ...core import jobs
from ...core.errors import BadParameter
from ..base import EngineAlgorithm, Parameters
from ..parameters import choice, explained, file, file_output, folder_output, model_output, of_field, rasters, seed
from ..values import Values

VALIDATION = "_VALIDATION"
FILES = ("OUTPUT_HTML", "OUTPUT_CSV", "OUTPUT_PAIRS", "OUTPUT_TENSORBOARD")


class TrainSuperresolution(EngineAlgorithm):
    """From pairs of patches, or from fine patches alone, a model for *Superresolve*."""

    ID = "trainsuperresolution"
    ICON = "trainsuperresolution"

    def displayName(self) -> str:
        return self.tr("Train super-resolution")

    def group(self) -> str:
        return self.tr("Super-resolution")

    def groupId(self) -> str:
        return "superresolution"

    def tags(self) -> list[str]:
        return self.tr("SR4RS,EDSR,GAN,WGAN-GP,LSGAN,SRResNet,Wald,MTF,super-resolution,upscale,resolution,TrainSR,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Trains a network that makes pixels 2, 3, 4 or 8 times finer, and says after every epoch how much better than bicubic "
            "interpolation it is on patches that it does not learn from: PSNR, SSIM, SAM, ERGAS, and consistency, which tells whether the "
            "fine image, seen by the coarse sensor, is the coarse image.\n\n"
            "Give patches of 'Extract patches', without labels. Of fine patches alone the coarse ones are made as a coarser sensor would "
            "see the ground (Wald's protocol): the figures are then true ones. Patches of two sensors are checked: how far each pair lies "
            "apart is measured, and the radiometry can be made one.\n\n"
            "Fusion: a guide, which is an image whose bands are fine already (a panchromatic one; bands of 10 m beside those of 20 m), "
            "makes a model of two inputs. It is trained on the images themselves, made coarser, and applied to them as they are.\n\n"
            "The light network begins as bicubic interpolation and learns what that lacks, in minutes on a processor. That of SR4RS wants "
            "a graphics card; with a discriminator it invents plausible detail, which looks better, and measures worse.\n\n"
            "Patches of other ground are the best validation; without any, the last ones of the training patches are set apart. The model "
            "is applied with 'Superresolve'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self._add_pairs("", self.tr("Fine patches"), self.tr("Coarse patches"), self.tr("Patches of the guide"))
        names = self.tr("Fine validation patches"), self.tr("Coarse validation patches"), self.tr("Validation patches of the guide")
        self._add_pairs(VALIDATION, *names)
        job = jobs.TrainSuperresolution
        text = self.tr("light: a small residual network over bicubic interpolation. sr4rs: the large one of SR4RS.")
        self.addParameter(of_field("NETWORK", self.tr("Network"), text, job, "network"))
        factors = tuple(map(str, jobs.FACTORS))
        text = self.tr("How many times finer the pixels become.")
        parameter = choice("FACTOR", self.tr("Factor"), text, factors)
        parameter.setDefaultValue("4")
        self.addParameter(parameter)
        self._add_fitting()
        self._add_losses()
        self._add_rare()
        self._add_outputs()

    def _add_pairs(self, suffix: str, fine: str, coarse: str, guide: str) -> None:
        text = self.tr("Patch images of 'Extract patches', one of each scene, with the pixels that the network should make.")
        self.addParameter(rasters(f"HR{suffix}", fine, text, optional=bool(suffix)))
        text = self.tr("Patch images of the same patches by the coarser sensor. Empty: made from the fine ones.")
        self.addParameter(rasters(f"LR{suffix}", coarse, text, advanced=bool(suffix)))
        text = self.tr(
            "For fusion: patch images of the same patches in other bands that are fine already, such as panchromatic ones. Without coarse "
            "patches these must be finer than the fine patches, by the factor: all are made coarser."
        )
        self.addParameter(rasters(f"GUIDE{suffix}", guide, text, advanced=bool(suffix)))

    def _add_fitting(self) -> None:
        owner = jobs.ImageFitting
        for name, label, text, rare in (
            ("EPOCHS", self.tr("Epochs"), self.tr("How many times all pairs are gone through."), False),
            ("BATCH_SIZE", self.tr("Batch size"), self.tr("Pairs between two corrections of the weights."), False),
            ("LEARNING_RATE", self.tr("Learning rate"), self.tr("Size of the corrections, above 0; for sr4rs up to 0.005."), False),
            ("PRETRAIN", self.tr("Epochs by L1 and L2 alone"), self.tr("At first; a discriminator and VGG come after them."), True),
            ("SCHEDULE", self.tr("Learning rate schedule"), self.tr("How the learning rate goes on."), True),
            ("WARMUP", self.tr("Warm-up"), self.tr("Epochs in which the learning rate rises from 0."), True),
            ("AVERAGE", self.tr("Average of the weights"), self.tr("Share of the old in their moving average, the model. 0: none."), True),
            ("POSES", self.tr("Flip and turn the patches"), self.tr("Shows pairs in their eight orientations, at random."), True),
        ):
            self.addParameter(of_field(name, label, text, owner, name.lower(), advanced=rare))

    def _add_losses(self) -> None:
        owner = jobs.ImageLosses
        text = self.tr("What a discriminator, that tells true images from made ones, is trained by; none: there is none.")
        self.addParameter(of_field("ADVERSARIAL", self.tr("Adversarial loss"), text, owner, "adversarial"))
        for name, label, text in (
            ("L1", self.tr("Weight of L1"), self.tr("Of the mean size of the differences.")),
            ("L2", self.tr("Weight of L2"), self.tr("Of their mean square.")),
            ("GAN", self.tr("Weight of the discriminator"), self.tr("Of what it says, if there is one.")),
            ("VGG", self.tr("Weight of VGG"), self.tr("Of the differences of VGG19's features; 0: it is not used.")),
        ):
            self.addParameter(of_field(name, label, text, owner, name.lower(), advanced=True))
        text = self.tr("File of VGG19's weights for ImageNet without its last layers (.h5), as Keras offers it.")
        self.addParameter(explained(file("VGG_WEIGHTS", self.tr("Weights of VGG19"), text, "h5"), text, advanced=True))
        text = self.tr("Numbers of the bands that VGG19 takes as red, green and blue, such as 3, 2, 1. Empty: 1, 2, 3.")
        self.addParameter(explained(QgsProcessingParameterString("VGG_BANDS", self.tr("Bands for VGG19"), "", False, True), text, True))

    def _add_rare(self) -> None:
        job = jobs.TrainSuperresolution
        for name, label, text in (
            ("VALIDATION_SHARE", self.tr("Share for validation"), self.tr("Of the training patches, where there are no others.")),
            ("FILTERS", self.tr("Filters"), self.tr("Width of the network. 0: as usual.")),
            ("BLOCKS", self.tr("Residual blocks"), self.tr("Depth of the network. 0: as usual.")),
            ("MTF", self.tr("MTF at Nyquist"), self.tr("Sharpness of the coarser sensor: what it keeps of the finest waves; 0.2 to 0.35.")),
            ("FIT_RADIOMETRY", self.tr("Fit the radiometry"), self.tr("Gives fine patches the values of the coarse, band by band.")),
            ("RESUME", self.tr("Resume"), self.tr("Goes on from the last finished epoch of the same training, if it was stopped.")),
            ("MEMORY", self.tr("Memory budget (MB)"), self.tr("Patches that fit in it are held, others are read again and again.")),
        ):
            self.addParameter(of_field(name, label, text, job, name.lower(), advanced=True))
        self.addParameter(seed(job))

    def _add_outputs(self) -> None:
        self.addParameter(
            model_output(
                self.tr("Trained model"),
                self.tr("Folder for the model of the epoch with the greatest PSNR; of the last one with a discriminator or VGG."),
            )
        )
        text = self.tr("Figures beside those of bicubic interpolation, curves, pairs side by side, and settings, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, self.tr("HTML files (*.html)")))
        csv = self.tr("CSV files (*.csv)")
        text = self.tr("Loss and figures of every epoch.")
        self.addParameter(file_output("OUTPUT_CSV", self.tr("Table of the epochs"), text, csv, wanted=False, advanced=True))
        text = self.tr("How far the patches of every pair lie apart, those of a guide too, in pixels of the coarser ones.")
        self.addParameter(file_output("OUTPUT_PAIRS", self.tr("Table of the pairs"), text, csv, wanted=False, advanced=True))
        text = self.tr("Folder of logs for TensorBoard.")
        self.addParameter(folder_output("OUTPUT_TENSORBOARD", self.tr("Logs for TensorBoard"), text))
        for name, label in (
            ("PSNR", self.tr("Peak signal-to-noise ratio, dB")),
            ("BICUBIC_PSNR", self.tr("The same of bicubic interpolation")),
            ("SSIM", self.tr("Structural similarity, mean of the bands")),
            ("SAM", self.tr("Spectral angle, mean, in degrees")),
            ("ERGAS", self.tr("ERGAS, relative global error of synthesis")),
            ("BEST_EPOCH", self.tr("Epoch whose weights were kept")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.TrainSuperresolution:
        values = Values(self, parameters, context, feedback)
        return jobs.TrainSuperresolution(
            training=_pairs(values, ""),
            validation=_pairs(values, VALIDATION),
            validation_share=values.real("VALIDATION_SHARE"),
            network=values.word("NETWORK"),
            factor=int(values.word("FACTOR")),
            filters=values.whole("FILTERS"),
            blocks=values.whole("BLOCKS"),
            losses=_losses(values),
            fitting=_fitting(values),
            mtf=values.real("MTF"),
            fit_radiometry=values.flag("FIT_RADIOMETRY"),
            resume=values.flag("RESUME"),
            memory=values.whole("MEMORY"),
            seed=values.whole("SEED"),
            output=values.file_output("OUTPUT"),
            **{name.lower(): values.file_output(name) for name in FILES},
        )


def _pairs(values: Values, suffix: str) -> jobs.PairSet:
    return jobs.PairSet(*(values.rasters(f"{name}{suffix}") for name in ("HR", "LR", "GUIDE")))


def _losses(values: Values) -> jobs.ImageLosses:
    return jobs.ImageLosses(
        l1=values.real("L1"),
        l2=values.real("L2"),
        vgg=values.real("VGG"),
        vgg_weights=values.file("VGG_WEIGHTS"),
        vgg_bands=_bands(values.text("VGG_BANDS")),
        adversarial=values.word("ADVERSARIAL"),
        gan=values.real("GAN"),
    )


def _bands(text: str) -> tuple[int, ...]:
    """Numbers with commas between.

    Raises:
        BadParameter: something else.
    """
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else jobs.ImageLosses.vgg_bands
    except ValueError as error:
        raise BadParameter("VGG_BANDS", expected="three whole numbers with commas between", received=text) from error


def _fitting(values: Values) -> jobs.ImageFitting:
    return jobs.ImageFitting(
        epochs=values.whole("EPOCHS"),
        pretrain=values.whole("PRETRAIN"),
        batch_size=values.whole("BATCH_SIZE"),
        learning_rate=values.real("LEARNING_RATE"),
        schedule=values.word("SCHEDULE"),
        warmup=values.whole("WARMUP"),
        average=values.real("AVERAGE"),
        poses=values.flag("POSES"),
    )
