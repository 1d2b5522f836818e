use super::*;

/// A folder of its own, gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("millstream-local-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn with(self, name: &str, text: &str) -> Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }

    fn error(&self) -> String {
        let error = LocalTable::load(&self.0).unwrap_err().to_string();
        error.replace(&format!("{}{}", self.0.display(), std::path::MAIN_SEPARATOR), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn schemas_are_found_by_id_and_ids_by_file() {
    let folder = Folder::new("found")
        .with("ids.toml", "[ids]\n1 = \"a.avsc\"\n7 = \"b.avsc\"\n")
        .with("a.avsc", "\"string\"")
        .with("b.avsc", "\"long\"");
    let table = LocalTable::load(&folder.0).unwrap();
    assert_eq!(table.schema_by_id(7).unwrap().source(), "\"long\"");
    assert!(table.schema_by_id(2).is_none());
    assert_eq!(table.id_of(&folder.0.join(".").join("b.avsc")), Some(7));
    assert_eq!(table.id_of(&folder.0.join("c.avsc")), None);
    assert_eq!(table.ids().collect::<Vec<_>>(), [1, 7]);
    assert!(table.describe().ends_with("ids.toml has 1 = a.avsc, 7 = b.avsc"), "{}", table.describe());
}

#[test]
fn a_folder_without_a_table_says_so_when_it_is_asked() {
    let folder = Folder::new("missing");
    let table = LocalTable::load(&folder.0).unwrap();
    assert!(table.schema_by_id(1).is_none());
    assert!(table.describe().contains("ids.toml does not exist; it would map ids to schema files"));
}

#[test]
fn every_wrong_line_is_named() {
    let cases = [
        ("[ids]\n1 = \n", "ids.toml, line 2: string values must be quoted, expected literal string"),
        ("[ids]\none = \"a.avsc\"\n", "ids.toml, line 2: \"one\" is no schema id; ids are whole numbers"),
        ("[ids]\n\n-1 = \"a.avsc\"\n", "ids.toml, line 3: \"-1\" is no schema id"),
        ("[ids]\n1 = 2\n", "ids.toml, line 2: id 1 needs the name of a schema file in quotes"),
        ("[id]\n1 = \"a.avsc\"\n", "ids.toml, line 1: \"id\" does not belong here; the file has one table, [ids]"),
        ("[ids]\n1 = \"a.avsc\"\n2 = \"./a.avsc\"\n", "ids.toml, line 3: ./a.avsc has two ids, 1 and 2"),
        (
            "[ids]\n1 = \"a.avsc\"\n01 = \"b.avsc\"\n",
            "ids.toml, line 2: id 1 stands here twice, for b.avsc and for a.avsc",
        ),
        ("[ids]\n1 = \"gone.avsc\"\n", "ids.toml, line 2: id 1: cannot read schema gone.avsc: No such file"),
        ("[ids]\n1 = \"bad.avsc\"\n", "ids.toml, line 2: id 1: schema bad.avsc: line 1, column 2: this is not JSON"),
    ];
    let folder = Folder::new("wrong").with("a.avsc", "\"string\"").with("b.avsc", "\"int\"").with("bad.avsc", "{x");
    for (text, expected) in cases {
        std::fs::write(folder.0.join("ids.toml"), text).unwrap();
        let error = folder.error();
        assert!(error.starts_with(expected), "for {text:?}: {error}");
    }
}
