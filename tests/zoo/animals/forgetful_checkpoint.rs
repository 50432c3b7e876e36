//! Continues a fit, and has forgotten what it summed up before.

use std::fs;

use protea_contracts::prelude::*;
use protea_zoo::{ZooSpec, animal};

animal! {
    @export "forgetful-checkpoint",
    "saves the number of its steps only",
    {
        fn checkpoints(&self) -> bool {
            true
        }

        fn fit(&self, request: &FitRequest<ZooSpec>, emit: &Emitter) -> Result<(), RunnerError> {
            let checkpoint = request.checkpoint()?;
            let saved = checkpoint.as_ref().and_then(|checkpoint| checkpoint.load("step"));
            let done = saved.and_then(|bytes| bytes.first().copied()).unwrap_or(0);
            let mut sum = 0_u64;
            for step in done + 1..=10 {
                sum += u64::from(step);
                if let Some(checkpoint) = &checkpoint {
                    checkpoint.save("step", &[step])?;
                }
                emit.progress(u64::from(step), 10);
                emit.check()?;
            }
            let path = request.output_dir()?.join("sum");
            fs::write(path, sum.to_string()).or_failed("writing the sum")
        }
    }
}
