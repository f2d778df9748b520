# Flipbook in a container. The image holds PyAV's wheel and with it x264 (GPL): see LICENSE before you hand it on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY adapters adapters
COPY generation generation
COPY db db
COPY worker worker
RUN python -m venv /opt/flipbook \
 && /opt/flipbook/bin/pip install --no-cache-dir --constraint constraints.txt ".[postgres]"

FROM python:3.11-slim-bookworm
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
