# What one can do here: `just` alone lists it. Tools come from the lock file by `uv run`.

set shell := ["bash", "-euo", "pipefail", "-c"]
run := "uv run --frozen --quiet"

# list the recipes
default:
    @just --list --unsorted

# start everything on this machine
up *options:
    ./hiroba up {{ options }}

# run the tests, or those that are named
test *what:
    ./hiroba test {{ what }}

# ruff, all rules
lint:
    {{ run }} ruff check

# format the code
format:
    {{ run }} ruff format

# mypy, strict
types:
    {{ run }} mypy

# the import contracts: the tree is the architecture
contracts:
    {{ run }} lint-imports

# build the documentation into site/; `just docs serve` shows it while you write
docs *how="build --strict":
    {{ run }} mkdocs {{ how }}

# measure create, patch, get and query on this machine
bench *options:
    ./hiroba bench {{ options }}

# run ETSI's NGSI-LD suite on scratch exchanges; MIRROR names a git directory of it: `just conformance --revision extended`
conformance *options:
    HIROBA_DEV=1 ./hiroba --version
    .venv/bin/python -m tests.conformance {{ options }}

# what takes long: the suite under CI's rules and the benchmarks; dated figures into docs/nightly.md
nightly:
    .ci/nightly
