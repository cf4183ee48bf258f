//! Sets HYPER_VERSION and REQWEST_VERSION: the client's libraries and the compiler, with their versions.

use std::{env, fs, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    let compiler = env::var("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(compiler).arg("--version").output();
    let output = String::from_utf8(output.expect("rustc --version").stdout).expect("UTF-8");
    // "rustc 1.85.0 (4d91de4e4 2025-02-17)"
    let rustc = output.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    let tokio = locked(&lock, "tokio");
    for library in ["hyper", "reqwest"] {
        let variable = library.to_uppercase() + "_VERSION";
        let client = locked(&lock, library);
        println!("cargo::rustc-env={variable}={client}, {tokio}, {rustc}");
    }
}

/// Returns a package's name and locked version: "tokio 1.54.1".
fn locked(lock: &str, package: &str) -> String {
    let head = format!("name = \"{package}\"\nversion = \"");
    let (_, rest) = lock.split_once(&head).expect("package in Cargo.lock");
    let (version, _) = rest.split_once('"').expect("version in Cargo.lock");
    format!("{package} {version}")
}
