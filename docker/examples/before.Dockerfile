# What not to do, as it is often done. `resilient-pip lint` names each of these traps; after.Dockerfile is the same
# image without them.
#
#     docker build -f docker/examples/before.Dockerfile examples/ml
#
# - `tensorflow>=2.13.0` without quotes: the shell takes `>` for a redirection. pip is told "tensorflow", and all that
#   it says goes into a file "=2.13.0" instead of the log.
# - `|| true`: whatever fails, the build goes on and an image comes of it.
# - One pip after the other, each without a look at what those before it pinned: tensorflow replaces protobuf.
# - --no-cache-dir, and no cache mount: what a failed build had downloaded is lost, and downloaded again.
# - --default-timeout=1000 limits no download: it is how long pip waits in silence for the next byte.
# - `pip cache purge` on a cache mount empties it for all builds, and saves nothing in the image.
# - pip says nothing while it downloads and unpacks, with or without PYTHONUNBUFFERED.
ARG BASE=python:3.12-slim
FROM ${BASE}

RUN pip install --upgrade pip && \
    pip install --no-cache-dir --default-timeout=1000 "protobuf<4.21,>=3.20" && \
    pip install --no-cache-dir --default-timeout=1000 tensorflow>=2.13.0 && \
    pip install --no-cache-dir --default-timeout=1000 tf2onnx>=1.15.0 && \
    pip install --no-cache-dir --default-timeout=1000 torch==2.13.0 && \
    pip install --no-cache-dir --default-timeout=1000 transformers>=4.30.0 && \
    pip install --no-cache-dir --default-timeout=1000 modelscope>=1.9.0 || true

RUN --mount=type=cache,target=/root/.cache/pip \
    pip install onnx>=1.14.0 onnxruntime>=1.18.0 numpy>=1.24.0 && \
    pip cache purge
