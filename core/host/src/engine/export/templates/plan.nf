#!/usr/bin/env nextflow
// Executes the tasks of a plan with Nextflow, then gathers the results.
//
//   nextflow run plan.nf
//
@about@
//
// What protea does not know: executor, queue, container, and the memory and time of a task, unless the plan
// says so. Set them in nextflow.config, for example process.executor = 'slurm', process.queue = 'short'.
// All machines must see the plan, the runners and the datasets under the same paths.
//
// Tasks that end with exit code 75, or are killed, are tried three times, those that end with 65 once: their
// failure is recorded. Called again, without -resume, it executes the tasks that have no result. A search with
// TPE: GATHER fails with exit code 75 when it has planned the next generation; call nextflow again.
nextflow.enable.dsl = 2

// Words of a shell.
params.program = @program@
params.plan = @plan@
// Tasks that one process executes, one after the other.
params.per_index = @per_index@

process REMAINING {
    executor 'local'
    cache false

    output:
    stdout

    script:
    """
    ${params.program} plan remaining ${params.plan} --per-index ${params.per_index}
    """
}

process TASK {
    tag "${indices}"
    cache false
    cpus @threads@
@resources@    errorStrategy { task.exitStatus != 65 && task.attempt <= 2 ? 'retry' : 'ignore' }
    maxRetries 2

    input:
    val indices

    output:
    val indices

    script:
    """
    ${params.program} task ${params.plan} --index ${indices} --threads ${task.cpus}
    """
}

process GATHER {
    executor 'local'
    cache false

    input:
    val ended

    output:
    stdout

    script:
    """
    ${params.program} gather ${params.plan}
    """
}

workflow {
    REMAINING()
    indices = REMAINING.out.splitText().map { line -> line.trim() }.filter { line -> line != '' }
    TASK(indices)
    // A list also if there was nothing to do.
    GATHER(TASK.out.toList())
    GATHER.out.view()
}
