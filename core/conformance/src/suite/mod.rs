//! The tests: an enum per scope, every test with a name, a description and a verdict.

mod checkpoint;
mod dataset;
mod descriptor;
mod determinism;
mod emit;
mod evidence;
mod explain;
mod isolation;
mod lifecycle;
mod load;
mod memory;
mod optional;
mod predict;
mod refusals;
mod results;
mod round_trip;
mod science;
mod shards;
mod spec;
mod threads;
mod writes;

use checkpoint::CheckpointTest;
use dataset::DatasetTest;
use descriptor::DescriptorTest;
use determinism::DeterminismTest;
use emit::EmitTest;
use explain::ExplainTest;
use isolation::IsolationTest;
use lifecycle::LifecycleTest;
use load::LoadTest;
use memory::MemoryTest;
use predict::PredictTest;
use results::ResultsTest;
use round_trip::RoundTripTest;
use science::ScienceTest;
use spec::SpecTest;
use threads::ThreadsTest;
use writes::WritesTest;

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

            /// What the test checks.
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
        /// The tests of all scopes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        enum AnyTest {
            $( $scope($tests), )+
        }

        impl AnyTest {
            fn all() -> impl Iterator<Item = Self> {
                let none: [Self; 0] = [];
                none.into_iter()
                    $( .chain($tests::ALL.iter().copied().map(Self::$scope)) )+
            }

            fn name(self) -> &'static str {
                match self { $( Self::$scope(test) => test.name(), )+ }
            }

            fn description(self) -> &'static str {
                match self { $( Self::$scope(test) => test.description().trim(), )+ }
            }

            fn run(self, subject: &Subject) -> Verdict {
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
    Predict(PredictTest),
    Checkpoint(CheckpointTest),
}

/// A test of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Test(AnyTest);

impl Test {
    /// All tests, in the order in which they are run.
    pub fn all() -> impl Iterator<Item = Self> {
        AnyTest::all().map(Self)
    }

    /// The test with this name; `None` if there is no such test.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|test| test.name() == name)
    }

    /// Its name, `scope/test`, by which users select and skip it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What it checks.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.0.description()
    }

    /// Tests a runner.
    pub(crate) fn run(self, subject: &Subject) -> Verdict {
        self.0.run(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_names;

    #[test]
    fn names_are_unique_and_kebab_case() {
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
        for name in test_names::ALL {
            assert!(Test::named(name).is_some(), "{name}");
        }
    }
}
