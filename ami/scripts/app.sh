#!/usr/bin/env bash
# Base image -> app image: the tree, its wheels, the collected static files, release.json, the units. Quick.
#
# Runs as root in the image, from the uploaded directory: ami/ (this), app.tar (scripts/pack-app) and wheels/
# (scripts/build-wheels). There is no compiler here and no index is asked: what is not in wheels/ with the very
# hash that wheels/requirements.lock tells is not installed.
#   AERIE_RELEASE   0.2.0          AERIE_COMMIT  the commit of the tree
#   AERIE_BUILT_AT  ISO 8601, UTC  AERIE_WHEELS  sha256 of wheels/requirements.lock
set -euo pipefail
: "${AERIE_RELEASE:?}" "${AERIE_COMMIT:?}" "${AERIE_BUILT_AT:?}" "${AERIE_WHEELS:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
upload=$(dirname "$here")
# shellcheck source=ami/versions.sh
. "$here/versions.sh"
# shellcheck source=ami/scripts/laying.sh
. "$here/scripts/laying.sh"
umask 022
cd /
app=/opt/aerie/app venv=/opt/aerie/venv static=/opt/aerie/static

lay_tree() {
    rm -rf /opt/aerie
    mkdir -p "$app" "$static"
    tar --extract --file="$upload/app.tar" --directory="$app" --no-same-owner
}

install_wheels() {
    echo "$AERIE_WHEELS  $upload/wheels/requirements.lock" | sha256sum --check --quiet
    /usr/bin/python3 -m venv --without-pip "$venv"
    # Debian's pip, from the wheel that venv would install: nothing in the image can install a package later.
    PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) PYTHONDONTWRITEBYTECODE=1 \
        "$venv/bin/python" -m pip install --isolated --quiet --no-index --no-cache-dir --no-deps --no-compile \
        --disable-pip-version-check --no-warn-script-location --root-user-action=ignore \
        --only-binary :all: --require-hashes --find-links "$upload/wheels" \
        --requirement "$upload/wheels/requirements.lock"
    # verify compares them with what is installed.
    install -m 0644 "$upload/wheels/requirements.lock" /opt/aerie/wheels.lock
}

collect_static() {
    # Settings of production demand secrets; these are made up here, used once and written nowhere.
    (
        cd "$app"
        set -a
        # shellcheck source=ami/scripts/made-up-environment.sh
        . "$here/scripts/made-up-environment.sh"
        set +a
        STATIC_ROOT=$static "$venv/bin/python" -B manage.py collectstatic --noinput --verbosity 0
    )
}

compile_python() {
    # By their hash: times say nothing in an image. Those who run it could not write what is missing.
    "$venv/bin/python" -m compileall -q -j 0 --invalidation-mode checked-hash "$app" "$venv/lib" >/dev/null
}

tell_release() {
    printf '{"release": "%s", "commit": "%s", "built_at": "%s", "wheels": "%s"}\n' \
        "$AERIE_RELEASE" "$AERIE_COMMIT" "$AERIE_BUILT_AT" "$AERIE_WHEELS" >/opt/aerie/release.json
}

enable_units() {
    local unit
    # Ours that say when they are wanted; the roles' units do not, they are started by what aerie-boot learns.
    for unit in "$here"/files/etc/systemd/system/aerie-*; do
        if grep -q '^\[Install\]' "$unit"; then systemctl enable --quiet "${unit##*/}"; fi
    done
    # Session Manager is the way in. Masked and not removed: this script itself came by ssh.
    systemctl disable --quiet ssh.service ssh.socket
    systemctl mask --quiet ssh.service ssh.socket sshd.service
}

lay_tree
install_wheels
lay_files .
systemd-sysusers
# What verify reads comes along, so that it can be asked on a running instance as well.
install -m 0755 "$here/verify" /opt/aerie/verify
mkdir -p /opt/aerie/promises
install -m 0644 "$here"/promises/*.py "$here/scripts/made-up-environment.sh" /opt/aerie/promises/
collect_static
compile_python
tell_release
chown -R root:root /opt/aerie
chmod -R go-w,a+rX /opt/aerie
enable_units
"$here/scripts/clean.sh"
