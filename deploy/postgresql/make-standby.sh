#!/bin/sh
# Make a standby: a copy of a running primary, which then follows it.
#
#     make-standby.sh PRIMARY DATA NAME
#
#   PRIMARY  how the primary is reached, as a URL or as key=value (libpq): a role with REPLICATION
#   DATA     the standby's data directory; must not exist, or be empty
#   NAME     what the primary calls this standby: small letters, digits and _
#
# Run it on the standby's machine as the user that runs PostgreSQL there, with PostgreSQL's own programs (psql,
# pg_basebackup) of the primary's version on the path and its password where libpq finds it (PGPASSFILE).
# Nothing waits for the standby yet. Start it, then run use-standby.sh.
set -eu

refuse() { echo "make-standby.sh: $*" >&2; exit 1; }
[ $# -eq 3 ] || refuse "usage: make-standby.sh PRIMARY DATA NAME"
primary=$1 data=$2 name=$3
case $name in '' | *[!a-z0-9_]*) refuse "a name has small letters, digits and _" ;; esac
[ ! -d "$data" ] || [ -z "$(ls -A "$data")" ] || refuse "$data is not empty; move it away first"

ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$primary" --command "$1"; }
[ "$(ask 'SHOW server_version_num')" -ge 150000 ] || refuse "the primary is older than PostgreSQL 15"
[ "$(ask 'SELECT pg_is_in_recovery()')" = f ] || refuse "that server is a standby itself"
[ "$(ask 'SELECT current_setting($$fsync$$) || current_setting($$full_page_writes$$)')" = onon ] ||
    refuse "the primary runs without fsync or full_page_writes"

# The slot makes the primary keep what the standby has not taken yet. One that an earlier standby of this name left is
# made anew; one that is in use is somebody else's.
used=$(ask "SELECT active FROM pg_replication_slots WHERE slot_name = '$name'")
[ "$used" != t ] || refuse "a standby of the name $name is connected already"
drop_the_slot() { ask "SELECT pg_drop_replication_slot('$name')" >/dev/null; }
[ -z "$used" ] || drop_the_slot
ask "SELECT pg_create_physical_replication_slot('$name', true)" >/dev/null
trap drop_the_slot EXIT

PGAPPNAME=$name pg_basebackup --dbname "$primary" --pgdata "$data" --write-recovery-conf --slot "$name" \
    --wal-method stream --checkpoint fast --no-password

# It looks for its primary ten times a second, so that a promotion waits for nothing; it does not keep a line that is
# dead. What the primary was told about standbys, or about a moment that it was restored to, is not told to this one.
cat >>"$data/postgresql.auto.conf" <<SETTINGS
cluster_name = '$name'
hot_standby = on
wal_retrieve_retry_interval = '100ms'
wal_receiver_timeout = '10s'
synchronous_standby_names = ''
restore_command = ''
recovery_target_time = ''
SETTINGS
trap - EXIT
echo "$data follows its primary once it is started. Then: use-standby.sh PRIMARY $name"
