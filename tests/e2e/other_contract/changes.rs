//! How the contract of another version differs from the one in this source, as changes of its text.

/// What grows: a file of the contract, a text that is in it, and what is added behind that text.
pub(super) const GROWTH: [(&str, &str, &str); 19] = [
    (
        "src/request/mod.rs",
        "    #[serde(default)]\n    pub threads: usize,\n",
        "    /// For the runner.\n    #[serde(default = \"no_note\")]\n    pub note: String,\n",
    ),
    (
        "src/request/mod.rs",
        "            threads: 0,\n",
        "            note: no_note(),\n",
    ),
    (
        "src/request/mod.rs",
        "        let Self {\n            spec,\n",
        "            note,\n",
    ),
    (
        "src/request/mod.rs",
        "            spec: convert(spec)?,\n",
        "            note,\n",
    ),
    (
        "src/request/mod.rs",
        "pub use crate::uri::file_uri;\n",
        "fn no_note() -> String {\n    \"none\".to_owned()\n}\n",
    ),
    (
        "src/error.rs",
        "    /// The host asked for the call to end, and it did.\n    #[error(\"cancelled\")]\n    Cancelled,\n",
        "    /// New.\n    #[error(\"{message}\")]\n    Quota {\n        /// Why.\n        message: String,\n    },\n",
    ),
    (
        "src/runner.rs",
        "    fn export(&self, request: &ExportRequest, emit: &Emitter) -> Result<ExportResult, RunnerError>;\n",
        "    /// New.\n    ///\n    /// # Errors\n    ///\n    /// Any.\n    fn foresee(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {\n        \
         Err(RunnerError::unsupported(\"foresee\", \"do without\"))\n    }\n",
    ),
    (
        "src/operation.rs",
        "    /// [`Predict`].\n    Predict,\n",
        "    /// [`Foresee`].\n    Foresee,\n",
    ),
    (
        "src/operation.rs",
        "        Self::Predict,\n",
        "        Self::Foresee,\n",
    ),
    (
        "src/operation.rs",
        "            Self::Predict => visitor.visit::<Predict>(),\n",
        "            Self::Foresee => visitor.visit::<Foresee>(),\n",
    ),
    (
        "src/abi/module.rs",
        "    pub predict: extern \"C\" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,\n",
        "    /// New.\n    pub foresee: extern \"C\" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,\n",
    ),
    (
        "src/abi/functions.rs",
        "        OperationKind::Predict => module.predict(),\n",
        "        OperationKind::Foresee => module.foresee(),\n",
    ),
    (
        "src/abi/functions.rs",
        "        OperationKind::Predict => (\"predict\", table.predict),\n",
        "        OperationKind::Foresee => (\"foresee\", None),\n",
    ),
    (
        "src/abi/plugin.rs",
        "        predict: call::<P, Predict>,\n",
        "        foresee: call::<P, crate::operation::Foresee>,\n",
    ),
    (
        "src/abi/sink.rs",
        "        RSlice<'_, u8>,\n        u8,\n    ) -> bool,\n",
        "    pub(super) clock: unsafe extern \"C\" fn(*const ()) -> u64,\n",
    ),
    (
        "src/abi/sink_functions.rs",
        "        is_cancelled,\n        emit,\n",
        "        clock,\n",
    ),
    (
        "src/abi/sink.rs",
        "impl Connection for SinkHandle {\n",
        "    fn clock(&self) -> u64 {\n        \
         // SAFETY: as for the other functions.\n        \
         self.functions.clock().map_or(0, |clock| unsafe { clock(self.context) })\n    }\n",
    ),
    (
        "src/host_sink.rs",
        "pub(crate) trait Connection: Send + Sync {\n",
        "    fn clock(&self) -> u64 {\n        0\n    }\n",
    ),
    (
        "src/emit.rs",
        "impl Emitter {\n",
        "    /// New; 0 for an older host.\n    #[must_use]\n    pub fn clock(&self) -> u64 {\n        self.connection.clock()\n    }\n",
    ),
];
/// Text added at the end of files that grow.
pub(super) const APPENDED: [(&str, &str); 2] = [
    (
        "src/abi/sink_functions.rs",
        "\nunsafe extern \"C\" fn clock(_: *const ()) -> u64 {\n    1234\n}\n",
    ),
    (
        "src/operation.rs",
        "\n/// New.\n#[derive(Debug)]\npub struct Foresee;\n\nimpl Operation for Foresee {\n    \
         type Request = EvaluateRequest;\n    type Response = EvalResult;\n    \
         const KIND: OperationKind = OperationKind::Foresee;\n    \
         const NAME: &'static str = \"foresee\";\n    \
         const SINCE: Version = Version::new(1, 99, 0);\n    const HAS_OUTPUT: bool = true;\n    \
         fn run<R: ExperimentRunner>(runner: &R, request: EvaluateRequest, emit: &Emitter) -> \
         Result<EvalResult, RunnerError> {\n        runner.foresee(&request, emit)\n    }\n}\n",
    ),
];
/// What version 1.0.0 lacked: a file of the contract, and where what came later begins and ends.
pub(super) const LATER: [(&str, &str, &str); 39] = [
    ("src/runner.rs", "    explanation", "Explanation,\n"),
    ("src/runner.rs", " ExplainRequest", ","),
    (
        "src/runner.rs",
        "\n    /// Whether this runner implements [`explain`]",
        "`ExperimentRunner::explain`\",\n        ))\n    }\n",
    ),
    (
        "src/runner.rs",
        "    /// Whether it implements `explain`.\n",
        "    pub explains: bool,\n",
    ),
    (
        "src/abi/module.rs",
        "    /// Takes an [`ExplainRequest`]",
        "    pub explain: extern \"C\" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,\n",
    ),
    ("src/abi/plugin.rs", " Explain", ","),
    ("src/abi/plugin.rs", "        explain: call", "Explain>,\n"),
    (
        "src/abi/plugin.rs",
        "        explains: runner",
        ".explains(),\n",
    ),
    ("src/operation.rs", "    explanation", "Explanation,\n"),
    ("src/operation.rs", " ExplainRequest", ","),
    (
        "src/operation.rs",
        "    /// [`Explain`].\n",
        "    Explain,\n",
    ),
    ("src/operation.rs", "        Self::Explain,", "\n"),
    ("src/operation.rs", "            Self::Explain =>", ",\n"),
    (
        "src/operation.rs",
        "/// [`ExperimentRunner::explain`].\n",
        "runner.explain(&request, emit)\n    }\n}\n",
    ),
    (
        "src/abi/functions.rs",
        "        OperationKind::Explain => module",
        ",\n",
    ),
    (
        "src/abi/functions.rs",
        "        OperationKind::Explain => (",
        ",\n",
    ),
    ("src/lib.rs", " Explain", ","),
    ("src/runner.rs", ", Predict", "Request"),
    ("src/runner.rs", " PredictResult", ","),
    (
        "src/runner.rs",
        "\n    /// Whether this runner implements [`predict`]",
        "`ExperimentRunner::predict`\",\n        ))\n    }\n",
    ),
    (
        "src/runner.rs",
        "    /// Whether it implements `predict`.\n",
        "    pub predicts: bool,\n",
    ),
    (
        "src/abi/module.rs",
        "    /// Takes a [`PredictRequest`]",
        "    pub predict: extern \"C\" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,\n",
    ),
    ("src/abi/plugin.rs", ", Predict}", ", Predict"),
    ("src/abi/plugin.rs", "        predict: call", "Predict>,\n"),
    (
        "src/abi/plugin.rs",
        "        predicts: runner",
        ".predicts(),\n",
    ),
    (
        "src/abi/plugin.rs",
        "        splits_references: runner",
        ".splits_references(),\n",
    ),
    (
        "src/runner.rs",
        "    /// Whether `predict` works on a part of the references.\n",
        "    pub splits_references: bool,\n",
    ),
    (
        "src/runner.rs",
        "    /// Whether [`fit`](Self::fit) saves its state in\n",
        "        false\n    }\n\n",
    ),
    (
        "src/abi/plugin.rs",
        "        checkpoints: runner",
        ".checkpoints(),\n",
    ),
    (
        "src/runner.rs",
        "    /// Whether `fit` saves its state and continues from it.\n",
        "    pub checkpoints: bool,\n",
    ),
    ("src/operation.rs", " PredictRequest", ","),
    ("src/operation.rs", " PredictResult", ","),
    (
        "src/operation.rs",
        "    /// [`Predict`].\n",
        "    Predict,\n",
    ),
    ("src/operation.rs", "        Self::Predict,", "\n"),
    ("src/operation.rs", "            Self::Predict =>", ",\n"),
    (
        "src/operation.rs",
        "/// [`ExperimentRunner::predict`].\n",
        "runner.predict(&request, emit)\n    }\n}\n",
    ),
    (
        "src/abi/functions.rs",
        "        OperationKind::Predict => module",
        ",\n",
    ),
    (
        "src/abi/functions.rs",
        "        OperationKind::Predict => (",
        ",\n",
    ),
    ("src/lib.rs", ", Predict}", ", Predict"),
];
