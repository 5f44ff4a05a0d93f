# Airflow with lyceum's DAGs. All work is done by scripts that run on a bare machine, too; see docs/airflow.md.
FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 lyceum && install --directory --owner lyceum /opt/lyceum /var/lyceum/home /var/lyceum/config
USER lyceum
WORKDIR /opt/lyceum
COPY --chown=lyceum . .
RUN bash scripts/install.sh
ENV LYCEUM_HOME=/var/lyceum/home \
    LYCEUM_CONFIG=/var/lyceum/config/lyceum.toml \
    XDG_CONFIG_HOME=/var/lyceum/config
HEALTHCHECK --start-period=3m --interval=1m --timeout=30s CMD ["bash", "scripts/health.sh"]
CMD ["bash", "scripts/start.sh"]
