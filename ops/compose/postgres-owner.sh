#!/bin/sh
# Run once, by the image's entrypoint, when the cluster is new: the database and the login that the servers use. The account
# that the image makes is a superuser; this one isn't, and may make the runtime role (docs/hardening.md).
set -e
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat /run/secrets/postgres-password`
CREATE ROLE tidemark LOGIN NOSUPERUSER CREATEROLE PASSWORD :'password';
CREATE DATABASE tidemark OWNER tidemark;
SQL
