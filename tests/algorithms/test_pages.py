"""Every page: what it declares (ids, names, help, icons, outputs), and the one translation that it makes, from parameters to a job."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsVectorLayer,
)

MakeRaster = Callable[..., str]

# What users' scripts and models store: never renamed.
NAMES = {
    "classstatistics": "INPUT TRUTH FIELD MASK OUTPUT OUTPUT_FEATURES OUTPUT_HTML",
    "selectsamples": "INPUT TRUTH FIELD MASK STRATEGY NUMBER PERCENT BYCLASS SAMPLER JITTER VALIDATION_SHARE SPATIAL_BLOCK "
    "VALIDATION_AREAS SPATIAL_BUFFER SEED OUTPUT OUTPUT_VALIDATION RATES OUTPUT_HTML",
    "selectsamplesfromlabels": "INPUT NODATA PADDING STRATEGY NUMBER PERCENT BYCLASS SAMPLER JITTER VALIDATION_SHARE SPATIAL_BLOCK "
    "VALIDATION_AREAS SPATIAL_BUFFER SEED OUTPUT OUTPUT_VALIDATION RATES OUTPUT_HTML",
    "selectpatches": "INPUT MASK NODATA STEP PATCH_SIZE OFFSET_X OFFSET_Y STRATEGY TRAINING_SHARE VALIDATION_SHARE TEST_SHARE LABELS "
    "NUMBER_OF_CLASSES SPATIAL_SHARE SEED OUTPUT OUTPUT_VALIDATION OUTPUT_TEST",
    "extractpatches": "SOURCE1 SOURCE6 PATCH_SIZE1_X PATCH_SIZE6_Y NODATA1 NODATA6 POINTS FIELD PADDING OUTPUT1 OUTPUT6 OUTPUT_LABELS "
    "REJECTED TARGETS LABELS LABELS_SIZE_X LABELS_SIZE_Y LABELS_NODATA NODATA_RULE OUTPUT_RECORDS RECORDS_PER_FILE OUTPUT_HTML",
    "normalize": "INPUT METHOD PERCENTILE_LOW PERCENTILE_HIGH SUBTRACT DIVIDE CLIP STATISTICS NODATA OUTPUT_TYPE OUTPUT OUTPUT_STATISTICS",
    "createmodel": "ARCHITECTURE BANDS BANDS2 BANDS6 CLASSES TARGETS DATES SEED OUTPUT",
    "inspectmodel": "MODEL OUTPUT_HTML OUTPUT",
    "trainmodel": "MODEL SOURCE1 SOURCE6 LABELS LABELS2 LABELS3 LABELS4 SOURCE1_VALIDATION SOURCE6_VALIDATION LABELS_VALIDATION "
    "LABELS4_VALIDATION RECORDS RECORDS_VALIDATION EPOCHS BATCH_SIZE LEARNING_RATE BALANCE_CLASSES AUGMENT JITTER SPECKLE SCHEDULE WARMUP "
    "OPTIMIZER WEIGHT_DECAY LOSS LOSS_WEIGHTS MONITOR PATIENCE ACCUMULATION PRECISION TASK IGNORE FREEZE REPLACE_HEAD DISTRIBUTION RESUME "
    "TARGET_NODES LABEL_PLACEHOLDER LOSS_NODE OUTPUTS USER_PLACEHOLDERS USER_PLACEHOLDERS_VALIDATION TRUST_MODEL MEMORY SEED OUTPUT "
    "OUTPUT_LAST OUTPUT_HTML OUTPUT_CSV OUTPUT_TENSORBOARD",
    "servemodel": "SOURCE1 SOURCE6 NODATA1 MODEL MODE OUTPUTS EXTENT RECEPTIVE_FIELD1_X RECEPTIVE_FIELD6_Y EXPRESSION_FIELD_X "
    "EXPRESSION_FIELD_Y "
    "SCALE_FACTOR BLOCK_SIZE MEMORY EDGES SIGNATURE USER_PLACEHOLDERS TRUST_MODEL MASK NODATA_RULE RESAMPLE OVERLAP AUGMENTATION "
    "PRECISION RESUME OUTPUT_TYPE OUTPUT_SCALE OUTPUT_OFFSET OUTPUT PROBABILITIES",
    "trainsuperresolution": "HR LR GUIDE HR_VALIDATION LR_VALIDATION GUIDE_VALIDATION "
    "NETWORK FACTOR EPOCHS BATCH_SIZE LEARNING_RATE PRETRAIN SCHEDULE "
    "WARMUP AVERAGE POSES ADVERSARIAL L1 L2 GAN VGG VGG_WEIGHTS VGG_BANDS VALIDATION_SHARE FILTERS BLOCKS MTF FIT_RADIOMETRY RESUME "
    "MEMORY SEED OUTPUT OUTPUT_HTML OUTPUT_CSV OUTPUT_PAIRS OUTPUT_TENSORBOARD",
    "superresolve": "INPUT MODEL EXTENT INPUT2 INPUT6 NODATA1 NODATA6 MODE OUTPUTS RECEPTIVE_FIELD1_X RECEPTIVE_FIELD6_Y "
    "EXPRESSION_FIELD_X SCALE_FACTOR BLOCK_SIZE MEMORY EDGES SIGNATURE USER_PLACEHOLDERS TRUST_MODEL MASK NODATA_RULE RESAMPLE OVERLAP "
    "AUGMENTATION PRECISION RESUME OUTPUT_TYPE OUTPUT",
    "comparequality": "INPUT REFERENCE BORDER PEAK RATIO NODATA OUTPUT_HTML",
    "assessaccuracy": "INPUT BAND TRUTH FIELD REFERENCE NODATA IGNORE COMPARED NAMES OUTPUT OUTPUT_HTML",
    "trainclassifier": "SOURCE1 SOURCE6 NODATA1 MODEL FEATURES USE_BANDS NEIGHBOURHOOD INDICES SAMPLES FIELD SAMPLES_VALIDATION CLASSIFIER "
    "BALANCE_CLASSES TREES MAX_DEPTH MIN_SAMPLES MAX_FEATURES COST KERNEL GAMMA RATE NEIGHBOURS HIDDEN ITERATIONS STANDARDIZE GRID_SEARCH "
    "FOLDS SPATIAL_BLOCK SIGNATURE USER_PLACEHOLDERS TRUST_MODEL NODATA_RULE RESAMPLE SEED OUTPUT OUTPUT_HTML",
    "classifyimage": "SOURCE1 SOURCE6 NODATA1 CLASSIFIER EXTENT MODEL MASK NODATA NODATA_RULE RESAMPLE BLOCK_SIZE MEMORY TRUST_CLASSIFIER "
    "TRUST_MODEL OUTPUT CONFIDENCE PROBABILITIES UNCERTAINTY",
}
NUMBERS = {
    "classstatistics": "CLASSES PIXELS FEATURES LEFT_OUT",
    "selectsamples": "SAMPLES VALIDATION_SAMPLES CLASSES KEPT_APART",
    "selectsamplesfromlabels": "SAMPLES VALIDATION_SAMPLES CLASSES KEPT_APART",
    "selectpatches": "PATCHES VALIDATION_PATCHES TEST_PATCHES",
    "extractpatches": "PATCHES REJECTED_COUNT CLASSES BANDS BANDS2 BANDS6",
    "normalize": "BANDS",
    "createmodel": "PARAMETERS",
    "inspectmodel": "",
    "trainmodel": "OVERALL_ACCURACY KAPPA F1 IOU MAE RMSE R2 BEST_EPOCH",
    "servemodel": "BLOCK_SIZE WIDTH HEIGHT",
    "trainsuperresolution": "PSNR BICUBIC_PSNR SSIM SAM ERGAS BEST_EPOCH",
    "superresolve": "BLOCK_SIZE WIDTH HEIGHT",
    "comparequality": "PSNR SSIM SAM ERGAS RMSE",
    "assessaccuracy": "SAMPLES OVERALL_ACCURACY KAPPA F1 IOU AREA_ADJUSTED_ACCURACY AREA_ADJUSTED_HALF_WIDTH MCNEMAR_P",
    "trainclassifier": "OVERALL_ACCURACY KAPPA F1 SAMPLES FEATURES CLASSES",
    "classifyimage": "BLOCK_SIZE WIDTH HEIGHT",
}
GROUPS = ("sampling", "model", "classification", "superresolution", "tools")


def page(name: str) -> QgsProcessingAlgorithm:
    return QgsApplication.processingRegistry().createAlgorithmById(f"tensorscape:{name}")


@pytest.fixture
def translate(provider: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> Callable[..., Any]:
    """translate(page, **parameters): the job, after QGIS's own check of the parameters."""

    def make(name: str, **parameters: Any) -> Any:
        algorithm = page(name)
        accepted, reason = algorithm.checkParameterValues(parameters, context)
        assert accepted, reason
        return algorithm.job(parameters, context, feedback)

    return make


