"""`python -m hiroba`: what the wrapper becomes."""

import sys

from hiroba.cli import run


def main() -> None:
    """Run the command line and end with its status."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
