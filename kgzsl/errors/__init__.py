"""Every error kgzsl raises on purpose.

Each one is also the built-in exception a Python programmer expects, carries its facts as attributes, and
says in its message what was wrong, where, and what to do next.
"""

from kgzsl.errors.files import (
    DataMissingError,
    IntegrityError,
    LimitExceededError,
    OutputExistsError,
    SourceError,
    UnsafeInputError,
    VersionError,
)
from kgzsl.errors.graphs import InvalidGraphError, NoPathError, NotEntailedError, PatternSyntaxError, ProofError
from kgzsl.errors.inputs import InputFormatError, ResourceLimitError
from kgzsl.errors.models import (
    ExplanationError,
    MissingFeaturesError,
    NotInductiveError,
    NumericError,
    SplitError,
    TestRowsError,
)
from kgzsl.errors.names import (
    AmbiguousLabelError,
    ConceptFormError,
    ConceptVersionError,
    GroundingError,
    UnknownConceptError,
    UnknownNameError,
    UnknownRelationError,
)
from kgzsl.errors.network import NetworkError, OfflineError
from kgzsl.errors.plugins import MissingDependencyError, PluginError
from kgzsl.errors.root import KgzslError, KgzslWarning
from kgzsl.errors.wording import listing

__all__ = [
    "AmbiguousLabelError",
    "ConceptFormError",
    "ConceptVersionError",
    "DataMissingError",
    "ExplanationError",
    "GroundingError",
    "InputFormatError",
    "IntegrityError",
    "InvalidGraphError",
    "KgzslError",
    "KgzslWarning",
    "LimitExceededError",
    "MissingDependencyError",
    "MissingFeaturesError",
    "NetworkError",
    "NoPathError",
    "NotEntailedError",
    "NotInductiveError",
    "NumericError",
    "OfflineError",
    "OutputExistsError",
    "PatternSyntaxError",
    "PluginError",
    "ProofError",
    "ResourceLimitError",
    "SourceError",
    "SplitError",
    "TestRowsError",
    "UnknownConceptError",
    "UnknownNameError",
    "UnknownRelationError",
    "UnsafeInputError",
    "VersionError",
    "listing",
]

for _name in __all__:  # tracebacks and pickles name the place to import them from, whichever file they stand in
    globals()[_name].__module__ = __name__
