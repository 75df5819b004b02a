# syntax=docker/dockerfile:1
# Stage 1 has the packages of the browser; stage 2 installs the pinned, hashed requirements and collects the static files;
# stage 3 carries only what runs.
FROM node:20-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
COPY requirements/base.txt /tmp/base.txt
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/base.txt
WORKDIR /app
COPY . .
COPY --from=packages /packages/node_modules/konva/konva.min.js /packages/node_modules/konva/LICENSE node_modules/konva/
# Collecting needs settings, not secrets: this key signs nothing and stays in this stage's one command.
RUN DEBUG=0 PUBLIC_SCHEME=https SECRET_KEY=only-for-collecting-static-files-it-signs-nothing-at-all \
    PARENT_HOST=build.example.dev /venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && /venv/bin/python -m compileall -q fly gameserver lobby config
# The image of a gameserver's own app has nothing of the lobby's: gameserver.toml says what. Its files for browsers stay, both apps have all.
ARG LEAVE_OUT=""
RUN rm -rf ${LEAVE_OUT}

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0 PUBLIC_SCHEME=https
# /data is where the volume with the region's database is mounted; the user must own it before anything is mounted there.
RUN useradd --system --uid 10001 --no-create-home app && mkdir /data && chown app /data
# The base image has Python's library as source only, and every start would compile it again: it may not write here.
RUN python -m compileall -q -x 'idlelib|lib2to3|tkinter|turtledemo|ensurepip|test' /usr/local/lib/python3.11
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER app
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
# exec: the server becomes process 1 and gets SIGTERM itself.
CMD ["sh", "-c", "exec python -m fly.server config.asgi:application --host 0.0.0.0 --port 8080 --max-frame 65536 --drain-budget ${DRAIN_BUDGET_S:-20}"]
