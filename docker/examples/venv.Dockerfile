# after.Dockerfile with a virtual environment.
#
#     docker build -f docker/examples/venv.Dockerfile examples/ml
#
# What it gains: it works on Debian's and Ubuntu's own Python, where pip and resilient-pip alike refuse to install
# beside the distribution's packages (EXTERNALLY-MANAGED). The environment needs no pip: resilient-pip brings its own.
ARG BASE=python:3.12-slim
FROM ${BASE}

RUN python3 -m venv --without-pip /opt/app
ENV PATH=/opt/app/bin:${PATH}

COPY requirements.txt /app/
RUN --mount=type=bind,from=resilient-pip,source=/resilient-pip.pyz,target=/usr/local/bin/resilient-pip \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip -r /app/requirements.txt
