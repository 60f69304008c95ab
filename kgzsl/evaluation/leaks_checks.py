"""Every check of the leak auditor as data: its code, what it means, what to do, and the function that finds it.

An error makes the figures wrong, nearly always too high. A warning makes them mean something else than they seem to.
"""

from collections.abc import Mapping

from kgzsl.display.rounding import percent
from kgzsl.evaluation import leaks_choices as choices
from kgzsl.evaluation import leaks_classes as classes
from kgzsl.evaluation import leaks_results as results
from kgzsl.evaluation import leaks_rows as rows
from kgzsl.evaluation.leaks_run import Run
from kgzsl.query.audit_findings import Check

__all__ = ["CHECKS"]

_ALL = (
    Check("L01", "error", "test row(s) in training",
          "The model was fitted on samples that it is then judged on.",
          "Fit on protocol.fit_rows alone.", rows.test_in_training),
    Check("L02", "error", "test row(s) in tuning",
          "Settings were chosen on samples that figures are then measured on. AWA2's train_loc and val_loc together "
          "hold all of test_seen_loc.",
          'Intersect with trainval_loc: Protocol.from_dataset(data, tuning="file") does.', rows.test_in_tuning),
    Check("L03", "error", "training or tuning sample(s) of unseen classes",
          "A class with examples is not unseen.",
          "Move the class to the seen ones, or its samples out of training.", rows.unseen_in_training),
    Check("L04", "error", "test sample(s) that equal a training sample",
          "The same image, text or file stands on both sides: it is remembered, not recognised.",
          "Remove one of the two; keep it in the test and take it out of training.", rows.exact_duplicates),
    Check("L05", "warning", "test sample(s) that are almost a training sample",
          f"Features closer than {percent(rows.NEAR)} of the usual distance are mostly one image stored twice.",
          "Look at the pairs; remove the copies from training.", rows.near_duplicates),
    Check("L06", "error", "test row(s) left out of the figures",
          "A part of the test is easier or harder than all of it, and the choice is the author's.",
          "Measure on all test rows.", rows.subsampled_test),
    Check("L07", "error", "test row(s) in the scaling of inputs",
          "Means or deviations of test samples were taken off all inputs.",
          "Compute them from the training rows.", rows.scaled_with_test),
    Check("L08", "warning", "read(s) out of order",
          "Test rows were asked for before the final phase, or training rows read after test rows: a choice may have "
          "followed from the test.",
          "Make every choice first; then read test rows once, and report.", rows.early_reads),
    Check("L11", "error", "epoch(s) chosen on test rows",
          "The best of many epochs on the test is a maximum over chance as much as a result.",
          "Stop on pretended-unseen classes, or after a number of epochs fixed before.", choices.chosen_epoch_on_test),
    Check("L12", "error", "calibration(s) chosen on test rows",
          "Gamma trades seen for unseen accuracy; at the best point in hindsight H is higher than any user will see.",
          'Choose it on pretended-unseen classes (calibration="stacking"), and report AUSUC.',
          choices.chosen_calibration_on_test),
    Check("L13", "error", "setting(s) or seed(s) chosen on test rows",
          "Whatever is chosen on the test fits the test.",
          "Choose on protocol.tune; report every seed, as mean and deviation.", choices.chosen_settings_on_test),
    Check("L14", "warning", "gamma(s) that are the best in hindsight, of unknown origin",
          "No record tells how gamma was chosen, and no other gamma gives a higher H on these test samples.",
          "Record the choice: Selection('gamma', value, on='tune').", choices.unrecorded_best_gamma),
    Check("L15", "error", "prototype(s) that include test images",
          "The vector of a class cannot be told from training images, and can with its test images.",
          "Average training images only.", choices.prototypes_with_test),
    Check("L16", "error", "description(s) computed from test images",
          "Attributes or vectors of classes that come from test images are labels in disguise.",
          "Take semantics from text, annotation or training images.", choices.semantics_from_test),
    Check("L21", "error", "unseen class(es) among those of the backbone",
          "The features were made by a network that was trained on images of the class.",
          "Move the class to the seen ones, or train the backbone without it.", classes.unseen_in_backbone),
    Check("L22", "warning", "kind(s) of unseen classes among those of the backbone",
          "The network was trained on images of the class under a narrower name.",
          "Report figures with and without these classes.", classes.kinds_in_backbone),
    Check("L23", "error", "edge(s) made from labels of test samples",
          "What the graph says of an unseen class was read off its test samples.",
          "Build the graph from sources that know no test sample.", classes.edges_from_test),
    Check("L24", "warning", "edge(s) that follow the look of test images",
          "Edges of unseen classes lead to the classes whose images are nearest, as if made from test images.",
          "Say where these edges come from, or leave them out.", classes.edges_like_test),
    Check("L25", "error", "class(es) dropped from the test",
          "Fewer candidates, or hard classes left out, make every figure higher.",
          "Keep every class of the protocol; say which ones cannot be described.", classes.dropped_classes),
    Check("L26", "error", "class(es) without a description",
          "A class whose vector is missing or zero is never predicted, or always.",
          "Describe it, or report it as a class that cannot be recognised.", classes.zero_semantics),
    Check("L27", "warning", "group(s) of classes with one description",
          "No model tells them apart; which of them is predicted depends on their order.",
          "Describe them apart.", classes.equal_semantics),
    Check("L28", "warning", "candidate(s) that are a kind of another candidate",
          "Both answers are right, and one of them is counted wrong, or counted right by chance.",
          "Keep the leaves, or report hierarchical precision beside.", classes.nested_candidates),
    Check("L29", "warning", "unseen class(es) known while training",
          "The loss had columns for them: the setting is transductive in classes, which is another task.",
          "Train on seen classes alone, or name the setting.", classes.unseen_at_training),
    Check("L31", "error", "result(s) of another protocol",
          "The figures were measured under rules or on data that are not the stated ones.",
          "Measure again under this protocol.", results.other_protocol),
    Check("L32", "error", "mean(s) over samples given as means over classes",
          "Large classes count more; figures of others are means over classes.",
          "Average over classes, and give the other mean beside if it helps.", results.per_sample_means),
    Check("L33", "error", "rule(s) that count ties for the prediction",
          "A model that scores all classes alike would be right every time.",
          "Count ties against the prediction.", results.ties_for_the_prediction),
)  # fmt: skip

CHECKS: Mapping[str, Check[Run]] = {check.code: check for check in _ALL}
"""All checks by code, in the order they are reported: samples, choices, classes, results."""
