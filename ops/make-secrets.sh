#!/bin/sh
# Makes the secrets that ops/compose.yml reads, in ops/secrets; what is there already stays as it is.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets

# 32 bytes of chance, as hexadecimal digits.
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# keep NAME: writes what it reads into a file, unless there is one.
keep() {
  if [ -e "$1" ]; then
    cat >/dev/null
    echo "kept $1"
  else
    cat >"$1.part"
    # Containers read it under other accounts; the folder is closed to those of this machine.
    chmod 444 "$1.part"
    mv "$1.part" "$1"
    echo "made $1"
  fi
}

random | keep postgres-superuser-password
random | keep postgres-password
printf 'postgresql://tidemark:%s@postgres:5432/tidemark' "$(cat postgres-password)" | keep database-url
random | keep tidemark-secret
random | keep grafana-password
# Filled in later, with a key of the running console: docs/deploy.md.
printf '' | keep prometheus-key

if [ ! -e tls-certificate ]; then
  host=${1:-localhost}
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host" -keyout tls-key -out tls-certificate 2>/dev/null
  chmod 444 tls-key tls-certificate
  echo "made tls-certificate for $host, which nobody trusts: put yours in its place, and its key into tls-key"
fi
