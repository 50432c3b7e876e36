#!/bin/sh
# Submits the tasks of a plan to Slurm as job arrays, and a job that gathers the results after them.
#
#   sh sbatch.sh [options of sbatch, such as --partition=short --account=lab --time=30 --mem=4G]
#
@about@
#
# What protea does not know: partition, account, and whatever else your site asks for@unknown@. Give them
# as options: they are passed to sbatch for all jobs and override those of this script. With a time limit,
# --signal=B:USR1@60 lets tasks end cleanly. `protea engine resume --engine slurm` does the same as this
# script and also raises the time or memory of tasks that ran out of it.
#
# The nodes must see the plan, the workspace and the program under the same paths. If tasks have no result
# after their jobs, or a search with TPE has planned its next generation, the job that gathers calls this
# script again, three times at most for each generation. Where jobs may not submit jobs, call it yourself:
# it submits the tasks that have no result, unless jobs of the plan are still in the queue.
set -u
program=@program@
plan=@plan@
log=@log@
gather_log=@gather_log@
name=@name@
# Tasks that one job executes, one after the other.
per_index=@per_index@
attempt=${PROTEA_ATTEMPT:-1}

case $0 in
    /*) script=$0 ;;
    *) script=$PWD/$0 ;;
esac
if [ ! -f "$script" ]; then
    echo "save this script to a file first: the job that gathers calls it" >&2
    exit 2
fi

work=$plan/engine/sbatch
lock=$work/lock
mkdir -p "$work" || exit
# Two calls at once would both find no jobs in the queue.
if ! mkdir "$lock"; then
    [ -d "$lock" ] || exit 1
    echo "another call of this script submits jobs of the plan; nothing was submitted." >&2
    echo "If no other call is running, one was killed: remove the directory named above." >&2
    exit 75
fi
trap 'rmdir "$lock"' EXIT
trap 'exit 75' HUP INT TERM

queued=$(squeue --noheader --name="$name") || exit
if [ -n "$queued" ]; then
    echo "jobs of this plan are in the queue; nothing was submitted:" >&2
    printf '%s\n' "$queued" >&2
    exit 75
fi

# One line for each job: the indices of its tasks.
list=$work/$(date +%Y%m%dT%H%M%S)-$$.tasks
"$program" plan remaining "$plan" --per-index "$per_index" >"$list" || exit

# Renamed when they are complete: an older sbatch may be reading them.
cat >"$work/task.sh.$$" <<'TASK' && mv "$work/task.sh.$$" "$work/task.sh" || exit
#!/bin/sh
# Arguments: the list, the line of the first index of this array, the program, the plan.
tasks=$(sed -n "$(($2 + SLURM_ARRAY_TASK_ID + 1))p" "$1")
exec "$3" task "$4" --index "$tasks" --threads "${SLURM_CPUS_PER_TASK:-1}"
TASK

cat >"$work/gather.sh.$$" <<'GATHER' && mv "$work/gather.sh.$$" "$work/gather.sh" || exit
#!/bin/sh
# Arguments: the program, the plan, the script that submits, the attempt, the number of tasks, options.
program=$1 plan=$2 script=$3 attempt=$4 tasks=$5
shift 5
"$program" gather "$plan" && exit 0
code=$?
[ "$code" -eq 75 ] || exit "$code"
if [ "$(grep -c '' "$plan/tasks.jsonl")" -gt "$tasks" ]; then
    attempt=1
elif [ "$attempt" -lt 3 ]; then
    attempt=$((attempt + 1))
else
    exit 75
fi
PROTEA_ATTEMPT=$attempt
export PROTEA_ATTEMPT
exec sh "$script" "$@"
GATHER

# Ends the script after sbatch failed, and says what it submitted before.
end_incomplete() {
    code=$?
    if [ -n "$jobs" ]; then
        submitted=$(printf '%s' "${jobs#:}" | tr : ' ')
        echo "sbatch failed. The arrays $submitted are submitted, but no job that gathers their results." >&2
        echo "When they have ended, call this script again; or cancel them: scancel $submitted" >&2
    fi
    exit "$code"
}

# The site's limit for the size of arrays.
limit=$(scontrol show config | sed -n 's/^MaxArraySize *= *\([0-9][0-9]*\).*/\1/p')
[ "${limit:-0}" -gt 0 ] || limit=1000
indices=$(grep -c '' "$list")
first=0
jobs=
while [ "$first" -lt "$indices" ]; do
    count=$((indices - first))
    [ "$count" -le "$limit" ] || count=$limit
    job=$(
        sbatch --parsable --job-name="$name" --array="0-$((count - 1))" --output="$log" --chdir="$plan" \
            --open-mode=append --requeue@options@ "$@" "$work/task.sh" "$list" "$first" "$program" "$plan"
    ) || end_incomplete
    job=${job%%;*}
    echo "array $job: $count jobs" >&2
    jobs=$jobs:$job
    first=$((first + count))
done

gather=$(
    sbatch --parsable --job-name="$name-gather" --output="$gather_log" --chdir="$plan" --open-mode=append \
        ${jobs:+"--dependency=afterany$jobs"} "$@" "$work/gather.sh" \
        "$program" "$plan" "$script" "$attempt" "$(grep -c '' "$plan/tasks.jsonl")" "$@"
) || end_incomplete
echo "gather ${gather%%;*}: when these have ended" >&2
