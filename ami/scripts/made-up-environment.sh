# Sourced: what production's settings ask for, made up on the spot, for commands that reach no server.
# shellcheck shell=bash disable=SC2034

AERIE_ENV=production
SECRET_KEY=$(head -c 48 /dev/urandom | base64 -w 0)
FIELD_ENCRYPTION_KEYS=$(head -c 32 /dev/urandom | base64 -w 0)
OUTPOST_STORE_KEYS=$(head -c 32 /dev/urandom | base64 -w 0)
BACKUP_KEYS=$(head -c 32 /dev/urandom | base64 -w 0)
CONSOLE_PUBLIC_URL=https://console.invalid
ALLOWED_HOSTS=console.invalid
DATABASE_URL=mysql://nobody@127.0.0.1:9/nothing
REDIS_URL=redis://127.0.0.1:9/0
LIVE_STORE_URL=redis://127.0.0.1:9/1
STORAGE_URL=s3://nothing
EMAIL_URL=smtp://127.0.0.1:9
