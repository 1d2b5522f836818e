//! What compiled code belongs to.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

/// How names of entries end.
const SUFFIX: &str = ".compiled";
/// Hexadecimal digits of the component's digest, and of the engine's.
const DIGITS: [usize; 2] = [64, 16];

/// A component's digest, and that of everything in the engine that its code depends on: version, settings, processor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn of(engine: &wasmtime::Engine, component: &[u8]) -> Name {
        let mut settings = Settings(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut settings);
        let [component, engine] = [Sha256::digest(component), settings.0.finalize()].map(|digest| hex(&digest));
        Name(format!("{component}-{}{SUFFIX}", engine.get(..DIGITS[1]).unwrap_or_default()))
    }

    /// As a file's name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a file has a name like this.
    pub(super) fn is_one(file: &str) -> bool {
        let parts = file.strip_suffix(SUFFIX).and_then(|stem| stem.split_once('-'));
        let is_hex = |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        parts.is_some_and(|(component, engine)| is_hex(component, DIGITS[0]) && is_hex(engine, DIGITS[1]))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The engine tells its settings to a hasher. Sixty-four bits of a common hash would be few for what is run unseen.
struct Settings(Sha256);

impl Hasher for Settings {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
