//! What there is to build: the language, the manifest, the name, and where everything of a project stands.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::BuildError;
use super::language::Language;

/// Manifests that may also stand in a folder above the project, in the order in which they are looked for.
const MANIFESTS: [(&str, Language); 4] = [
    ("go.mod", Language::Go),
    ("package.json", Language::JavaScript),
    ("requirements.txt", Language::Python),
    ("pyproject.toml", Language::Python),
];

/// Largest manifest that is read, in bytes.
const MANIFEST_MAX: u64 = 1 << 20;

/// One guest's folder and what was found about it.
#[derive(Debug)]
pub(super) struct Project {
    /// The folder as the user named it, for messages.
    pub(super) shown: PathBuf,
    /// The same, absolute.
    pub(super) folder: PathBuf,
    /// Where the manifest and the language's tools are: the folder or one above it, absolute.
    pub(super) root: PathBuf,
    /// What it is written in.
    pub(super) language: Language,
    /// What the component's file is called, without `.wasm`.
    pub(super) name: String,
}

/// Held while a project is built; tools below the same root are installed by one build at a time.
pub(super) struct Lock {
    _file: File,
}

impl Project {
    /// Finds out what a folder holds.
    pub(super) fn find(shown: &Path) -> Result<Project, BuildError> {
        let folder = shown.canonicalize().map_err(BuildError::file("find", shown))?;
        if !folder.is_dir() {
            return Err(BuildError::project(shown, "this is a file; name the project's folder"));
        }
        let (root, language) = detect(&folder).ok_or_else(|| BuildError::NoProject(shown.to_owned()))?;
        let mut project = Project { shown: shown.to_owned(), folder, root, language, name: String::new() };
        project.name = project.find_name()?;
        let wit = project.wit();
        if !wit.is_dir() {
            let why =
                "there is no such folder; `millstream wit` writes it from the schemas of the input and the output";
            return Err(BuildError::project(project.show("wit"), why));
        }
        Ok(project)
    }

    /// The name of a manifest in the folder itself; of the folder where the manifest stands above it.
    fn find_name(&self) -> Result<String, BuildError> {
        let own = self.root == self.folder;
        let named = match self.language {
            Language::Rust => package_name(&self.manifest("Cargo.toml")?, "package"),
            Language::Go if own => self.module()?.rsplit('/').next().map(str::to_owned),
            Language::Python if own && self.root.join("pyproject.toml").is_file() => {
                package_name(&self.manifest("pyproject.toml")?, "project")
            }
            Language::JavaScript | Language::TypeScript if own => {
                let name = self.package()?.get("name").and_then(|name| name.as_str().map(str::to_owned));
                name.and_then(|name| name.rsplit('/').next().map(str::to_owned))
            }
            Language::C => match self.sources("c")?.as_slice() {
                [only] => only.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
                _ => None,
            },
            _ => None,
        };
        let folder = || self.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = named.or_else(folder).unwrap_or_else(|| "guest".to_owned());
        let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            let why = format!("the guest would be called `{name}`; use letters, digits, `-` and `_` in its name");
            return Err(BuildError::project(&self.shown, why));
        }
        Ok(name)
    }

    /// A file of the folder as the user would name it.
    pub(super) fn show(&self, file: &str) -> PathBuf {
        if self.shown == Path::new(".") { PathBuf::from(file) } else { self.shown.join(file) }
    }

    /// A file beside the manifest, as short as it can be told.
    pub(super) fn show_root(&self, file: &str) -> PathBuf {
        if self.root == self.folder { self.show(file) } else { self.root.join(file) }
    }

    /// The contract.
    pub(super) fn wit(&self) -> PathBuf {
        self.folder.join("wit")
    }

    /// Where intermediate files go.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.join(".millstream")
    }

    /// The component's file, absolute.
    pub(super) fn wasm(&self) -> PathBuf {
        self.folder.join(self.wasm_name())
    }

    /// The component's file, without its folder.
    pub(super) fn wasm_name(&self) -> String {
        format!("{}.wasm", self.name)
    }

    /// The folder below the root, with `/` between its parts; empty where they are the same.
    pub(super) fn below_root(&self) -> String {
        let below = self.folder.strip_prefix(&self.root).unwrap_or(Path::new(""));
        below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// The way from `.millstream` to the root, for tools that want relative paths.
    pub(super) fn up_to_root(&self) -> String {
        let steps = self.folder.strip_prefix(&self.root).map_or(0, |below| below.iter().count()) + 1;
        vec![".."; steps].join("/")
    }

    /// Files of the folder itself with this ending, sorted.
    pub(super) fn sources(&self, ending: &str) -> Result<Vec<PathBuf>, BuildError> {
        let entries = std::fs::read_dir(&self.folder).map_err(BuildError::file("read", &self.shown))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|own| own == ending) && path.is_file());
        files.sort();
        Ok(files)
    }

    /// The text of a manifest.
    pub(super) fn manifest(&self, name: &str) -> Result<String, BuildError> {
        let (path, shown) = (self.root.join(name), self.show_root(name));
        let size = std::fs::metadata(&path).map_err(BuildError::file("read", &shown))?.len();
        if size > MANIFEST_MAX {
            return Err(BuildError::project(shown, format!("a manifest of {size} bytes is not read")));
        }
        std::fs::read_to_string(&path).map_err(BuildError::file("read", shown))
    }

    /// `package.json`.
    pub(super) fn package(&self) -> Result<serde_json::Value, BuildError> {
        let text = self.manifest("package.json")?;
        let read = serde_json::from_str(&text);
        read.map_err(|error| BuildError::project(self.show_root("package.json"), format!("not JSON: {error}")))
    }

    /// The module's name in `go.mod`.
    pub(super) fn module(&self) -> Result<String, BuildError> {
        let text = self.manifest("go.mod")?;
        let named = text.lines().find_map(|line| line.trim().strip_prefix("module "));
        let named = named.map(|name| name.split("//").next().unwrap_or(name).trim().trim_matches('"'));
        match named {
            Some(name) if !name.is_empty() => Ok(name.to_owned()),
            _ => Err(BuildError::project(self.show_root("go.mod"), "it has no line `module NAME`")),
        }
    }

    /// Waits until no other build works below the same root.
    pub(super) fn lock(&self, say: &mut dyn FnMut(&str)) -> Result<Lock, BuildError> {
        for folder in [self.root.join(".millstream"), self.out()] {
            std::fs::create_dir_all(&folder).map_err(BuildError::file("create", &folder))?;
            // All in there is written anew by a build; none of it is for a repository.
            let ignore = folder.join(".gitignore");
            if !ignore.exists() {
                std::fs::write(&ignore, "*\n").map_err(BuildError::file("write", &ignore))?;
            }
        }
        let path = self.root.join(".millstream/lock");
        let file = File::create(&path).map_err(BuildError::file("write", &path))?;
        if file.try_lock().is_err() {
            say("waiting for another build to end");
            file.lock().map_err(BuildError::file("lock", &path))?;
        }
        Ok(Lock { _file: file })
    }
}