@pytest.fixture
def error_class(provider: Any) -> type[Exception]:
    from tensorscape.core.errors import BadParameter

    return BadParameter


@pytest.fixture
def points(context: QgsProcessingContext) -> QgsVectorLayer:
    layer = QgsVectorLayer("Point?crs=EPSG:32633&field=class:string", "points", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(["water"])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(500005.0, 4999995.0)))
    layer.dataProvider().addFeatures([feature])
    context.project().addMapLayer(layer)
    return layer


@pytest.mark.parametrize("name", NAMES)
def test_the_names_that_users_store_are_there(provider: Any, name: str) -> None:
    algorithm = page(name)
    declared = {definition.name() for definition in algorithm.parameterDefinitions()}
    assert set(NAMES[name].split()) <= declared
    numbers = {output.name() for output in algorithm.outputDefinitions() if isinstance(output, QgsProcessingOutputNumber)}
    assert set(NUMBERS[name].split()) <= numbers


@pytest.mark.parametrize("name", NAMES)
def test_every_page_can_be_read_and_found(provider: Any, name: str) -> None:
    algorithm = page(name)
    assert algorithm.displayName() and algorithm.group() and algorithm.groupId() in GROUPS
    assert len(algorithm.shortHelpString()) > 200 and "<" not in algorithm.shortHelpString()  # HTML prints raw on the command line
    assert Path(algorithm.svgIconPath()).is_file() and not algorithm.icon().isNull()
    assert any(tag in algorithm.tags() for tag in ("OTBTF", "SR4RS"))
    for definition in algorithm.parameterDefinitions():
        assert definition.help().endswith("."), definition.name()
        assert definition.description(), definition.name()
        if isinstance(definition, QgsProcessingParameterEnum):
            assert definition.usesStaticStrings()
            assert all(option in definition.help() for option in definition.options())


