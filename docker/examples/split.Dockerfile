# after.Dockerfile with a layer for each install group. All below FROM was printed by `plan --dockerfile`, which also
# wrote the plan files; the image's own Python has to run it, as a plan holds for one interpreter. From the root of
# the repository, after `make pyz`:
#
#     docker run --rm -v "$PWD/dist/resilient-pip.pyz:/usr/local/bin/resilient-pip" -v "$PWD/examples/ml:/app" \
#         -w /app python:3.12-slim resilient-pip plan --dockerfile -r requirements.txt
#     docker build -f docker/examples/split.Dockerfile examples/ml
#
# What it gains: a change in one group leaves the layers before it as they are, so that a new transformers does not
# have torch installed (and pushed, and pulled) again. One joint plan still decides, so no line undoes another's pin;
# and every build installs the same files, until the plan is made anew.
ARG BASE=python:3.12-slim
FROM ${BASE}

# Made by resilient-pip plan --dockerfile. The image resilient-pip holds the program and nothing else:
# docker/Dockerfile in its repository makes it.
COPY --from=resilient-pip /resilient-pip.pyz /usr/local/bin/resilient-pip

# protobuf: 1 package, 162.1 kB: protobuf 3.20.3
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=protobuf --deadline=7min \
    --plan=/tmp/plan.d/10-protobuf.json

# tensorflow: 36 packages, 718.1 MB: tensorflow 2.19.1, numpy 2.1.3, grpcio 1.85.3, ml_dtypes 0.6.0 and 32 more
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=bind,source=plan.d/20-tensorflow.json,target=/tmp/plan.d/20-tensorflow.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=tensorflow --deadline=143min \
    --plan=/tmp/plan.d/10-protobuf.json \
    --plan=/tmp/plan.d/20-tensorflow.json

# tf2onnx: 2 packages, 16.9 MB: tf2onnx 1.17.0, onnx 1.17.0
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=bind,source=plan.d/20-tensorflow.json,target=/tmp/plan.d/20-tensorflow.json \
    --mount=type=bind,source=plan.d/30-tf2onnx.json,target=/tmp/plan.d/30-tf2onnx.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=tf2onnx --deadline=10min \
    --plan=/tmp/plan.d/10-protobuf.json \
    --plan=/tmp/plan.d/20-tensorflow.json \
    --plan=/tmp/plan.d/30-tf2onnx.json

# torch: 26 packages, 2.7 GB: torch 2.13.0, cuda-toolkit 13.0.3.0, nvidia-cudnn-cu13 9.20.0.48 and 23 more
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=bind,source=plan.d/20-tensorflow.json,target=/tmp/plan.d/20-tensorflow.json \
    --mount=type=bind,source=plan.d/30-tf2onnx.json,target=/tmp/plan.d/30-tf2onnx.json \
    --mount=type=bind,source=plan.d/40-torch.json,target=/tmp/plan.d/40-torch.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=torch --deadline=529min \
    --plan=/tmp/plan.d/10-protobuf.json \
    --plan=/tmp/plan.d/20-tensorflow.json \
    --plan=/tmp/plan.d/30-tf2onnx.json \
    --plan=/tmp/plan.d/40-torch.json

# transformers: 21 packages, 27.8 MB: transformers 5.24.0, huggingface_hub 2.4.0, click 8.5.1 and 18 more
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=bind,source=plan.d/20-tensorflow.json,target=/tmp/plan.d/20-tensorflow.json \
    --mount=type=bind,source=plan.d/30-tf2onnx.json,target=/tmp/plan.d/30-tf2onnx.json \
    --mount=type=bind,source=plan.d/40-torch.json,target=/tmp/plan.d/40-torch.json \
    --mount=type=bind,source=plan.d/50-transformers.json,target=/tmp/plan.d/50-transformers.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=transformers --deadline=12min \
    --plan=/tmp/plan.d/10-protobuf.json \
    --plan=/tmp/plan.d/20-tensorflow.json \
    --plan=/tmp/plan.d/30-tf2onnx.json \
    --plan=/tmp/plan.d/40-torch.json \
    --plan=/tmp/plan.d/50-transformers.json

# modelscope: 5 packages, 11.4 MB: modelscope 1.40.2, modelscope-hub 0.5.1, cryptography 50.0.2 and 2 more
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=bind,source=plan.d/20-tensorflow.json,target=/tmp/plan.d/20-tensorflow.json \
    --mount=type=bind,source=plan.d/30-tf2onnx.json,target=/tmp/plan.d/30-tf2onnx.json \
    --mount=type=bind,source=plan.d/40-torch.json,target=/tmp/plan.d/40-torch.json \
    --mount=type=bind,source=plan.d/50-transformers.json,target=/tmp/plan.d/50-transformers.json \
    --mount=type=bind,source=plan.d/60-modelscope.json,target=/tmp/plan.d/60-modelscope.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=modelscope --deadline=9min \
    --plan=/tmp/plan.d/10-protobuf.json \
    --plan=/tmp/plan.d/20-tensorflow.json \
    --plan=/tmp/plan.d/30-tf2onnx.json \
    --plan=/tmp/plan.d/40-torch.json \
    --plan=/tmp/plan.d/50-transformers.json \
    --plan=/tmp/plan.d/60-modelscope.json

# onnxruntime: 1 package, 18.2 MB: onnxruntime 1.26.0
RUN --mount=type=bind,source=plan.d/10-protobuf.json,target=/tmp/plan.d/10-protobuf.json \
    --mount=type=bind,source=plan.d/20-tensorflow.json,target=/tmp/plan.d/20-tensorflow.json \
    --mount=type=bind,source=plan.d/30-tf2onnx.json,target=/tmp/plan.d/30-tf2onnx.json \
    --mount=type=bind,source=plan.d/40-torch.json,target=/tmp/plan.d/40-torch.json \
    --mount=type=bind,source=plan.d/50-transformers.json,target=/tmp/plan.d/50-transformers.json \
    --mount=type=bind,source=plan.d/60-modelscope.json,target=/tmp/plan.d/60-modelscope.json \
    --mount=type=bind,source=plan.d/70-onnxruntime.json,target=/tmp/plan.d/70-onnxruntime.json \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --install-group=onnxruntime --deadline=10min \
    --plan=/tmp/plan.d/10-protobuf.json \
    --plan=/tmp/plan.d/20-tensorflow.json \
    --plan=/tmp/plan.d/30-tf2onnx.json \
    --plan=/tmp/plan.d/40-torch.json \
    --plan=/tmp/plan.d/50-transformers.json \
    --plan=/tmp/plan.d/60-modelscope.json \
    --plan=/tmp/plan.d/70-onnxruntime.json
