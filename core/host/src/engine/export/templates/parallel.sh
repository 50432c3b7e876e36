#!/bin/sh
# Executes the tasks of a plan with GNU parallel, then gathers the results.
#
#   sh parallel.sh [options of parallel, such as --jobs 8, --sshloginfile hosts or --joblog FILE]
#
@about@
#
# What protea does not know: how many tasks the machine can do at once. Without --jobs, parallel starts one
# for each core, whatever memory a task needs: give --jobs, or --memfree SIZE. With --sshlogin, the plan must
# have the same path on all machines.
#
# Tasks that end with exit code 75 are tried three times, those that end with 65 once: their failure is
# recorded. The next generation of a search with TPE is done as soon as it is planned. Called again, the
# script executes the tasks that have no result. Its exit code is that of `protea gather`.
set -u
PROTEA_PROGRAM=@program@
PROTEA_PLAN=@plan@
# Threads that one process may use.
PROTEA_THREADS=@threads@
# Tasks that one process executes, one after the other.
per_index=@per_index@
attempts=3

# The shell that parallel starts commands with.
PARALLEL_SHELL=/bin/sh
export PROTEA_PROGRAM PROTEA_PLAN PROTEA_THREADS PARALLEL_SHELL

if ! command -v parallel >/dev/null; then
    echo "GNU parallel is not on the PATH" >&2
    exit 127
fi

planned() {
    grep -c '' "$PROTEA_PLAN/tasks.jsonl"
}

attempt=1
tasks=$(planned)
while :; do
    # One line for each process: the indices of its tasks.
    "$PROTEA_PROGRAM" plan remaining "$PROTEA_PLAN" --per-index "$per_index" |
        parallel --env PROTEA_PROGRAM --env PROTEA_PLAN --env PROTEA_THREADS "$@" \
            '"$PROTEA_PROGRAM" task "$PROTEA_PLAN" --index {} --threads "$PROTEA_THREADS" --quiet' >&2
    "$PROTEA_PROGRAM" gather "$PROTEA_PLAN" && exit 0
    code=$?
    [ "$code" -eq 75 ] || exit "$code"
    now=$(planned)
    if [ "$now" -gt "$tasks" ]; then
        tasks=$now
        attempt=1
    elif [ "$attempt" -lt "$attempts" ]; then
        attempt=$((attempt + 1))
    else
        exit 75
    fi
done
