"""`python -m kgzsl` is the command `kgzsl`."""

from kgzsl.cli import main

__all__: list[str] = []

main()
