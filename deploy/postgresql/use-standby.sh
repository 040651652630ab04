#!/bin/sh
# From now on no commit is answered before a standby has applied it.
#
#     use-standby.sh PRIMARY NAME
#
#   PRIMARY  how the primary is reached, as a URL or as key=value (libpq): a role that may ALTER SYSTEM
#   NAME     the standby's, as it was given to make-standby.sh
#
# It refuses while the standby is not there: everything that is written would wait for it. To wait for none again:
#     psql PRIMARY -c "ALTER SYSTEM SET synchronous_standby_names = ''" -c "SELECT pg_reload_conf()"
set -eu

refuse() { echo "use-standby.sh: $*" >&2; exit 1; }
[ $# -eq 2 ] || refuse "usage: use-standby.sh PRIMARY NAME"
primary=$1 name=$2
case $name in '' | *[!a-z0-9_]*) refuse "a name has small letters, digits and _" ;; esac

ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$primary" --command "$1"; }
state() { ask "SELECT $1 FROM pg_stat_replication WHERE application_name = '$name'"; }
within_10_seconds() { # COLUMN VALUE REFUSAL
    tries=0
    until [ "$(state "$1")" = "$2" ]; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || refuse "$3"
        sleep 0.2
    done
}
[ "$(ask 'SELECT pg_is_in_recovery()')" = f ] || refuse "that server is a standby itself"
within_10_seconds state streaming "no standby of the name $name follows this server"

ask "ALTER SYSTEM SET synchronous_commit = 'remote_apply'"
ask "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ($name)'"
ask 'SELECT pg_reload_conf()' >/dev/null
within_10_seconds sync_state sync "the server does not wait for $name; look at pg_stat_replication"
echo "Commits wait for $name (remote_apply)."
