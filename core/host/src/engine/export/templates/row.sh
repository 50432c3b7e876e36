#!/bin/sh
# What the actions of workflow.toml call, in this directory: sh protea.sh task|gather JOB...
set -u
program=@program@
plan=@plan@
action=$1
shift

# Copies a file under a temporary name, then renames it.
product() {
    cp "$1" "workspace/$2/.$3.part" && mv "workspace/$2/.$3.part" "workspace/$2/$3"
}

case $action in
    task)
        indices=
        for job; do
            read -r index id <"workspace/$job/task" || exit
            indices=${indices:+$indices,}$index
        done
        code=0
        "$program" task "$plan" --index "$indices" --threads "${ACTION_THREADS_PER_PROCESS:-1}" || code=$?
        open=0
        for job; do
            read -r index id <"workspace/$job/task" || exit
            if [ -f "$plan/results/$id/result.json" ]; then
                product "$plan/results/$id/result.json" "$job" result.json
            elif [ -f "$plan/failures/$id/result.json" ]; then
                product "$plan/failures/$id/result.json" "$job" result.json
            else
                open=$((open + 1))
            fi || exit
        done
        [ "$open" -gt 0 ] || exit 0
        [ "$code" -ne 0 ] || code=75
        exit "$code"
        ;;
    gather)
        "$program" gather "$plan" || exit
        for job; do
            product "$plan/gathered.json" "$job" gathered.json || exit
        done
        ;;
    *)
        echo "usage: sh protea.sh task|gather JOB..." >&2
        exit 2
        ;;
esac
