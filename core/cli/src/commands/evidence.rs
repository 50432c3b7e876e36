//! `--evidence`: the evidence codes that count.

use protea_cafa::dataset::Evidence;

use crate::{exit::Exit, failure::Failure};

/// The codes that are given; without any, those of experiments, TAS and IC.
pub(super) fn or_experimental(codes: &[String]) -> Result<Evidence, Failure> {
    match codes {
        [] => Ok(Evidence::default()),
        codes => parse(codes),
    }
}

/// The codes that are given; without any, all annotations count.
pub(super) fn or_any(codes: &[String]) -> Result<Evidence, Failure> {
    match codes {
        [] => Ok(Evidence::Any),
        codes => parse(codes),
    }
}

fn parse(codes: &[String]) -> Result<Evidence, Failure> {
    if codes == ["any"] {
        return Ok(Evidence::Any);
    }
    if codes == ["experimental"] {
        return Ok(Evidence::default());
    }
    let is_code = |code: &&String| match code.strip_prefix("ECO:") {
        Some(class) => class.len() == 7 && class.bytes().all(|byte| byte.is_ascii_digit()),
        None => (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase()),
    };
    match codes.iter().find(|code| !is_code(code)) {
        Some(invalid) => Err(Failure::new(
            Exit::Usage,
            format!(
                "{invalid:?} is not an evidence code; give codes such as EXP,IDA,IMP, or only `experimental` (with TAS and IC) or `any`"
            ),
        )),
        None => Ok(Evidence::Codes(codes.iter().cloned().collect())),
    }
}
