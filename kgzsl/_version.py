"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("kgzsl")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0.1.0"
