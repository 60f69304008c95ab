import importlib.util

from sklearn.utils.estimator_checks import check_estimator

from kgzsl.classifier import ZeroShotClassifier

SKIPPED = {
    # needs the environment variable SCIPY_ARRAY_API, which must be set before SciPy is imported
    "check_array_api_input": "SCIPY_ARRAY_API is not set",
}
if importlib.util.find_spec("pandas") is None:
    # part of the check puts inputs into a DataFrame; it runs where pandas is installed
    SKIPPED["check_classifier_data_not_an_array"] = "pandas is not installed"


def test_scikit_learns_own_checks_pass_with_default_arguments():
    results = check_estimator(ZeroShotClassifier(), on_skip=None, on_fail=None)
    failed = {each["check_name"]: each["exception"] for each in results if each["status"] == "failed"}
    skipped = {each["check_name"]: str(each["exception"]) for each in results if each["status"] == "skipped"}
    assert failed == {}
    assert sorted(skipped) == sorted(SKIPPED)
    assert all(SKIPPED[name] in reason for name, reason in skipped.items())
    assert {each["status"] for each in results} <= {"passed", "skipped"}
    assert len(results) - len(skipped) >= 53
