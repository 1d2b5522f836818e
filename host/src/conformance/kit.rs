//! The cases, as they are embedded in the program.

/// A case of the kit.
#[derive(Debug, Clone, Copy)]
pub struct Kit {
    /// Its name, that of its folder.
    pub name: &'static str,
    /// What a guest of it does, in a line.
    pub about: &'static str,
    /// The functions that a guest of it has, as `function: what it takes -> outputs what it gives`.
    pub(super) shape: &'static [&'static str],
    /// A record that is answered is answered as it came, byte by byte.
    pub(super) identity: bool,
    /// Files by their names: words, pipeline, tests, schemas.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// The guest's own WIT, without the package that all guests depend on.
    pub(super) wit: &'static [(&'static str, &'static str)],
}

/// A file of the repository, by its place from there.
macro_rules! file {
    ($name:literal, $path:literal) => {
        ($name, include_str!(concat!("../../../", $path)))
    };
}

/// All cases.
pub const KITS: &[Kit] = &[
    Kit {
        name: "enrich",
        about: "adds two fields to a payment, rejects negative amounts",
        shape: &["transform: typed -> one typed"],
        identity: false,
        files: &[
            file!("README.md", "tests/conformance/cases/enrich/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/enrich/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/enrich/tests.toml"),
            file!("payment.avsc", "schemas/payment.avsc"),
            file!("enriched.avsc", "schemas/enriched.avsc"),
        ],
        wit: &[
            file!("world.wit", "guests/rust/enrich/wit/world.wit"),
            file!("types.wit", "guests/rust/enrich/wit/types.wit"),
        ],
    },
    Kit {
        name: "filter",
        about: "drops payments below a limit of its `config`, lets tombstones through",
        shape: &["transform: typed in an envelope -> filter typed in an envelope"],
        identity: false,
        files: &[
            file!("README.md", "tests/conformance/cases/filter/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/filter/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/filter/tests.toml"),
            file!("refusals.toml", "tests/conformance/cases/filter/refusals.toml"),
            file!("payment.avsc", "schemas/payment.avsc"),
        ],
        wit: &[
            file!("world.wit", "guests/rust/filter/wit/world.wit"),
            file!("types.wit", "guests/rust/filter/wit/types.wit"),
        ],
    },
    Kit {
        name: "fan-out",
        about: "answers a record for each tag of a payment",
        shape: &["transform: typed -> fan-out typed"],
        identity: false,
        files: &[
            file!("README.md", "tests/conformance/cases/fan-out/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/fan-out/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/fan-out/tests.toml"),
            file!("payment.avsc", "schemas/payment.avsc"),
            file!("tagged.avsc", "schemas/tagged.avsc"),
        ],
        wit: &[
            file!("world.wit", "guests/rust/fan-out/wit/world.wit"),
            file!("types.wit", "guests/rust/fan-out/wit/types.wit"),
        ],
    },
    Kit {
        name: "mask",
        about: "stars for the letters of some fields of a generic record",
        shape: &["transform: generic -> one generic"],
        identity: false,
        files: &[
            file!("README.md", "tests/conformance/cases/mask/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/mask/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/mask/tests.toml"),
            file!("refusals.toml", "tests/conformance/cases/mask/refusals.toml"),
            file!("account.avsc", "schemas/account.avsc"),
        ],
        wit: &[file!("world.wit", "guests/rust/mask/wit/world.wit")],
    },
    Kit {
        name: "route",
        about: "gives a payment its topic, key and headers",
        shape: &["transform: typed in an envelope -> one typed in an envelope"],
        identity: false,
        files: &[
            file!("README.md", "tests/conformance/cases/route/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/route/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/route/tests.toml"),
            file!("payment.avsc", "schemas/payment.avsc"),
        ],
        wit: &[
            file!("world.wit", "guests/rust/route/wit/world.wit"),
            file!("types.wit", "guests/rust/route/wit/types.wit"),
        ],
    },
    Kit {
        name: "account-balances",
        about: "accounts become balances by way of a resource of the guest's own",
        shape: &[
            "deserialize: generic -> one resource",
            "transform: resource -> one resource",
            "serialize: resource -> one generic",
        ],
        identity: false,
        files: &[
            file!("README.md", "tests/conformance/cases/account-balances/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/account-balances/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/account-balances/tests.toml"),
            file!("account.avsc", "schemas/account.avsc"),
            file!("balances.avsc", "schemas/balances.avsc"),
        ],
        wit: &[
            file!("world.wit", "guests/rust/account-balances/wit/world.wit"),
            file!("guest.wit", "guests/rust/account-balances/wit/guest.wit"),
        ],
    },
    Kit {
        name: "types",
        about: "answers a record with a field of each type as it is",
        shape: &["transform: typed -> one typed"],
        identity: true,
        files: &[
            file!("README.md", "tests/conformance/cases/types/README.md"),
            file!("pipeline.toml", "tests/conformance/cases/types/pipeline.toml"),
            file!("tests.toml", "tests/conformance/cases/types/tests.toml"),
            file!("everything.avsc", "tests/conformance/cases/types/everything.avsc"),
        ],
        wit: &[
            file!("world.wit", "guests/rust/types/wit/world.wit"),
            file!("types.wit", "guests/rust/types/wit/types.wit"),
        ],
    },
];

/// The case of a name.
pub fn kit(name: &str) -> Option<&'static Kit> {
    KITS.iter().find(|kit| kit.name == name)
}

impl Kit {
    /// The text of one of its files.
    pub(super) fn text(&self, name: &str) -> Option<&'static str> {
        self.files.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
    }
}
