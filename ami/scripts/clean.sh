#!/usr/bin/env bash
# Takes out of an image what is unique, secret or only of its making. The last thing a build does.
set -euo pipefail
cd /

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old
# What a second instance must not share with the first.
rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed /var/lib/dbus/machine-id
: >/etc/machine-id
if command -v cloud-init >/dev/null; then cloud-init clean --logs --seed; fi
# Whoever was let in to build.
rm -rf /root/.ssh /home/*/.ssh /root/.cache /home/*/.cache /root/.bash_history /home/*/.bash_history
rm -f /etc/sudoers.d/90-cloud-init-users
find /var/log -type f -delete
rm -rf /tmp/* /var/tmp/* 2>/dev/null || true
