# make quickstart   three heads fine-tuned on the embedded reviews, side by side
# make test         the test suite            (ARGS="-k cnn" for a part of it)
# make test-long    the tests that take many seconds each
# make test-compat  checkpoints of this environment, under the other releases of transformers that read them
# make faults       runs interrupted in every way, counted; takes hours  (ARGS="--every 20" for a part of it)
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
# Another index: make TORCH_INDEX=https://download.pytorch.org/whl/rocm6.4        PyPI after all: make TORCH_INDEX=
TORCH := "torch>=2.11,<2.14"
TORCH_INDEX ?= $(shell test "$$(uname -s)" = Linux && ! nvidia-smi -L 2>/dev/null | grep -q '^GPU' \
	&& echo https://download.pytorch.org/whl/cpu)

.PHONY: quickstart test test-long test-compat faults lint types format clean
.NOTPARALLEL:

quickstart: $(INSTALLED)
	$(BIN)/python quickstart.py

# The floor is where the tests stand; what the scripts run in processes of their own is not counted.
COVERAGE := --cov=heads --cov=utils --cov=comparison --cov-report=term:skip-covered --cov-fail-under=94

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 $(if $(ARGS),$(ARGS),-m "not long" $(COVERAGE))

test-long: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 -m long

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

faults: $(INSTALLED)
	$(BIN)/python tests/reliability/campaign.py $(ARGS)

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
	rm -rf .venv .compat build *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 10) <= v <= (3, 13) or sys.exit( \
	    "error: Python %d.%d is not supported; name one from 3.10 to 3.13: make PYTHON=python3.12" % v)'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(BIN)/pip install --no-deps --retries 2 --index-url $(TORCH_INDEX) $(TORCH))
	$(BIN)/pip install -e ".[dev]"
	@touch $@