def test_the_gallery_offers_what_the_engine_has(provider: Any, repository: Path) -> None:
    from tensorscape.algorithms.model.createmodel import ARCHITECTURES

    trees = [ast.parse(path.read_text()) for path in (repository / "core" / "model" / "gallery").glob("*.py")]
    calls = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Architecture"
    ]
    ids = [keyword.value.value for call in calls for keyword in call.keywords if keyword.arg == "id"]
    assert sorted(ids) == sorted(ARCHITECTURES)
    told = page("createmodel").shortHelpString().split("\n\n")
    assert [name for name in ARCHITECTURES if not any(part.startswith(f"{name}: ") for part in told)] == []


def test_class_statistics(translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, tmp_path: Path) -> None:
    image, mask, outputs = make_raster(), make_raster("mask.tif"), [str(tmp_path / name) for name in ("c.csv", "f.csv", "r.html")]
    paths = {"OUTPUT": outputs[0], "OUTPUT_FEATURES": outputs[1], "OUTPUT_HTML": outputs[2]}
    job = translate("classstatistics", INPUT=image, TRUTH=points.id(), FIELD="class", MASK=mask, **paths)
    assert (job.image, job.field, job.mask) == (image, "class", mask) and job.truth.endswith(".gpkg")
    assert [job.output, job.output_features, job.output_html] == outputs
    job = translate("classstatistics", INPUT=image, TRUTH=points.id(), FIELD="class", OUTPUT=outputs[0])
    assert (job.mask, job.output_features, job.output_html) == ("", "", "")


def test_assess_accuracy(translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, tmp_path: Path) -> None:
    from tensorscape.core.jobs import AssessAccuracy

    judged, other, reference = (make_raster(f"{name}.tif") for name in ("map", "other", "reference"))
    table, report = str(tmp_path / "f.csv"), str(tmp_path / "r.html")
    job = translate(
        "assessaccuracy", INPUT=judged, TRUTH=points.id(), FIELD="class", COMPARED=[other, reference], OUTPUT=table, OUTPUT_HTML=report
    )
    assert (job.map, job.band, job.field, job.output, job.output_html) == (judged, 1, "class", table, report)
    assert (job.compared, job.names) == ((other, reference), "")
    assert job.truth.endswith(".gpkg") and (job.reference, job.nodata, job.ignore) == ("", None, "")
    job = translate("assessaccuracy", INPUT=judged, BAND=2, REFERENCE=reference, NODATA=255, IGNORE="unknown, 0", NAMES="a", OUTPUT=table)
    assert job == AssessAccuracy(map=judged, band=2, reference=reference, nodata=255.0, ignore="unknown, 0", names="a", output=table)


