# One image for the reference stack, the mock providers and the wire; `make images` builds it from wheels, without network.
#   messaging-stack migrate | api | worker      mock-providers serve      python -m harness.wire
ARG BASE=python:3.11.11-slim-bookworm

FROM ${BASE} AS build
LABEL messaging-harness.image=build
COPY wheels /wheels
RUN python3 -m venv /opt/messaging && /opt/messaging/bin/python -m pip install --quiet --no-index --no-deps --no-cache-dir /wheels/*.whl \
 && /opt/messaging/bin/python -m pip uninstall --quiet --yes pip setuptools

FROM ${BASE}
LABEL messaging-harness.image=stack
COPY --from=build /opt/messaging /opt/messaging
COPY health.py /opt/messaging/health.py
ENV PATH=/opt/messaging/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8080
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080 4010
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["python", "/opt/messaging/health.py"]
CMD ["messaging-stack", "api"]
