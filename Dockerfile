# docker build -t electra-heads .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" electra-heads seq-cls my_recipe.yaml --output_dir runs/docker
#
# torch comes from PyTorch's index of CPU wheels. For an NVIDIA GPU name the index of its CUDA, and give `docker run` --gpus all:
# docker build -t electra-heads:cuda --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
FROM python:3.12-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

# torch first and from that index alone, where PyPI's would bring CUDA along; what it needs comes with the project.
WORKDIR /opt/electra-heads
COPY constraints.txt ./
RUN pip install --no-deps -c constraints.txt --index-url "${TORCH_INDEX}" torch

COPY pyproject.toml README.md LICENSE ./
COPY __main__.py compare_heads.py demo.py export_onnx.py export_stock.py ensemble.py run_qa.py run_seq_cls.py run_token_cls.py ./
COPY comparison comparison
COPY heads heads
COPY recipes/spaces recipes/spaces
COPY utils utils
RUN pip install -c constraints.txt ".[onnx]"

# Any user may run it (--user), also one without a name here: what is downloaded goes into a folder that all may write in.
RUN useradd --create-home --uid 1000 runner \
    && mkdir -p /cache /work \
    && chmod 1777 /cache \
    && chown runner:runner /work
ENV HF_HOME=/cache/huggingface \
    HOME=/cache \
    LOGNAME=runner \
    MPLCONFIGDIR=/cache/matplotlib
USER runner
WORKDIR /work

ENTRYPOINT ["electra-heads"]
CMD ["--help"]
