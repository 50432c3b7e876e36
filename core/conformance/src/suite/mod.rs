//! The tests: an enum per scope, every test with a name, a description and a verdict.

mod dataset;
mod descriptor;
mod determinism;
mod emit;
mod explain;
mod isolation;
mod lifecycle;
mod load;
mod memory;
mod refusals;
mod results;
mod round_trip;
mod science;
mod spec;
mod threads;
mod writes;

pub use dataset::DatasetTest;
pub use descriptor::DescriptorTest;
pub use determinism::DeterminismTest;
pub use emit::EmitTest;
pub use explain::ExplainTest;
pub use isolation::IsolationTest;
pub use lifecycle::LifecycleTest;
pub use load::LoadTest;
pub use memory::MemoryTest;
pub use results::ResultsTest;
pub use round_trip::RoundTripTest;
pub use science::ScienceTest;
pub use spec::SpecTest;
pub use threads::ThreadsTest;
pub use writes::WritesTest;

use crate::{Subject, Verdict};

/// Makes the enum of a scope.
macro_rules! scope {
    (
        $(#[$attribute:meta])*
        $scope:ident {
            $( $(#[doc = $description:literal])+ $test:ident = $name:literal => $run:path, )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $scope {
            $( $(#[doc = $description])+ $test, )+
        }

        impl $scope {
            /// All tests of the scope.
            pub const ALL: &'static [Self] = &[$(Self::$test),+];

            /// The test's name, `scope/test`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$test => $name, )+ }
            }

            /// What the test asks for.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $( Self::$test => concat!($($description),+), )+ }
            }

            /// Tests a runner.
            #[must_use]
            pub fn run(self, subject: &$crate::Subject) -> $crate::Verdict {
                let checked = match self { $( Self::$test => $run(subject), )+ };
                checked.unwrap_or_else(|verdict| verdict)
            }
        }
    };
}
pub(crate) use scope;

/// Makes the enum over all scopes.
macro_rules! scopes {
    ($($scope:ident($tests:ident),)+) => {
        /// A test of the suite.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Test {
            $( #[doc = concat!("See [`", stringify!($tests), "`].")] $scope($tests), )+
        }

        impl Test {
            /// All tests, in the order in which they are run.
            pub fn all() -> impl Iterator<Item = Self> {
                let none: [Self; 0] = [];
                none.into_iter()
                    $( .chain($tests::ALL.iter().copied().map(Self::$scope)) )+
            }

            /// The test's name, `scope/test`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$scope(test) => test.name(), )+ }
            }

            /// What the test asks for.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $( Self::$scope(test) => test.description().trim(), )+ }
            }

            /// Tests a runner.
            #[must_use]
            pub fn run(self, subject: &Subject) -> Verdict {
                match self { $( Self::$scope(test) => test.run(subject), )+ }
            }
        }
    };
}

scopes! {
    Descriptor(DescriptorTest),
    Load(LoadTest),
    Spec(SpecTest),
    Lifecycle(LifecycleTest),
    Results(ResultsTest),
    Determinism(DeterminismTest),
    RoundTrip(RoundTripTest),
    Dataset(DatasetTest),
    Writes(WritesTest),
    Emit(EmitTest),
    Threads(ThreadsTest),
    Isolation(IsolationTest),
    Memory(MemoryTest),
    Science(ScienceTest),
    Explain(ExplainTest),
}

impl Test {
    /// The test of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|test| test.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prerequisites::{
        AGREES, DEFAULTS, DETERMINISTIC, EVALUATE, EXPORT, FIT, METRICS, OPENS, READABLE, REPEATED,
    };

    #[test]
    fn names_are_kebab_case_and_each_there_once() {
        let mut names: Vec<&str> = Test::all().map(Test::name).collect();
        for name in &names {
            let (scope, test) = name.split_once('/').unwrap();
            for part in [scope, test] {
                assert!(!part.is_empty(), "{name}");
                assert!(
                    part.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                    "{name}"
                );
            }
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for name in [
            READABLE,
            AGREES,
            OPENS,
            DEFAULTS,
            FIT,
            EVALUATE,
            EXPORT,
            METRICS,
            DETERMINISTIC,
            REPEATED,
        ] {
            assert!(Test::named(name).is_some(), "{name}");
        }
    }
}
