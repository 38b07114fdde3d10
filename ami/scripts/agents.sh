#!/usr/bin/env bash
# What comes from Amazon, on EC2 alone: Session Manager's agent, which is the only way in, and Aurora's authorities.
# (Logs and metrics are shipped by our own `python -m instance logs` and `metrics`.) Each is taken only with the
# sha256 that stands in versions.sh.
#
#   agents.sh           in the image, by base.sh
#   agents.sh --pin     on your machine: prints the three checksums for versions.sh. Compare the package's signature
#                       with Amazon's key first, as the AWS documentation tells ("Verifying the signature of SSM Agent").
#   agents.sh --pinned ARCH   by ami/build: 1, in words, when a checksum of arm64 or amd64 is missing
#
# Never run where this was written, but for --pinned: no machine there reaches Amazon.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=ami/versions.sh
. "$here/versions.sh"

fetch() {
    python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=60).read())' "$1"
}
fetch_agent() {
    fetch "https://s3.$SSM_AGENT_REGION.amazonaws.com/amazon-ssm-$SSM_AGENT_REGION/$SSM_AGENT_VERSION/debian_$1/amazon-ssm-agent.deb"
}
fetch_authorities() { fetch https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem; }

print_pins() {
    local arch sum
    for arch in arm64 amd64; do
        sum=$(fetch_agent "$arch" | sha256sum)
        echo "SSM_AGENT_SHA256_${arch^^}=${sum%% *}"
    done
    sum=$(fetch_authorities | sha256sum)
    echo "DATABASE_CA_SHA256=${sum%% *}"
}

demand_pins() {
    local name
    for name in "SSM_AGENT_SHA256_${1^^}" DATABASE_CA_SHA256; do
        if [ -z "${!name}" ]; then
            echo "agents.sh: $name in ami/versions.sh is empty; ami/scripts/agents.sh --pin tells what belongs there." >&2
            exit 1
        fi
    done
}

install_agent() {
    local package name=SSM_AGENT_SHA256_${1^^}
    package=$(mktemp --suffix=.deb)
    fetch_agent "$1" >"$package"
    echo "${!name}  $package" | sha256sum --check --quiet
    dpkg --install "$package" >/dev/null
    rm -f "$package"
    systemctl enable --quiet amazon-ssm-agent.service
}

install_authorities() {
    install -d -m 0755 /etc/aerie
    fetch_authorities >/etc/aerie/database-ca.pem
    echo "$DATABASE_CA_SHA256  /etc/aerie/database-ca.pem" | sha256sum --check --quiet
    chmod 0644 /etc/aerie/database-ca.pem
}

case ${1:-} in
    --pin) print_pins ;;
    --pinned) demand_pins "${2:?}" ;;
    *)
        arch=$(dpkg --print-architecture)
        demand_pins "$arch"
        install_agent "$arch"
        install_authorities
        ;;
esac
