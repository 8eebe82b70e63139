# venv.Dockerfile for a user other than root.
#
#     docker build -f docker/examples/non-root.Dockerfile examples/ml
#
# What it gains: neither the installation nor the application ever runs as root.
#
# A cache mount belongs to root unless uid and gid say otherwise, and BuildKit makes the folders above it as root's,
# in the image too: hence the `mkdir` before. Numbers, as the mount knows no names.
ARG BASE=python:3.12-slim
FROM ${BASE}

RUN useradd --create-home --uid 1000 app
USER app
WORKDIR /home/app
RUN mkdir -p .cache/pip && python3 -m venv --without-pip venv
ENV PATH=/home/app/venv/bin:${PATH}

COPY requirements.txt ./
RUN --mount=type=bind,from=resilient-pip,source=/resilient-pip.pyz,target=/usr/local/bin/resilient-pip \
    --mount=type=cache,target=/home/app/.cache/pip,uid=1000,gid=1000 \
    resilient-pip -r requirements.txt
