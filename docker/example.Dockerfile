# An application image whose packages are installed by resilient-pip. From the root of this repository:
#
#     DOCKER_BUILDKIT=1 docker build -f docker/example.Dockerfile .
#
# resilient-pip has an environment of its own, so that no requirement can replace what it runs on, and
# installs into the application's. What was downloaded stays in the cache mount, partial files of a failed
# build included: the next build resumes there.
ARG BASE=python:3.13-slim
FROM ${BASE}

COPY pyproject.toml README.md LICENSE /src/
COPY resilient_pip /src/resilient_pip
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/resilient-pip && /opt/resilient-pip/bin/pip install /src && \
    ln -s /opt/resilient-pip/bin/resilient-pip /usr/local/bin/

RUN python3 -m venv /opt/app
COPY examples/small/requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --python /opt/app -r /tmp/requirements.txt
