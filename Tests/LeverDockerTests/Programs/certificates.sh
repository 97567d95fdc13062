#!/usr/bin/env bash
# An authority, and certificates of an engine and of a host that it vouches for, as Docker's programs want them: ca.pem,
# server-cert.pem, server-key.pem, cert.pem, key.pem. The engine is known by NAMES, an openssl subjectAltName.
#
# Usage: certificates.sh FOLDER NAMES
set -euo pipefail
folder=$1 names=$2
mkdir -p "$folder"
cd "$folder"

# KEY CERTIFICATE SUBJECT EXTENSIONS…
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1" -subj "/CN=$3" 2>/dev/null |
        openssl x509 -req -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -out "$2" \
            -extfile <(printf '%s\n' "${@:4}") 2>/dev/null
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=authority $$" \
    -keyout ca-key.pem -out ca.pem 2>/dev/null
certificate server-key.pem server-cert.pem engine "subjectAltName=$names" extendedKeyUsage=serverAuth
certificate key.pem cert.pem host extendedKeyUsage=clientAuth
