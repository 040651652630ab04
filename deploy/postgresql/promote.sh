#!/bin/sh
# Make a standby the primary, after the primary is gone.
#
#     promote.sh STANDBY alone       it then commits without waiting for another
#     promote.sh STANDBY NAME        it then waits for a standby of this name: nothing is acknowledged until one is made
#
#   STANDBY  how the standby is reached, as a URL or as key=value (libpq): a superuser
#
# BEFORE: see that the old primary does not run, and does not start by itself (switch the machine off; disable its
# service). While it cannot reach this standby it acknowledges nothing, but it still answers who reads.
# AFTER: never start it again as it is. Move its data directory away, and make it a standby of this server with
# make-standby.sh, then use-standby.sh.
#
# It refuses a server that is no standby, one that its primary still talks to, and one that has not applied all that
# it received. Whether it received all is known to whoever knows what the primary waited for: with use-standby.sh in force
# up to the end, it did, as far as anything was acknowledged.
set -eu

refuse() { echo "promote.sh: $*" >&2; exit 1; }
[ $# -eq 2 ] || refuse "usage: promote.sh STANDBY (alone | NAME)"
standby=$1 next=$2
case $next in '' | *[!a-z0-9_]*) refuse "a name has small letters, digits and _" ;; esac

ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$standby" --command "$1"; }
[ "$(ask 'SELECT pg_is_in_recovery()')" = t ] || refuse "that server is no standby; it may have been promoted before"
[ "$(ask 'SELECT pg_is_wal_replay_paused()')" = f ] || refuse "it does not apply what it received: pg_wal_replay_resume()"
# A line that broke without a word counts as one for wal_receiver_timeout.
tries=0
until [ -z "$(ask 'SELECT 1 FROM pg_stat_wal_receiver WHERE status = $$streaming$$')" ]; do
    tries=$((tries + 1))
    [ $tries -lt 20 ] || refuse "its primary still talks to it: stop that first, or try again once it has been silent for 10 s"
    sleep 0.1
done
tries=0
until [ "$(ask 'SELECT pg_last_wal_replay_lsn() >= coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())')" = t ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || refuse "it has not applied all that it received within 30 seconds"
    sleep 0.1
done
echo "The newest transaction that it has: $(ask 'SELECT pg_last_xact_replay_timestamp()')"

# Before it takes anything, it knows for whom it has to wait.
ask "ALTER SYSTEM SET synchronous_commit = 'remote_apply'"
if [ "$next" = alone ]; then
    ask "ALTER SYSTEM SET synchronous_standby_names = ''"
else
    ask "ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ($next)'"
fi
ask 'SELECT pg_reload_conf()' >/dev/null
[ "$(ask 'SELECT pg_promote(true, 60)')" = t ] || refuse "it did not become the primary within a minute; see its log"
if [ "$next" = alone ]; then
    echo "It is the primary and commits ALONE: its disk is the only one until there is a standby and use-standby.sh was run."
else
    echo "It is the primary and waits for $next: nothing is acknowledged until make-standby.sh has made that one."
fi
echo "Never start the old primary again as it is: move its data away and make it a standby of this server."
