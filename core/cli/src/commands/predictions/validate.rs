//! `protea predictions validate`.

use protea_cafa::predictions::{
    self, Challenge, Finding, Session, Severity, ValidateOptions, Validation,
};
use serde_json::{Value, json};

use super::{inputs, read_ontology};
use crate::{
    args::{PredictionsValidateArgs, RulesOf},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, count, plural},
};

pub(super) fn validate(
    args: &PredictionsValidateArgs,
    session: &mut Session<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let ontology = read_ontology(args.ontology.as_deref())?;
    let proteins = args.proteins.as_deref().map(inputs::accessions);
    let proteins = proteins.transpose()?;
    let options = ValidateOptions {
        challenge: match args.rules {
            RulesOf::Kaggle => Challenge::Kaggle,
            RulesOf::Cafa => Challenge::Cafa,
            RulesOf::Lafa => Challenge::Lafa,
        },
        proteins: proteins.as_ref(),
        ontology: ontology.as_ref(),
    };
    let mut text = String::new();
    let (mut files, mut refused) = (Vec::new(), false);
    reporter.start_bar("validating");
    for file in &args.files {
        let source = inputs::open(file, session)?;
        let validation = predictions::validate(&source, &options, session)?;
        refused |= validation.is_refused();
        text.push_str(&describe(&validation));
        let mut json = json!(validation);
        json["refused"] = Value::Bool(validation.is_refused());
        files.push(json);
    }
    reporter.abandon();
    let report = Report {
        text,
        json: json!({ "rules": options.challenge, "refused": refused, "files": files }),
    };
    if refused {
        // The findings are the result.
        return Err(Failure::report_only(Exit::Input, report));
    }
    Ok(report)
}

fn describe(validation: &Validation) -> String {
    let rules = validation.challenge.name();
    let verdict = if validation.is_refused() {
        "refuse"
    } else {
        "accept"
    };
    let mut text = format!(
        "{}: {} lines, {} predictions of {} proteins: the rules of {rules} {verdict} it\n",
        validation.file,
        count(validation.lines),
        count(validation.predictions),
        count(validation.proteins)
    );
    for finding in &validation.findings {
        text.push_str(&describe_finding(finding));
    }
    text
}

fn describe_finding(finding: &Finding) -> String {
    let label = match finding.severity {
        Severity::Refused => "refused",
        Severity::Warning => "warning",
    };
    let mut text = format!(
        "  {label}: {} ({})\n",
        finding.text,
        plural(finding.found.count, "time")
    );
    for example in &finding.found.examples {
        text.push_str(&format!("    {example}\n"));
    }
    text
}
