//! Builds the runner that tries to reach things outside.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use protea_e2e::{build_own_workspace, built, in_repository, library, share_builds};

/// The directory of the runner that tries to reach things outside. Builds it at the first call.
pub fn reacher() -> &'static Path {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = built().join("reacher");
        fs::create_dir_all(source.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"reacher\"\ndescription = \"Reaches.\"\nversion = \"0.1.0\"\n\
             edition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\n\
             protea-contracts = {{ path = {:?} }}\n[workspace]\n",
            in_repository("contracts")
        );
        fs::write(source.join("Cargo.toml"), manifest).unwrap();
        fs::write(source.join("src/lib.rs"), include_str!("reacher.rs")).unwrap();
        share_builds(&source);
        // Shared with the author's runner, whose dependencies are the same.
        let target = built().join("my-runner");
        build_own_workspace(&source.join("Cargo.toml"), &target);
        let runners = source.join("runners");
        fs::create_dir_all(&runners).unwrap();
        let file = library("reacher");
        let made = target.join(built().file_name().unwrap()).join(&file);
        fs::copy(made, runners.join(&file)).unwrap();
        runners
    });
    &DIRECTORY
}
