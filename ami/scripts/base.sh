#!/usr/bin/env bash
# Debian 12 -> base image: packages, users, limits. Slow, and the same for every release of Aerie.
#
# Runs as root in the image, from the uploaded directory that holds ami/ (any place below /var/tmp).
# Packer runs it over ssh, tests in a chroot; both leave the same.
#   AERIE_AGENTS=1   also install Amazon's agents (EC2 only)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=ami/versions.sh
. "$here/versions.sh"
# shellcheck source=ami/scripts/laying.sh
. "$here/scripts/laying.sh"
cd /

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 dist-upgrade
    apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 install "${BASE_PACKAGES[@]}"
    # Instances are days old and never changed: updates come as a new image, by a rolling deploy.
    apt-get -qq --yes -o Dpkg::Use-Pty=0 purge unattended-upgrades 2>/dev/null || true
    apt-get -qq --yes -o Dpkg::Use-Pty=0 autoremove --purge
}

install_packages
lay_files "${BASE_FILES[@]}"
systemd-sysusers
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service
if [ "${AERIE_AGENTS:-0}" = 1 ]; then "$here/scripts/agents.sh"; fi
"$here/scripts/clean.sh"
