# before.Dockerfile with one line instead of eight.
#
#     docker build -f docker/examples/after.Dockerfile examples/ml
#
# What it gains: all requirements are planned together, so that none undoes another's pin. Files are downloaded in
# parallel, resumed and retried; the log has a line at least every 10 s. What fails ends the build, and says which
# package, from where, and why. What a failed build had downloaded stays in the cache mount, partial files included:
# the next build resumes there. Of resilient-pip itself nothing is left in the image, as it is mounted, not copied.
ARG BASE=python:3.12-slim
FROM ${BASE}

COPY requirements.txt /app/
RUN --mount=type=bind,from=resilient-pip,source=/resilient-pip.pyz,target=/usr/local/bin/resilient-pip \
    --mount=type=cache,target=/root/.cache/pip \
    resilient-pip -r /app/requirements.txt
