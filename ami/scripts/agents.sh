#!/usr/bin/env bash
# What comes from Amazon, on EC2 alone: Session Manager's agent, which is the only way in, and Aurora's authorities. (Logs and metrics are shipped by our own
# `python -m instance logs` and `metrics`.) The package comes from Amazon's bucket of the version that versions.sh
# pins, and is installed only with the sha256 that stands there.
#
#   agents.sh         in the image, by base.sh
#   agents.sh --pin   on your machine: prints the two checksums for versions.sh. Compare the package's signature
#                     with Amazon's key as the AWS documentation tells ("Verifying the signature of SSM Agent") first.
#
# Never run where this was written: no machine there reaches Amazon.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=ami/versions.sh
. "$here/versions.sh"

address() {
    echo "https://s3.$SSM_AGENT_REGION.amazonaws.com/amazon-ssm-$SSM_AGENT_REGION/$SSM_AGENT_VERSION/debian_$1/amazon-ssm-agent.deb"
}

fetch_authorities() {
    python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=60).read())' \
        https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
}

fetch() {
    python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=60).read())' \
        "$(address "$1")"
}

if [ "${1:-}" = --pin ]; then
    for arch in arm64 amd64; do
        printf 'SSM_AGENT_SHA256_%s=%s\n' "${arch^^}" "$(fetch "$arch" | sha256sum | cut -d ' ' -f 1)"
    done
    printf 'DATABASE_CA_SHA256=%s\n' "$(fetch_authorities | sha256sum | cut -d ' ' -f 1)"
    exit
fi

arch=$(dpkg --print-architecture)
name=SSM_AGENT_SHA256_${arch^^}
sum=${!name}
if [ -z "$sum" ]; then
    echo "agents.sh: $name in ami/versions.sh is empty; ami/scripts/agents.sh --pin tells what belongs there." >&2
    exit 1
fi
package=$(mktemp --suffix=.deb)
trap 'rm -f "$package"' EXIT
fetch "$arch" >"$package"
echo "$sum  $package" | sha256sum --check --quiet
dpkg --install "$package" >/dev/null
systemctl enable --quiet amazon-ssm-agent.service

if [ -z "$DATABASE_CA_SHA256" ]; then
    echo "agents.sh: DATABASE_CA_SHA256 in ami/versions.sh is empty; ami/scripts/agents.sh --pin tells what belongs there." >&2
    exit 1
fi
install -d -m 0755 /etc/aerie
fetch_authorities >/etc/aerie/database-ca.pem
echo "$DATABASE_CA_SHA256  /etc/aerie/database-ca.pem" | sha256sum --check --quiet
chmod 0644 /etc/aerie/database-ca.pem