/// The language and where its manifest stands. A crate's manifest and C's sources stand in the folder itself.
fn detect(folder: &Path) -> Option<(PathBuf, Language)> {
    if folder.join("Cargo.toml").is_file() {
        return Some((folder.to_owned(), Language::Rust));
    }
    if let Some(found) = manifest(folder) {
        return Some(found);
    }
    let c = |path: PathBuf| path.extension().is_some_and(|ending| ending == "c");
    if std::fs::read_dir(folder).ok()?.flatten().any(|entry| c(entry.path())) {
        return Some((folder.to_owned(), Language::C));
    }
    folder.ancestors().skip(1).find_map(manifest)
}

fn manifest(folder: &Path) -> Option<(PathBuf, Language)> {
    let (_, language) = MANIFESTS.into_iter().find(|(name, _)| folder.join(name).is_file())?;
    let typed = language == Language::JavaScript && folder.join("tsconfig.json").is_file();
    Some((folder.to_owned(), if typed { Language::TypeScript } else { language }))
}

/// The name in a table of a TOML manifest.
fn package_name(text: &str, table: &str) -> Option<String> {
    let manifest: toml::Table = text.parse().ok()?;
    manifest.get(table)?.get("name")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for a test, with these files.
    fn folder(test: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("millstream-project-{test}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_nearest_manifest_tells_the_language_and_the_name() {
        let wit = ("p/x/wit/world.wit", "");
        for (test, files, language, name, below) in [
            ("rust", vec![("p/x/Cargo.toml", "[package]\nname = \"a-b\"")], Language::Rust, "a-b", ""),
            ("go", vec![("p/x/go.mod", "module a.b/c // the\n")], Language::Go, "c", ""),
            ("go-above", vec![("p/go.mod", "module a.b/c")], Language::Go, "x", "x"),
            ("js", vec![("p/x/package.json", "{\"name\":\"@me/shop\"}")], Language::JavaScript, "shop", ""),
            ("ts", vec![("p/package.json", "{}"), ("p/tsconfig.json", "{}")], Language::TypeScript, "x", "x"),
            ("py", vec![("p/x/pyproject.toml", "[project]\nname = \"pay\"")], Language::Python, "pay", ""),
            ("py-above", vec![("requirements.txt", "")], Language::Python, "x", "p/x"),
            ("c", vec![("p/x/one.c", ""), ("p/go.mod", "module a")], Language::C, "one", ""),
            ("c-two", vec![("p/x/one.c", ""), ("p/x/two.c", "")], Language::C, "x", ""),
        ] {
            let folder = folder(test, &[&files[..], &[wit]].concat());
            let project = Project::find(&folder.join("p/x")).unwrap();
            assert_eq!((project.language, project.name.as_str()), (language, name), "{test}");
            assert_eq!(project.below_root(), below, "{test}");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn the_way_to_the_root_is_as_long_as_the_folder_is_deep() {
        let folder = folder("up", &[("go.mod", "module a"), ("b/c/wit/w.wit", "")]);
        assert_eq!(Project::find(&folder.join("b/c")).unwrap().up_to_root(), "../../..");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_name_that_is_no_files_name_is_refused() {
        for (test, name) in [("dots", ".."), ("space", "a b"), ("slash", "a/"), ("none", "")] {
            let folder = folder(test, &[("package.json", &format!("{{\"name\":\"{name}\"}}")), ("wit/w.wit", "")]);
            let why = Project::find(&folder).unwrap_err().to_string();
            assert!(why.contains("use letters, digits, `-` and `_` in its name"), "{why}");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
