# Runs as a user without rights on a read-only root file system; what it writes is in the volumes (and /tmp):
#   docker run --read-only --tmpfs /tmp:size=512m,mode=1777 --cap-drop ALL --security-opt no-new-privileges \
#     -v ledgers:/var/lib/trial-ledger -v keys:/var/lib/trial-ledger-keys -p 8000:8000 trial-ledger
# Behind a proxy that speaks TLS add -e LEDGER_TRUSTED_PROXIES=ADDRESS; secrets as files: -e LEDGER_METRICS_TOKEN_FILE=...

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/trial-ledger
COPY requirements.lock ./
RUN /opt/trial-ledger/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY ledger ledger
COPY projections projections
COPY api api
RUN /opt/trial-ledger/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/trial-ledger/bin/pip uninstall --yes setuptools pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin ledger \
    && install --directory --owner=ledger --group=ledger --mode=0700 /var/lib/trial-ledger /var/lib/trial-ledger-keys
COPY --from=build /opt/trial-ledger /opt/trial-ledger
ENV PATH=/opt/trial-ledger/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LEDGER_DIRECTORY=/var/lib/trial-ledger \
    LEDGER_KEYS_DIRECTORY=/var/lib/trial-ledger-keys
USER 10001:10001
WORKDIR /var/lib/trial-ledger
VOLUME ["/var/lib/trial-ledger", "/var/lib/trial-ledger-keys"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["trial-ledger"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
