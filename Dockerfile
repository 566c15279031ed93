FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    DATA_DIR=/var/lib/hearsay STATIC_ROOT=/srv/static

RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/hearsay hearsay

WORKDIR /srv/hearsay
COPY requirements.txt .
# Every pin comes as a wheel, so nothing is built here.
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary :all: -r requirements.txt
COPY . .
RUN python -m compileall -q . && DATA_DIR=/tmp/build python manage.py collectstatic --noinput && rm -r /tmp/build

USER hearsay
VOLUME /var/lib/hearsay
EXPOSE 8000
CMD ["gunicorn", "--config", "python:tracker.web", "--bind", "0.0.0.0:8000", "--workers", "2", "tracker.wsgi"]
