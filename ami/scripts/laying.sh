# Sourced: lays files/ over /, owned by root and writable by nobody else.
# shellcheck shell=bash

# shellcheck disable=SC2034 # read by those who source this
# What the base image gets of files/; the app image gets everything. See scripts/key.
BASE_FILES=(
    etc/apt etc/modules-load.d etc/modprobe.d etc/security etc/sysctl.d etc/systemd/journald.conf.d
    etc/systemd/system.conf.d etc/systemd/timesyncd.conf.d etc/sysusers.d
)

# lay_files PATH…: these parts of files/ (a part that does not exist is left out); with "." everything.
lay_files() {
    local part source=${here:?the directory ami}/files
    for part in "$@"; do
        [ -e "$source/$part" ] || continue
        tar --create --directory="$source" --owner=0 --group=0 --mode=go-w,a+rX --exclude=.gitkeep "$part" |
            tar --extract --directory=/ --no-overwrite-dir --keep-directory-symlink --preserve-permissions
    done
}
