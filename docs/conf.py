"""How the documentation is built: `sphinx-build -W --keep-going -b html docs docs/_build`, without a network."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / "_extensions")]

from kgzsl._version import __version__  # noqa: E402

project = "kgzsl"
copyright = "the kgzsl authors, MIT licence"  # noqa: A001 - Sphinx calls it so
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "commands",  # these three in _extensions/
    "docstrings",
    "mathml",
    "myst_nb",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "_extensions", "**.ipynb_checkpoints"]

# Pages are Markdown; formulas stand between dollars and are drawn by the browser.
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

# Notebooks keep the outputs that they were committed with; they are executed in a test, not here.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # widgets would fetch their scripts from elsewhere
nb_merge_streams = True


def _copy_notebooks() -> None:
    """Bring the notebooks beside the pages, since Sphinx reads one folder; git ignores the copies."""
    copies = HERE / "notebooks"
    copies.mkdir(exist_ok=True)
    kept = {path.name: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    for copy in copies.glob("*.ipynb"):
        if copy.name not in kept:
            copy.unlink()
    for name, path in kept.items():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["metadata"].setdefault("language_info", {"name": "python", "pygments_lexer": "ipython3"})
        text = json.dumps(notebook, ensure_ascii=False, indent=1)
        copy = copies / name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8")


_copy_notebooks()

# The reference: names as users import them, in the order of the source.
add_module_names = False
autodoc_member_order = "bysource"
_FOREIGN = (
    "BaseEstimator", "ClassifierMixin", "Exception", "Generic", "Mapping", "Protocol", "Sequence", "object", "str",
    "tuple",
)  # fmt: skip
autodoc_default_options = {"members": True, "inherited-members": ", ".join(_FOREIGN)}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100

html_theme = "furo"
html_title = "kgzsl"
html_static_path = ["_static"]
html_css_files = ["kgzsl.css"]
html_copy_source = False
html_show_sphinx = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
