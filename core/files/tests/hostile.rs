//! What another program can put into a directory: links, pipes, depth, numbers, size.
#![cfg(unix)]

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    process::Command,
};

use protea_files::{
    Access, Directory, FileKind, FilesError, Limits, Links, Never, remove_tree, usage,
};

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo can be started").success());
}

fn open(path: &Path) -> Directory {
    Directory::open(path, Links::Refuse).expect("the directory can be opened")
}

#[test]
fn links_and_special_files_are_left_out_and_named() {
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::write(at("a/b/file"), "x").unwrap();
    fs::write(at("new\nline"), "").unwrap();
    symlink(outside.path(), at("file-link")).unwrap();
    symlink("/etc", at("a/directory-link")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("/dev/zero", at("device-link")).unwrap();
    pipe(&at("pipe"));
    let _listener = UnixListener::bind(at("socket")).unwrap();

    let directory = open(root.path());
    let tree = directory.walk(&Limits::default(), &Never).unwrap();
    let files: Vec<_> = tree.files.iter().map(|file| file.path.to_str()).collect();
    assert_eq!(files, [Some("a/b/file"), Some("new\nline")]);
    let left_out: Vec<_> = tree
        .left_out
        .iter()
        .map(|it| it.path().to_owned())
        .collect();
    let expected = [
        "a/directory-link",
        "dangling",
        "device-link",
        "file-link",
        "pipe",
        "socket",
    ];
    assert_eq!(left_out, expected.map(at));

    for name in [
        "a/directory-link/passwd",
        "dangling",
        "device-link",
        "file-link",
    ] {
        let error = directory.open_file(Path::new(name)).unwrap_err();
        assert!(matches!(error, FilesError::SymbolicLink { .. }), "{error}");
        assert!(at(name).starts_with(error.path()), "{error}");
    }
    let error = directory.open_file(Path::new("pipe")).unwrap_err();
    assert!(
        matches!(
            error,
            FilesError::NotRegular {
                kind: FileKind::Pipe,
                ..
            }
        ),
        "{error}"
    );
    for name in ["../x", "/etc/passwd", "a/../../x", "", "a/.."] {
        let error = directory.open_file(Path::new(name)).unwrap_err();
        assert!(
            matches!(error, FilesError::Outside { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_file_is_opened_without_waiting_and_read_to_a_limit() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    pipe(&at("pipe"));
    fs::write(at("file"), "12345").unwrap();
    symlink("file", at("link")).unwrap();
    symlink("/dev/zero", at("zero")).unwrap();
    let read = |name: &str, links| protea_files::read(&at(name), links, 5);
    assert_eq!(read("link", Links::Follow).unwrap(), b"12345");
    for (name, links) in [("pipe", Links::Follow), ("zero", Links::Follow)] {
        let error = read(name, links).unwrap_err();
        assert!(matches!(error, FilesError::NotRegular { .. }), "{error}");
    }
    let error = read("link", Links::Refuse).unwrap_err();
    assert!(matches!(error, FilesError::SymbolicLink { .. }), "{error}");
    fs::write(at("file"), "123456").unwrap();
    let error = read("file", Links::Refuse).unwrap_err();
    assert!(
        matches!(error, FilesError::TooLarge { limit: 5, .. }),
        "{error}"
    );
    let error = Directory::open(&at("link"), Links::Refuse).unwrap_err();
    assert!(matches!(error, FilesError::SymbolicLink { .. }), "{error}");
    assert!(read("none", Links::Refuse).unwrap_err().is_not_found());
}

#[test]
fn reading_and_writing_fail_with_variants_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("none/file");
    let error = protea_files::read(&missing, Links::Refuse, 5).unwrap_err();
    assert!(matches!(error, FilesError::Read { .. }), "{error:?}");
    assert!(error.to_string().ends_with("none/file cannot be read"));
    for access in [Access::Append, Access::Replace, Access::Update] {
        let error = protea_files::open_to_write(&missing, access).unwrap_err();
        assert!(matches!(error, FilesError::Write { .. }), "{error:?}");
    }
    let error = protea_files::write(&missing, b"x").unwrap_err();
    assert!(error.to_string().ends_with("none/file cannot be written"));
    assert_eq!(error.path(), missing);
    assert!(!error.is_not_found(), "it was not to be read");
    assert_eq!(
        std::io::Error::from(error).kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn depth_and_number_are_bounded_and_a_walk_can_be_stopped() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("a/b/c")).unwrap();
    let directory = open(root.path());
    let walk = |entries, depth| directory.walk(&Limits { entries, depth }, &Never);
    assert_eq!(walk(3, 3).unwrap().directories.len(), 3);
    let error = walk(3, 2).unwrap_err();
    assert!(
        matches!(error, FilesError::TooDeep { limit: 2, .. }),
        "{error}"
    );
    let error = walk(2, 3).unwrap_err();
    assert!(
        matches!(error, FilesError::TooMany { limit: 2, .. }),
        "{error}"
    );
    let error = directory.walk(&Limits::default(), &|| true).unwrap_err();
    assert!(matches!(error, FilesError::Stopped { .. }), "{error}");
}

#[test]
fn usage_counts_what_is_sparse_hidden_or_linked_twice() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let sparse = fs::File::create(at(".hidden")).unwrap();
    sparse.set_len(10 << 20).unwrap();
    fs::hard_link(at(".hidden"), at("again")).unwrap();
    let used = usage(root.path(), u64::MAX, &Never).unwrap();
    assert_eq!((used.bytes, used.entries), (20 << 20, 2));
    assert!(usage(root.path(), 1, &Never).unwrap().entries == 1);
    assert_eq!(usage(&at("none"), 1, &Never).unwrap().entries, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_file_without_content_is_left_out() {
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: u64, content: usize| {
        let path = root.path().join(name);
        fs::write(&path, vec![1; content]).unwrap();
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(bytes)
            .unwrap();
    };
    file("empty", 4 << 40, 0);
    file("nearly-empty", 4 << 40, 1 << 20);
    file("small", 1 << 30, 0);
    file("dense", 64 << 20, 1 << 20);
    let tree = open(root.path()).walk(&Limits::default(), &Never).unwrap();
    assert_eq!(tree.files.len(), 2);
    assert_eq!(tree.left_out.len(), 2);
    assert!(matches!(tree.left_out[0], FilesError::Sparse { .. }));
}

#[test]
fn a_directory_too_deep_for_a_path_is_refused_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let top = root.path().join("top");
    fs::create_dir(&top).unwrap();
    // Each level is made below the one before: no path is long enough to name them all.
    let script =
        "import os\nfor _ in range(2100):\n    os.mkdir('d'); os.chdir('d')\nopen('f','w')";
    let made = Command::new("python3")
        .args(["-c", script])
        .current_dir(&top)
        .status();
    assert!(made.unwrap().success());
    let error = open(&top).walk(&Limits::default(), &Never).unwrap_err();
    assert!(matches!(error, FilesError::TooDeep { .. }), "{error}");
    let error = usage(&top, u64::MAX, &Never).unwrap_err();
    assert!(matches!(error, FilesError::TooDeep { .. }), "{error}");
    remove_tree(&top).unwrap();
    assert!(!top.exists());
    remove_tree(&top).unwrap();
}
