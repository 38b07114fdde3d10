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
# Session Manager's agent runs on a builder, too: what it noted of that one, it would note again after the clearing.
if [ -e /lib/systemd/system/amazon-ssm-agent.service ]; then systemctl stop amazon-ssm-agent.service; fi
rm -rf /var/lib/amazon/ssm/*
# Whoever was let in to build.
rm -rf /root/.ssh /home/*/.ssh /root/.cache /home/*/.cache /root/.bash_history /home/*/.bash_history
rm -f /etc/sudoers.d/90-cloud-init-users
find /var/log -type f -delete
rm -rf /tmp/* /var/tmp/* 2>/dev/null || true
