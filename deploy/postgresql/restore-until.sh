#!/bin/sh
# Make a database server as it was at an earlier moment, out of a base backup and the archived WAL.
#
#     restore-until.sh BASE ARCHIVE DATA WHEN
#
#   BASE     a base backup (pg_basebackup) from before the moment; stays as it is
#   ARCHIVE  the directory into which archive_command copied the WAL
#   DATA     the data directory to make; must not exist, or be empty
#   WHEN     the moment, with its zone: '2026-03-01 09:00:00+03'. What was committed later is left out
#
# Run it as the user that runs PostgreSQL, start the server on DATA, and look at its log: it says where it stopped. It is
# a server of its own then: it waits for no standby and archives nothing until somebody says so. Every trial in it that
# is behind its signed head takes nothing but the record of its recovery (docs/operations.md, "Going on").
set -eu

refuse() { echo "restore-until.sh: $*" >&2; exit 1; }
[ $# -eq 4 ] || refuse "usage: restore-until.sh BASE ARCHIVE DATA WHEN"
base=$1 archive=$2 data=$3 when=$4
[ -f "$base/backup_label" ] || refuse "$base is no base backup"
[ -d "$archive" ] || refuse "there is no archive at $archive"
[ ! -d "$data" ] || [ -z "$(ls -A "$data")" ] || refuse "$data is not empty; move it away first"
case $archive$when in *[\'\"\\]*) refuse "no quotes in a path or a moment" ;; esac

mkdir -p "$data"
chmod 700 "$data"
cp -R "$base/." "$data"
rm -f "$data/standby.signal" "$data/postmaster.pid"
cat >>"$data/postgresql.auto.conf" <<SETTINGS
restore_command = 'cp "$archive/%f" "%p"'
recovery_target_time = '$when'
recovery_target_action = 'promote'
synchronous_standby_names = ''
archive_mode = off
SETTINGS
touch "$data/recovery.signal"
echo "$data becomes what it was at $when when it is started."
