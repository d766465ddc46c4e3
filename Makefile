# make quickstart   three heads fine-tuned on the embedded reviews, side by side
# make test         the test suite            (ARGS="-k cnn" for a part of it, COUNT=1 with the lines that it reaches, as in CI)
# make test-long    the tests that take many seconds each
# make test-compat  checkpoints of this environment, under the other releases of transformers that read them
# make test-lowest  a part of the tests, with the lowest versions that pyproject.toml allows (Python 3.10 to 3.12)
# make test-newest  the test suite, with the newest versions that it allows
# make faults       runs interrupted in every way, counted; takes hours  (ARGS="--every 20" for a part of it)
# make fuzz         files that a fuzzer makes up for every reader, ten minutes  (ARGS="--seconds 3600" for an hour)
# make lint, types  what CI checks before the tests; .pre-commit-config.yaml has the same
# make format       what lint can repair
# make clean        everything that can be made again; runs/ stays
#
# The first of them makes .venv and installs into it, the others reuse it. Another Python: make PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

# PyPI's torch for Linux brings gigabytes of CUDA packages along. Without an NVIDIA GPU torch comes from PyTorch's index of
# CPU wheels, and from nowhere else: where that is out of reach, the result is an error and not a CUDA download.
# The versions that were tested together are in constraints.txt; its header has the command that writes it anew.
# Another index: make TORCH_INDEX=https://download.pytorch.org/whl/rocm6.4        PyPI after all: make TORCH_INDEX=
TORCH := "torch>=2.11,<2.14"
TESTED := -c constraints.txt
TORCH_INDEX ?= $(shell test "$$(uname -s)" = Linux && ! nvidia-smi -L 2>/dev/null | grep -q '^GPU' \
	&& echo https://download.pytorch.org/whl/cpu)

.PHONY: quickstart test test-long test-compat test-lowest test-newest faults fuzz lint types format clean
.NOTPARALLEL:

quickstart: $(INSTALLED)
	$(BIN)/python quickstart.py

# The floor is where the tests stand; what the scripts run in processes of their own is not counted.
COVERAGE := --cov=heads --cov=utils --cov=comparison --cov-report=term:skip-covered --cov-fail-under=94

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal $(if $(ARGS),$(ARGS),-m "not long" $(if $(COUNT),$(COVERAGE)))

test-long: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long

# Without the project, and with nothing but torch and transformers: as wherever a checkpoint is used.
COMPAT := 4.57 5.17 newest

test-compat: $(INSTALLED) $(COMPAT:%=.compat/%/.installed)
	$(BIN)/python tests/compat/write_checkpoints.py .compat/checkpoints
	set -e; for release in $(COMPAT); do \
	    .compat/$$release/bin/python tests/compat/check_checkpoints.py .compat/checkpoints; done

.compat/%/.installed:
	$(PYTHON) -m venv .compat/$*
	$(if $(TORCH_INDEX),.compat/$*/bin/pip install --no-deps --retries 2 --index-url $(TORCH_INDEX) $(TORCH))
	.compat/$*/bin/pip install $(TORCH) "transformers$(if $(filter newest,$*),,==$*.*)"
	@touch $@

# What is nearest to other packages: models, readers, statistics, and a run of a script.
NEAR := tests/heads/test_head_training.py tests/utils/data/test_tables.py tests/utils/data/test_arrow.py tests/comparison/inference \
	tests/scripts/test_one_run.py

test-lowest: .lowest/.installed
	.lowest/bin/python tests/compat/check_lowest.py
	.lowest/bin/python -m pytest -n 2 --dist worksteal $(NEAR)

.lowest/.installed: pyproject.toml
	$(PYTHON) -m venv .lowest
	.lowest/bin/pip install uv
	.lowest/bin/uv pip install --python .lowest/bin/python --resolution lowest-direct \
	    $(if $(TORCH_INDEX),--torch-backend cpu) -e ".[dev]"
	@touch $@

test-newest: .newest/.installed
	.newest/bin/python -m pytest -n 2 --dist worksteal -m "not long"

.newest/.installed: pyproject.toml
	$(PYTHON) -m venv .newest
	$(if $(TORCH_INDEX),.newest/bin/pip install --no-deps --retries 2 --index-url $(TORCH_INDEX) $(TORCH))
	.newest/bin/pip install -e ".[dev]"
	@touch $@

faults: $(INSTALLED)
	$(BIN)/python tests/reliability/campaign.py $(ARGS)

fuzz: $(INSTALLED) .fuzz/.installed
	PYTHONPATH=.fuzz $(BIN)/python tests/reliability/fuzz.py $(ARGS)

# Beside .venv: it has wheels for few systems, and nothing else needs it.
.fuzz/.installed:
	$(BIN)/pip install --no-deps --target .fuzz "atheris>=3.0,<4"
	@touch $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: $(INSTALLED)
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .compat .lowest .newest .fuzz build *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 10) <= v <= (3, 13) or sys.exit( \
	    "error: Python %d.%d is not supported; name one from 3.10 to 3.13: make PYTHON=python3.12" % v)'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(BIN)/pip install --no-deps --retries 2 $(TESTED) --index-url $(TORCH_INDEX) torch)
	$(BIN)/pip install $(TESTED) -e ".[dev]"
	@touch $@
