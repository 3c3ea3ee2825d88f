"""The parameters of the classifiers: which one, and how it learns."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication

from ...core import jobs
from ..base import EngineAlgorithm
from ..parameters import of_field
from ..values import Values

translate = QCoreApplication.translate


def add_learning(algorithm: EngineAlgorithm) -> None:
    """CLASSIFIER, and among the advanced parameters what each of them knows of."""
    classifier = translate(
        "LearningParameters",
        "rf: random forest. svm: support vector machine. gbt: gradient boosted trees. dt: decision tree. knn: k nearest neighbours. nb: "
        "normal Bayes. mlp: multi-layer perceptron.",
    )
    algorithm.addParameter(of_field("CLASSIFIER", translate("LearningParameters", "Classifier"), classifier, jobs.Learning, "classifier"))
    balance = translate("LearningParameters", "Rare classes count as much as frequent ones; knn cannot.")
    algorithm.addParameter(
        of_field("BALANCE_CLASSES", translate("LearningParameters", "Balance the classes"), balance, jobs.Learning, "balance_classes")
    )
    for name, label, text in (
        (
            "TREES",
            translate("LearningParameters", "Trees"),
            translate("LearningParameters", "Of rf; of gbt the rounds, each of which adds a tree for every class."),
        ),
        (
            "MAX_DEPTH",
            translate("LearningParameters", "Depth of the trees"),
            translate("LearningParameters", "Of rf, gbt and dt, at most. 0: as deep as they get."),
        ),
        (
            "MIN_SAMPLES",
            translate("LearningParameters", "Samples in a leaf"),
            translate("LearningParameters", "Of the trees of rf, gbt and dt, at least. 0: 1, of gbt 20."),
        ),
        (
            "MAX_FEATURES",
            translate("LearningParameters", "Features for a split"),
            translate("LearningParameters", "That rf looks at. 0: the square root of their number."),
        ),
        (
            "COST",
            translate("LearningParameters", "Cost (C)"),
            translate("LearningParameters", "Of svm, above 0: how much a wrong sample weighs against a smooth border."),
        ),
        ("KERNEL", translate("LearningParameters", "Kernel"), translate("LearningParameters", "Of svm.")),
        (
            "GAMMA",
            translate("LearningParameters", "Gamma"),
            translate("LearningParameters", "Of the kernel of svm. 0: 1 ÷ (number of features × their variance)."),
        ),
        (
            "RATE",
            translate("LearningParameters", "Learning rate"),
            translate("LearningParameters", "Of gbt, above 0: how much each round learns."),
        ),
        ("NEIGHBOURS", translate("LearningParameters", "Neighbours"), translate("LearningParameters", "Of knn.")),
        (
            "HIDDEN",
            translate("LearningParameters", "Hidden layers"),
            translate("LearningParameters", "Of mlp: the units of each, with commas between, such as 100, 50."),
        ),
        ("ITERATIONS", translate("LearningParameters", "Iterations"), translate("LearningParameters", "Of mlp, at most.")),
        (
            "STANDARDIZE",
            translate("LearningParameters", "Standardise the features"),
            translate("LearningParameters", "Gives each mean 0 and standard deviation 1 first; automatic: for svm, knn and mlp."),
        ),
    ):
        algorithm.addParameter(of_field(name, label, text, jobs.Learning, name.lower(), advanced=True))


def read_learning(values: Values) -> jobs.Learning:
    """What they were given."""
    return jobs.Learning(
        classifier=values.word("CLASSIFIER"),
        trees=values.whole("TREES"),
        max_depth=values.whole("MAX_DEPTH"),
        min_samples=values.whole("MIN_SAMPLES"),
        max_features=values.whole("MAX_FEATURES"),
        cost=values.real("COST"),
        kernel=values.word("KERNEL"),
        gamma=values.real("GAMMA"),
        rate=values.real("RATE"),
        neighbours=values.whole("NEIGHBOURS"),
        hidden=values.text("HIDDEN"),
        iterations=values.whole("ITERATIONS"),
        standardize=values.word("STANDARDIZE"),
        balance_classes=values.flag("BALANCE_CLASSES"),
    )
