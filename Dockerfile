# One image for web, worker, gpu worker and beat; compose.yaml names the command of each.
FROM node:24-bookworm-slim AS frontend
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-fund --no-audit
COPY frontend ./
RUN npm run build

FROM python:3.11-slim-bookworm
# Policies of the Hugging Face hub are kept on the volume too: the account has no home.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LABELHUB_ENV=production VAR_DIR=/var/lib/labelhub \
    HF_HOME=/var/lib/labelhub/huggingface
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir torch==2.13.0 && pip install --no-cache-dir -r requirements.txt
COPY . .
COPY --from=frontend /app/frontend/dist frontend/dist
RUN useradd --system --uid 10001 labelhub \
    && mkdir -p /var/lib/labelhub && chown labelhub /var/lib/labelhub
USER labelhub
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "labelhub.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "4", "--lifespan", "off", "--no-access-log", "--no-server-header"]
