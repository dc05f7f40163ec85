"""Options that several commands take, and the settings they make."""

import argparse
from pathlib import Path

from hiroba.settings import Settings, read


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """A parser with what every command knows: where the data is."""
    made = argparse.ArgumentParser(prog=f"hiroba {command}", description=description)
    made.add_argument("--data", type=Path, help="where the house keeps everything (HIROBA_DATA; default: ./data)")
    return made


def settings(options: argparse.Namespace) -> Settings:
    """The settings of the environment, with what the command line gives laid over."""
    return read(**{name: value for name, value in vars(options).items() if name in Settings.__struct_fields__})