def test_compare_quality(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import CompareQuality

    image, reference, report = make_raster("image.tif"), make_raster("reference.tif"), str(tmp_path / "r.html")
    assert translate("comparequality", INPUT=image, REFERENCE=reference) == CompareQuality(image=image, reference=reference)
    numbers = {"BORDER": 3, "PEAK": 10000, "RATIO": 2.5, "NODATA": 0}
    job = translate("comparequality", INPUT=image, REFERENCE=reference, OUTPUT_HTML=report, **numbers)
    assert (job.border, job.peak, job.ratio, job.nodata, job.output_html) == (3, 10000.0, 2.5, 0.0, report)


def test_superresolve(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import ServedSource, Superresolve

    coarse, other, fine = (make_raster(f"{name}.tif") for name in ("coarse", "other", "fine"))
    model, out = str(tmp_path / "model"), str(tmp_path / "out.tif")
    job = translate("superresolve", INPUT=coarse, MODEL=model, OUTPUT=out)
    assert job == Superresolve(sources=(ServedSource((coarse,)),), model=model, output=out)
    job = translate(
        "superresolve", INPUT=[coarse, other], NODATA1=0, INPUT2=fine, MODEL=model, OUTPUT=out, OUTPUTS="a, b", OUTPUT_TYPE="float32"
    )
    assert job.sources == (ServedSource((coarse, other), 0.0), ServedSource((fine,)))
    assert (job.outputs, job.dtype) == (("a", "b"), "float32")


def test_select_samples(translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, tmp_path: Path) -> None:
    image, mask = make_raster(), make_raster("mask.tif")
    rates = str(tmp_path / "rates.csv")
    job = translate(
        "selectsamples",
        INPUT=image,
        TRUTH=points.id(),
        FIELD="class",
        MASK=mask,
        STRATEGY="percent",
        PERCENT=12.5,
        SAMPLER="periodic",
        VALIDATION_SHARE=0.3,
        SPATIAL_BLOCK=500,
        SEED=7,
        OUTPUT="memory:",
        OUTPUT_VALIDATION="memory:",
        RATES=rates,
    )
    assert (job.image, job.mask, job.field, job.rates) == (image, mask, "class", rates)
    assert job.truth.endswith(".gpkg")
    assert job.output.endswith(".gpkg") and job.output_validation.endswith(".gpkg") and job.output != job.output_validation
    sampling = job.sampling
    assert (sampling.strategy, sampling.percent, sampling.sampler, sampling.seed) == ("percent", 12.5, "periodic", 7)
    assert (sampling.validation_share, sampling.spatial_block) == (0.3, 500.0)


def test_samples_by_default_and_without_validation(translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer) -> None:
    from tensorscape.core.jobs import Sampling

    job = translate("selectsamples", INPUT=make_raster(), TRUTH=points.id(), FIELD="class", OUTPUT="memory:")
    assert job.sampling == Sampling()
    assert (job.output_validation, job.rates, job.mask) == ("", "", "")


def test_samples_apart_in_space(
    translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, context: QgsProcessingContext
) -> None:
    areas = QgsVectorLayer("Polygon?crs=EPSG:32633", "areas", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON((500000 4999960, 500040 4999960, 500040 5000000, 500000 4999960))"))
    areas.dataProvider().addFeatures([feature])
    context.project().addMapLayer(areas)
    outputs = {"OUTPUT": "memory:", "OUTPUT_VALIDATION": "memory:"}
    space = {"VALIDATION_AREAS": areas.id(), "SPATIAL_BUFFER": 120.5, "JITTER": 4, "SAMPLER": "periodic"}
    for name, given in (("selectsamples", {"TRUTH": points.id(), "FIELD": "class"}), ("selectsamplesfromlabels", {})):
        sampling = translate(name, INPUT=make_raster(), **given, **space, **outputs).sampling
        assert sampling.validation_areas.endswith(".gpkg") and sampling.splits
        assert (sampling.spatial_buffer, sampling.jitter) == (120.5, 4)


def test_counts_by_class_need_their_file(
    translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, error_class: type[Exception]
) -> None:
    with pytest.raises(error_class, match="byclass: expected a CSV file"):
        translate("selectsamples", INPUT=make_raster(), TRUTH=points.id(), FIELD="class", STRATEGY="byclass", OUTPUT="memory:")


def test_select_samples_from_labels(translate: Callable[..., Any], make_raster: MakeRaster) -> None:
    labels = make_raster("labels.tif")
    job = translate("selectsamplesfromlabels", INPUT=labels, PADDING=8, OUTPUT="memory:")
    assert (job.labels, job.nodata, job.padding) == (labels, None, 8)
    assert translate("selectsamplesfromlabels", INPUT=labels, NODATA=0, OUTPUT="memory:").nodata == 0.0


def test_select_patches(translate: Callable[..., Any], make_raster: MakeRaster) -> None:
    image, mask, labels = (make_raster(name) for name in ("i.tif", "mask.tif", "labels.tif"))
    grid = {"PATCH_SIZE": 64, "STEP": 32, "OFFSET_X": 3, "OFFSET_Y": 5}
    shares = {"TRAINING_SHARE": 0.6, "VALIDATION_SHARE": 0.3, "TEST_SHARE": 0.1, "SPATIAL_SHARE": 0.2}
    others = {"STRATEGY": "balanced", "NUMBER_OF_CLASSES": 4, "SEED": 9, "NODATA": 0}
    outputs = dict.fromkeys(("OUTPUT", "OUTPUT_VALIDATION", "OUTPUT_TEST"), "memory:")
    job = translate("selectpatches", INPUT=image, MASK=mask, LABELS=labels, **grid, **shares, **others, **outputs)
    assert (job.image, job.mask, job.labels) == (image, mask, labels)
    given = {**grid, **shares, **others}
    assert {name: getattr(job, name.lower()) for name in given} == given
    assert len({job.output, job.output_validation, job.output_test}) == 3 and job.output_test.endswith(".gpkg")
    bare = translate("selectpatches", INPUT=image, STRATEGY="all", OUTPUT="memory:")
    assert (bare.nodata, bare.step, bare.offset_x, bare.output_validation, bare.output_test) == (None, 0, 0, "", "")


def test_extract_patches_of_two_sources(
    translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, tmp_path: Path
) -> None:
    red, green, pan = make_raster("red.tif"), make_raster("green.tif"), make_raster("pan.tif")
    outputs = [str(tmp_path / name) for name in ("p1.tif", "p2.tif", "labels.tif")]
    job = translate(
        "extractpatches",
        SOURCE1=[red, green],
        SOURCE2=pan,
        PATCH_SIZE1_X=8,
        PATCH_SIZE1_Y=6,
        PATCH_SIZE2_X=32,
        PATCH_SIZE2_Y=24,
        NODATA2=255,
        POINTS=points.id(),
        FIELD="class",
        PADDING=True,
        OUTPUT1=outputs[0],
        OUTPUT2=outputs[1],
        OUTPUT_LABELS=outputs[2],
        REJECTED="memory:",
    )
    first, second = job.sources
    assert (first.images, first.width, first.height, first.nodata, first.output) == ((red, green), 8, 6, None, outputs[0])
    assert (second.images, second.width, second.height, second.nodata, second.output) == ((pan,), 32, 24, 255.0, outputs[1])
    assert (job.field, job.padding, job.output_labels) == ("class", True, outputs[2])
    assert job.rejected.endswith(".gpkg")


def test_extract_patches_with_other_truth_than_a_class(
    translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, tmp_path: Path
) -> None:
    from tensorscape.core.jobs import LabelImage

    image, labels, folder = make_raster(), make_raster("labels.tif"), str(tmp_path / "shards")
    job = translate("extractpatches", SOURCE1=image, POINTS=points.id(), TARGETS=["height", "age"], OUTPUT_RECORDS=folder)
    assert (job.field, job.targets, job.output_records, job.records_per_file) == ("", ("height", "age"), folder, 1000)
    assert (job.sources[0].output, job.labels) == ("", LabelImage())
    job = translate(
        "extractpatches", SOURCE1=image, POINTS=points.id(), LABELS=labels, LABELS_SIZE_X=8, LABELS_SIZE_Y=6, LABELS_NODATA=255,
        NODATA_RULE="any", OUTPUT1=str(tmp_path / "p.tif"), OUTPUT_LABELS=str(tmp_path / "l.tif"), RECORDS_PER_FILE=10,
    )  # fmt: skip
    assert (job.labels, job.nodata_rule, job.records_per_file) == (LabelImage(labels, 8, 6, 255.0), "any", 10)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SOURCE2": "B", "OUTPUT2": ""}, "OUTPUT2 is empty: expected a file to write, because SOURCE2"),
        ({"SOURCE3": "B"}, "SOURCE2 is empty: .*without a gap"),
    ],
)
def test_sources_come_in_order_and_with_their_output(
    translate: Callable[..., Any],
    make_raster: MakeRaster,
    points: QgsVectorLayer,
    tmp_path: Path,
    error_class: type[Exception],
    given: dict[str, str],
    message: str,
) -> None:
    image = make_raster()
    given = {name: image if value == "B" else value for name, value in given.items()}
    with pytest.raises(error_class, match=message):
        translate(
            "extractpatches",
            SOURCE1=image,
            POINTS=points.id(),
            FIELD="class",
            OUTPUT1=str(tmp_path / "p.tif"),
            OUTPUT_LABELS=str(tmp_path / "l.tif"),
            **given,
        )


def test_normalize(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import Normalize

    image, out, before, kept = make_raster(), *(str(tmp_path / name) for name in ("n.tif", "b.json", "s.json"))
    assert translate("normalize", INPUT=image, OUTPUT=out) == Normalize(image=image, output=out)
    numbers = {"PERCENTILE_LOW": 1, "PERCENTILE_HIGH": 99.5, "SUBTRACT": -3, "DIVIDE": 7}
    files = {"OUTPUT": out, "OUTPUT_STATISTICS": kept}
    job = translate("normalize", INPUT=image, METHOD="minmax", OUTPUT_TYPE="uint8", NODATA=0, STATISTICS=before, **numbers, **files)
    assert (job.method, job.dtype, job.nodata, job.statistics, job.output_statistics) == ("minmax", "uint8", 0.0, before, kept)
    assert (job.percentile_low, job.percentile_high, job.subtract, job.divide, job.clip) == (1.0, 99.5, -3.0, 7.0, True)


def test_create_model(translate: Callable[..., Any], tmp_path: Path) -> None:
    job = translate("createmodel", ARCHITECTURE="cnn16", BANDS=10, CLASSES=7, SEED=3, OUTPUT=str(tmp_path / "model"))
    assert (job.architecture, job.bands, job.classes, job.seed, job.output) == ("cnn16", (10,), 7, 3, str(tmp_path / "model"))
    assert (job.targets, job.dates) == (0, 1)


def test_create_model_of_several_sources_for_measurements(
    translate: Callable[..., Any], tmp_path: Path, error_class: type[Exception]
) -> None:
    numbers = {"BANDS": 30, "BANDS2": 4, "CLASSES": 0, "TARGETS": 2, "DATES": 10}
    job = translate("createmodel", ARCHITECTURE="fusenet", OUTPUT=str(tmp_path / "model"), **numbers)
    assert (job.bands, job.classes, job.targets, job.dates) == ((30, 4), 0, 2, 10)
    with pytest.raises(error_class, match=r"BANDS2 is empty: .*without a gap"):
        translate("createmodel", ARCHITECTURE="fusenet", BANDS=3, BANDS3=1, OUTPUT=str(tmp_path / "model"))


def test_inspect_model(translate: Callable[..., Any], tmp_path: Path) -> None:
    job = translate("inspectmodel", MODEL=str(tmp_path), OUTPUT_HTML=str(tmp_path / "r.html"))
    assert (job.model, job.output_html, job.output) == (str(tmp_path), str(tmp_path / "r.html"), "")


def test_train_model(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    names = ("SOURCE1", "SOURCE2", "LABELS", "SOURCE1_VALIDATION", "SOURCE2_VALIDATION", "LABELS_VALIDATION")
    files = {name: make_raster(f"{name}.tif") for name in names}
    out = str(tmp_path / "trained")
    settings = {"EPOCHS": 5, "BATCH_SIZE": 32, "LEARNING_RATE": 1e-4, "BALANCE_CLASSES": True}
    job = translate(
        "trainmodel", MODEL=str(tmp_path), **files, **settings, AUGMENT=True, MEMORY=256, SEED=1, OUTPUT=out,
        OUTPUT_HTML=str(tmp_path / "r.html"),
    )  # fmt: skip
    assert job.training.sources == (files["SOURCE1"], files["SOURCE2"]) and job.training.labels == (files["LABELS"],)
    assert job.validation.sources == (files["SOURCE1_VALIDATION"], files["SOURCE2_VALIDATION"])
    assert job.validation.labels == (files["LABELS_VALIDATION"],)
    assert {name: getattr(job.fitting, name.lower()) for name in settings} == settings
    assert (job.augmentation.poses, job.augmentation.jitter, job.augmentation.speckle) == (True, 0.0, 0.0)
    assert (job.memory, job.seed, job.output, job.output_html) == (256, 1, out, str(tmp_path / "r.html"))


def test_train_model_by_default(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import PatchSet, TrainModel

    image, labels, out = make_raster(), make_raster("l.tif"), str(tmp_path / "out")
    job = translate("trainmodel", MODEL=str(tmp_path), SOURCE1=image, LABELS=labels, OUTPUT=out)
    assert job == TrainModel(str(tmp_path), PatchSet((image,), (labels,)), output=out)  # no validation, no other outputs


def test_train_model_with_everything_said(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import GraphTraining

    labels = {name: make_raster(f"{name}.tif") for name in ("LABELS", "LABELS2", "LABELS3", "LABELS4")}
    fitting = {
        "SCHEDULE": "plateau", "WARMUP": 2, "OPTIMIZER": "adamw", "WEIGHT_DECAY": 0.01, "LOSS": "focal", "LOSS_WEIGHTS": "1, 0.5",
        "MONITOR": "f1", "PATIENCE": 7, "ACCUMULATION": 4, "PRECISION": "fast",
    }  # fmt: skip
    rest = {"TASK": "classification", "IGNORE": 0, "FREEZE": "conv*", "REPLACE_HEAD": True, "DISTRIBUTION": "mirrored", "RESUME": True}
    graph = {
        "TARGET_NODES": "optimizer", "LABEL_PLACEHOLDER": "y", "LOSS_NODE": "cost", "OUTPUTS": "prediction",
        "USER_PLACEHOLDERS": "is_training=true", "USER_PLACEHOLDERS_VALIDATION": "is_training=false", "TRUST_MODEL": True,
    }  # fmt: skip
    names = ("OUTPUT", "OUTPUT_LAST", "OUTPUT_HTML", "OUTPUT_CSV", "OUTPUT_TENSORBOARD")
    outputs = {name: str(tmp_path / name.lower()) for name in names}
    job = translate(
        "trainmodel", MODEL=str(tmp_path), SOURCE1=make_raster(), JITTER=0.1, SPECKLE=4, **labels, **fitting, **rest, **graph, **outputs,
    )  # fmt: skip
    assert job.training.labels == tuple(labels.values())
    assert {name: getattr(job.fitting, name.lower()) for name in fitting} == fitting
    assert {name: getattr(job, name.lower()) for name in {**rest, **outputs}} == {**rest, **outputs}
    assert (job.augmentation.poses, job.augmentation.jitter, job.augmentation.speckle) == (False, 0.1, 4.0)
    assert job.graph == GraphTraining("optimizer", "y", "cost", "prediction", "is_training=true", "is_training=false", True)


def test_train_model_on_records(translate: Callable[..., Any], tmp_path: Path) -> None:
    from tensorscape.core.jobs import PatchSet

    shards, held_out = str(tmp_path / "shards"), str(tmp_path / "held_out")
    job = translate("trainmodel", MODEL=str(tmp_path), RECORDS=shards, RECORDS_VALIDATION=held_out, OUTPUT=str(tmp_path / "out"))
    assert (job.training, job.validation) == (PatchSet(records=shards), PatchSet(records=held_out))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "Training patches: expected SOURCE1 and LABELS, or RECORDS, received none"),
        ("SOURCE1", "Training patches: expected SOURCE1 and LABELS, or RECORDS alone, received SOURCE1"),
        ("LABELS", "received LABELS"),
        ("SOURCE1 LABELS RECORDS", "received SOURCE1 and LABELS and RECORDS"),
        ("LABELS RECORDS", "received LABELS and RECORDS"),
        ("SOURCE1 LABELS LABELS3", "LABELS2 is empty: expected the labels of all heads, in order, received LABELS, LABELS3"),
        ("SOURCE1 LABELS SOURCE3", "SOURCE2 is empty"),
        (
            "SOURCE1 LABELS LABELS_VALIDATION",
            "Validation patches: expected SOURCE1_VALIDATION and LABELS_VALIDATION, or RECORDS_VALIDATION",
        ),
        ("SOURCE1 LABELS SOURCE1_VALIDATION RECORDS_VALIDATION", "received SOURCE1_VALIDATION and RECORDS_VALIDATION"),
    ],
)
def test_patches_with_their_labels_or_records(
    translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path, error_class: type[Exception], given: str, message: str
) -> None:
    paths = {name: str(tmp_path) if name.startswith("RECORDS") else make_raster(f"{name}.tif") for name in given.split()}
    with pytest.raises(error_class, match=message):
        translate("trainmodel", MODEL=str(tmp_path), OUTPUT=str(tmp_path / "out"), **paths)


def test_train_super_resolution_as_a_job(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import ImageFitting, ImageLosses, PairSet, TrainSuperresolution

    high, low, guide = (make_raster(tmp_path / f"{name}.tif") for name in ("high", "low", "guide"))
    model = str(tmp_path / "model")
    assert translate("trainsuperresolution", HR=[high], OUTPUT=model) == TrainSuperresolution(PairSet((high,)), output=model)
    said = {"NETWORK": "sr4rs", "FACTOR": "2", "VGG_BANDS": "3, 2, 1", "ADVERSARIAL": "lsgan", "PRETRAIN": 5, "AVERAGE": 0.5}
    job = translate("trainsuperresolution", HR=[high], LR=[low], GUIDE=[guide], OUTPUT=model, **said)
    assert job == TrainSuperresolution(
        PairSet((high,), (low,), (guide,)), network="sr4rs", factor=2, output=model, fitting=ImageFitting(pretrain=5, average=0.5),
        losses=ImageLosses(vgg_bands=(3, 2, 1), adversarial="lsgan"),
    )  # fmt: skip


def test_only_everyday_parameters_of_training_are_in_sight(provider: Any) -> None:
    train = page("trainmodel")  # owns its parameters
    seen = [d.name() for d in train.parameterDefinitions() if not d.flags() & d.FlagAdvanced]
    assert seen == [
        "MODEL",
        "SOURCE1",
        "SOURCE2",
        "LABELS",
        "SOURCE1_VALIDATION",
        "LABELS_VALIDATION",
        "EPOCHS",
        "BATCH_SIZE",
        "LEARNING_RATE",
        "BALANCE_CLASSES",
        "AUGMENT",
        "OUTPUT",
        "OUTPUT_HTML",
    ]
    made = [d.name() for d in train.destinationParameterDefinitions() if d.createByDefault()]
    assert made == ["OUTPUT", "OUTPUT_HTML"]


def test_serve_model_by_default_leaves_all_to_the_model(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import Product, ServedSource, ServeModel

    image, out = make_raster(), str(tmp_path / "map.tif")
    job = translate("servemodel", SOURCE1=image, MODEL=str(tmp_path), OUTPUT=out)
    assert job == ServeModel(sources=(ServedSource((image,)),), model=str(tmp_path), products=(Product(out),))


def test_serve_model_with_everything_said(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import Product, ServedSource

    image, pan, out, probabilities = make_raster(), make_raster("pan.tif"), str(tmp_path / "map.tif"), str(tmp_path / "p.tif")
    job = translate(
        "servemodel",
        SOURCE1=image,
        SOURCE2=pan,
        NODATA2=0,
        MODEL=str(tmp_path),
        MODE="patch_based",
        OUTPUTS="prediction, features",
        EXTENT="500000,500040,4999960,5000000 [EPSG:32633]",
        RECEPTIVE_FIELD1_X=8,
        RECEPTIVE_FIELD1_Y=6,
        EXPRESSION_FIELD_X=2,
        EXPRESSION_FIELD_Y=4,
        SCALE_FACTOR=" 1/4",
        BLOCK_SIZE=64,
        MEMORY=512,
        EDGES="valid",
        SIGNATURE=" predict ",
        USER_PLACEHOLDERS="lr=1e-4, is_training=false",
        TRUST_MODEL=True,
        OUTPUT=out,
        PROBABILITIES=probabilities,
    )
    assert job.sources == (ServedSource((image,), None, (8, 6)), ServedSource((pan,), 0.0, None))
    assert job.products == (Product(out, ("prediction", "features")), Product(probabilities, ("probabilities",)))
    assert (job.mode, job.edges, job.block_size, job.memory) == ("patch_based", "valid", 64, 512)
    assert (job.expression_field, job.scale_factor) == ((2, 4), "1/4")
    assert (job.signature, job.placeholders, job.trust) == ("predict", "lr=1e-4, is_training=false", True)
    assert job.extent == (500000.0, 4999960.0, 500040.0, 5000000.0)


def test_serve_model_with_its_further_options(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import Product

    image, mask, out, probabilities = make_raster(), make_raster("mask.tif"), str(tmp_path / "map.tif"), str(tmp_path / "p.tif")
    options = {"NODATA_RULE": "any", "RESAMPLE": "bilinear", "OVERLAP": 8, "AUGMENTATION": "flips", "PRECISION": "fast", "RESUME": True}
    stored = {"OUTPUT_TYPE": "uint8", "OUTPUT_SCALE": 0.01, "OUTPUT_OFFSET": 0}
    paths = {"MODEL": str(tmp_path), "OUTPUT": out, "PROBABILITIES": probabilities}
    job = translate("servemodel", SOURCE1=image, MASK=mask, **options, **stored, **paths)
    assert {name: getattr(job, name.lower()) for name in options} == options
    assert job.mask == mask
    assert job.products == (Product(out, (), "uint8", 0.01, 0.0), Product(probabilities, ("probabilities",), "uint8", 0.01, 0.0))


def test_no_model_is_trusted_unless_the_user_says_so(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    job = translate("servemodel", SOURCE1=make_raster(), MODEL=str(tmp_path), OUTPUT=str(tmp_path / "m.tif"))
    assert (job.signature, job.placeholders, job.trust) == ("", "", False)
    serve = page("servemodel")  # owns its parameters
    trust = serve.parameterDefinition("TRUST_MODEL")
    assert trust.flags() & trust.FlagAdvanced and "Python" in trust.help()


def test_half_a_size_is_refused(
    translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path, error_class: type[Exception]
) -> None:
    with pytest.raises(error_class, match="EXPRESSION_FIELD_X and EXPRESSION_FIELD_Y: expected both, or none"):
        translate("servemodel", SOURCE1=make_raster(), MODEL=str(tmp_path), OUTPUT=str(tmp_path / "m.tif"), EXPRESSION_FIELD_X=2)


def test_train_classifier(translate: Callable[..., Any], make_raster: MakeRaster, points: QgsVectorLayer, tmp_path: Path) -> None:
    from tensorscape.core.jobs import Learning, ServedSource

    image, fine, out, page_path = make_raster(), make_raster("fine.tif"), str(tmp_path / "c.skops"), str(tmp_path / "r.html")
    usual = {"SOURCE1": image, "SAMPLES": points.id(), "FIELD": "class", "OUTPUT": out}
    job = translate("trainclassifier", **usual)
    assert (job.sources, job.field, job.output, job.output_html) == ((ServedSource((image,)),), "class", out, "")
    assert job.learning == Learning() and job.use_bands and (job.model, job.features, job.validation, job.indices) == ("", (), "", "")
    job = translate(
        "trainclassifier",
        **usual,
        SOURCE2=fine,
        NODATA2=0,
        MODEL=str(tmp_path),
        FEATURES="features, probabilities",
        USE_BANDS=False,
        NEIGHBOURHOOD=5,
        INDICES="B08:B04, 2:1",
        SAMPLES_VALIDATION=points.id(),
        CLASSIFIER="svm",
        COST=2,
        KERNEL="linear",
        HIDDEN="20, 10",
        GRID_SEARCH=True,
        FOLDS=3,
        SPATIAL_BLOCK=500,
        BALANCE_CLASSES=True,
        TRUST_MODEL=True,
        SEED=4,
        OUTPUT_HTML=page_path,
    )
    assert job.sources[1] == ServedSource((fine,), 0.0)
    assert (job.model, job.features, job.use_bands, job.trust) == (str(tmp_path), ("features", "probabilities"), False, True)
    assert (job.neighbourhood, job.indices, job.grid_search, job.folds, job.spatial_block) == (5, "B08:B04, 2:1", True, 3, 500.0)
    assert job.learning == Learning("svm", cost=2.0, kernel="linear", hidden="20, 10", balance_classes=True)
    assert job.samples.endswith(".gpkg") and job.validation.endswith(".gpkg") and (job.seed, job.output_html) == (4, page_path)


def test_classify_image(translate: Callable[..., Any], make_raster: MakeRaster, tmp_path: Path) -> None:
    from tensorscape.core.jobs import ClassifyImage, ServedSource

    image, mask, classifier = make_raster(), make_raster("mask.tif"), tmp_path / "c.skops"
    classifier.touch()
    out, rasters = (
        str(tmp_path / "map.tif"),
        {name: str(tmp_path / f"{name}.tif") for name in ("CONFIDENCE", "PROBABILITIES", "UNCERTAINTY")},
    )
    job = translate("classifyimage", SOURCE1=image, CLASSIFIER=str(classifier), OUTPUT=out)
    assert job == ClassifyImage((ServedSource((image,)),), str(classifier), output=out)
    job = translate(
        "classifyimage",
        SOURCE1=image,
        CLASSIFIER=str(classifier),
        EXTENT="500000,500040,4999960,5000000 [EPSG:32633]",
        MODEL=str(tmp_path),
        MASK=mask,
        NODATA=255,
        NODATA_RULE="any",
        BLOCK_SIZE=64,
        MEMORY=512,
        TRUST_CLASSIFIER=True,
        OUTPUT=out,
        **rasters,
    )
    assert (job.extent, job.model, job.mask, job.nodata) == ((500000.0, 4999960.0, 500040.0, 5000000.0), str(tmp_path), mask, 255)
    assert (job.nodata_rule, job.block_size, job.memory, job.trust, job.trust_model) == ("any", 64, 512, True, False)
    assert [job.output_confidence, job.output_probabilities, job.output_uncertainty] == list(rasters.values())
