# What an image is made of, pinned. Sourced by every script here; Packer's variables come from it through ami/build.
# Python packages are pinned with their hashes in requirements.lock, compilers' own packages in ami/builder.lock.
# shellcheck shell=bash disable=SC2034

DEBIAN_RELEASE=bookworm
# Debian's own images on EC2, and the account that publishes them (wiki.debian.org/Cloud/AmazonEC2Image/Bookworm).
DEBIAN_AMI_OWNER=136693071363
DEBIAN_AMI_NAME='debian-12-%s-*' # %s is arm64 or amd64
PYTHON_VERSION=3.11              # Debian 12's own, for which the wheels are

# Installed by Debian's signatures; what each is for is the whole reason why it is here.
BASE_PACKAGES=(
    ca-certificates    # to trust AWS, S3 and mail servers
    dbus               # systemctl of the draining instance, Session Manager
    iproute2           # what answers on which port, when somebody looks
    libmariadb3        # mysqlclient speaks through it
    mariadb-client     # mariadb-dump: the backups
    procps             # sysctl at boot and by hand
    python3            # all of Aerie
    python3-venv       # the module venv, and pip as a wheel that is not installed
    systemd-timesyncd  # Amazon's clock, see files/etc/systemd/timesyncd.conf.d
    tzdata             # maintenance windows
)
# What only the throw-away root has in which wheels are compiled.
BUILDER_PACKAGES=(gcc libc6-dev libmariadb-dev pkg-config python3-dev python3-venv)
# Published as source alone: everything else comes as a wheel.
COMPILED=(crontab mysqlclient)

# Session Manager's agent, on EC2 alone: scripts/agents.sh. Without a checksum it refuses; `agents.sh --pin` tells them.
SSM_AGENT_REGION=eu-central-1 # whose bucket it comes from
SSM_AGENT_VERSION=3.3.987.0
SSM_AGENT_SHA256_ARM64=
SSM_AGENT_SHA256_AMD64=
# The authorities whose certificates Aurora shows (docs.aws.amazon.com: "Using SSL/TLS to encrypt a connection to a DB
# cluster"), likewise: terraform/data names the file to the console and the workers.
DATABASE_CA_SHA256=
