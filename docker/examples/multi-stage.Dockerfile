# Compilers and whatever else building needs in one stage, the environment alone in the image.
#
#     docker build -f docker/examples/multi-stage.Dockerfile examples/ml
#
# What it gains: a smaller image. Here resilient-pip is copied: it stays in the first stage, which nobody ships, and
# can be called there in as many lines as needed.
ARG BASE=python:3.12-slim
FROM ${BASE} AS build

# Where a requirement has to be compiled: RUN apt-get update && apt-get install -y --no-install-recommends gcc
COPY --from=resilient-pip /resilient-pip.pyz /usr/local/bin/resilient-pip
COPY requirements.txt /app/
RUN python3 -m venv --without-pip /opt/app
RUN --mount=type=cache,target=/root/.cache/pip \
    resilient-pip --python /opt/app -r /app/requirements.txt

FROM ${BASE}
COPY --from=build /opt/app /opt/app
ENV PATH=/opt/app/bin:${PATH}
