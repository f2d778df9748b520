# Flipbook in containers. The images hold PyAV's wheel and with it x264 (GPL): see LICENSE before you hand them on.
#   docker build --tag flipbook:0.1.0 .                          the bot (the last target)
#   docker build --tag flipbook-worker:0.1.0 --target worker .   the worker for a GPU: torch with CUDA, several GB
FROM python:3.11-slim-bookworm AS source
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY adapters adapters
COPY generation generation
COPY db db
COPY worker worker
RUN python -m venv /opt/flipbook

FROM source AS build-worker
RUN /opt/flipbook/bin/pip install --no-cache-dir --constraint constraints.txt ".[worker]"

FROM python:3.11-slim-bookworm AS worker
# Triton compiles a stub in C at run time; this image has Python's headers already
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build-worker /opt/flipbook /opt/flipbook
RUN useradd --system --uid 10001 --no-create-home flipbook \
 && install --directory --owner flipbook --mode 0700 /data /models
ENV PATH=/opt/flipbook/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    HF_HUB_OFFLINE=1 \
    TORCHINDUCTOR_CACHE_DIR=/data/compiled \
    TRITON_CACHE_DIR=/data/compiled/triton \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    FLIPBOOK_WORKER_DATA_DIR=/data \
    FLIPBOOK_WORKER_MODELS_DIR=/models \
    FLIPBOOK_WORKER_HOST=0.0.0.0 \
    FLIPBOOK_WORKER_PORT=8650
USER flipbook
WORKDIR /data
VOLUME ["/data", "/models"]
EXPOSE 8650
HEALTHCHECK --interval=30s --timeout=5s --start-period=300s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8650/health', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["flipbook"]
CMD ["worker"]

FROM source AS build
RUN /opt/flipbook/bin/pip install --no-cache-dir --constraint constraints.txt ".[postgres]"

FROM python:3.11-slim-bookworm AS bot
COPY --from=build /opt/flipbook /opt/flipbook
RUN useradd --system --uid 10001 --no-create-home flipbook \
 && install --directory --owner flipbook --mode 0700 /data
ENV PATH=/opt/flipbook/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FLIPBOOK_DATA_DIR=/data \
    FLIPBOOK_WEB_HOST=0.0.0.0 \
    FLIPBOOK_WEB_PORT=8080
USER flipbook
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["flipbook"]
CMD ["run"]
