//! A node that asks who is there: with passwords on one listener, with passwords inside of TLS on another, and with
//! lists of who may do what. The rig itself comes in by a plain listener and may do all.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::kafka::{Listener, free_ports, java, jdk};
use crate::{Broker, Result, RigError, paths};

/// A running node with its doors.
pub struct Secured {
    /// The node, by its plain listener.
    pub broker: Broker,
    /// `host:port` of the listener for SASL without TLS.
    pub sasl: String,
    /// `host:port` of the listener for SASL inside of TLS.
    pub tls: String,
    /// Of the key store; after the node, which reads it.
    folder: TempDir,
}

/// Something that a user may do, in Kafka's words: user, operation, kind of resource, its name.
pub type Acl<'a> = [&'a str; 4];

const STORE_PASSWORD: &str = "changeit";

impl Secured {
    /// Starts a node that knows these users; each one's password is its name with `-secret` behind it.
    pub fn start(heap_mib: u32, users: &[&str]) -> Result<Secured> {
        let [sasl, tls] = free_ports()?.map(|port| format!("127.0.0.1:{port}"));
        let folder = paths::scratch("secured")?;
        key_store(folder.path())?;
        let door = |name, address: &String| Listener { name, address: address.clone(), told: address.clone() };
        let listeners = [door("SASL_PLAINTEXT", &sasl), door("SASL_SSL", &tls)];
        let broker = Broker::start_with(heap_mib, &listeners, &settings(folder.path(), users))?;
        Ok(Secured { broker, sasl, tls, folder })
    }

    /// The certificate that signs the node's own, in PEM.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Allows users to do these things.
    pub fn allow(&self, acls: &[Acl<'_>]) -> Result<()> {
        let mut command = java()?;
        command.arg(paths::root().join("tests/kafka/Acls.java")).arg(self.broker.address()).args(acls.iter().flatten());
        ran(command, "allowing users to do things")
    }
}

/// A key and the certificate that it signs itself with, for the address that clients use.
fn key_store(folder: &Path) -> Result<()> {
    let store = folder.join("store.p12");
    let keytool = |arguments: &[&str], file: Option<PathBuf>| {
        let mut command = Command::new(jdk("keytool"));
        command.args(arguments).args(file).arg("-keystore").arg(&store);
        command.args(["-storepass", STORE_PASSWORD, "-alias", "node"]);
        command
    };
    let make = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-storetype", "PKCS12", "-validity", "30"];
    let whose = ["-dname", "CN=millstream-rig", "-ext", "SAN=ip:127.0.0.1"];
    ran(keytool(&[&make[..], &whose].concat(), None), "making a key")?;
    ran(keytool(&["-exportcert", "-rfc", "-file"], Some(folder.join("ca.pem"))), "writing the certificate")
}

fn settings(folder: &Path, users: &[&str]) -> String {
    let store = folder.join("store.p12");
    let known: String = users.iter().map(|user| format!(" user_{user}=\"{user}-secret\"")).collect();
    let module = format!("org.apache.kafka.common.security.plain.PlainLoginModule required{known};");
    format!(
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,\
         SASL_SSL:SASL_SSL\n\
         sasl.enabled.mechanisms=PLAIN\n\
         listener.name.sasl_plaintext.plain.sasl.jaas.config={module}\n\
         listener.name.sasl_ssl.plain.sasl.jaas.config={module}\n\
         ssl.keystore.location={}\n\
         ssl.keystore.type=PKCS12\n\
         ssl.keystore.password={STORE_PASSWORD}\n\
         ssl.key.password={STORE_PASSWORD}\n\
         authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
         super.users=User:ANONYMOUS\n",
        store.display()
    )
}

fn ran(mut command: Command, doing: &str) -> Result<()> {
    let output = command.output().map_err(RigError::doing(doing.to_owned()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(RigError::new(format!("{doing}: {}", String::from_utf8_lossy(&text))))
}
