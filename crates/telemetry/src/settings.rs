//! Settings: a type's own defaults ← a TOML file ← the environment.
//!
//! The variable `TILLSTREAM__NATS__URL` sets `nats.url`; names are matched
//! without regard to case. A missing, unknown or malformed setting stops the
//! start with one line that names it. There is no fallback.

use std::path::Path;

use anyhow::Context;
use config::{Config, Environment, File, FileFormat};
use serde::de::DeserializeOwned;

/// The start of every environment variable that is a setting.
pub const PREFIX: &str = "TILLSTREAM";
const SEPARATOR: &str = "__";

/// Reads the settings of `service` from `file`, if one is given, and from this
/// process's environment.
///
/// # Errors
/// If the file cannot be read, or what was found does not make a `T`.
pub fn load<T: DeserializeOwned>(service: &str, file: Option<&Path>) -> anyhow::Result<T> {
    load_from(service, file, Environment::default())
}

fn load_from<T: DeserializeOwned>(
    service: &str,
    file: Option<&Path>,
    environment: Environment,
) -> anyhow::Result<T> {
    let mut builder = Config::builder();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {service}'s settings file {}", path.display()))?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let environment = environment.prefix(PREFIX).prefix_separator(SEPARATOR).separator(SEPARATOR);
    builder.add_source(environment).build().and_then(Config::try_deserialize).with_context(|| {
        match file {
            Some(path) => {
                format!("{service}'s settings ({} and TILLSTREAM__…) are wrong", path.display())
            }
            None => format!("{service}'s settings (environment TILLSTREAM__…) are wrong"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        nats: Nats,
        #[serde(default = "four")]
        shards: u16,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nats {
        url: String,
        #[serde(default)]
        require_tls: bool,
    }

    const fn four() -> u16 {
        4
    }

    fn read(toml: Option<&str>, variables: &[(&str, &str)]) -> anyhow::Result<Example> {
        let file = toml.map(|text| {
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), text).expect("is written");
            file
        });
        let variables: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        load_from(
            "example",
            file.as_ref().map(tempfile::NamedTempFile::path),
            Environment::default().source(Some(variables)),
        )
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let toml = "shards = 8\n[nats]\nurl = \"nats://file\"\n";
        let settings = read(
            Some(toml),
            &[("TILLSTREAM__NATS__URL", "nats://env"), ("TILLSTREAM__NATS__REQUIRE_TLS", "true")],
        )
        .expect("is complete");
        let nats = Nats { url: "nats://env".to_owned(), require_tls: true };
        assert_eq!(settings, Example { nats, shards: 8 });
        let bare = read(None, &[("TILLSTREAM__NATS__URL", "1234")]).expect("is complete");
        assert_eq!((bare.nats.url.as_str(), bare.shards), ("1234", 4));
    }

    #[test]
    fn what_is_missing_unknown_or_malformed_is_named() {
        for (variables, named) in [
            (&[][..], "nats"),
            (&[("TILLSTREAM__NATS__URL", "x"), ("TILLSTREAM__SHARDZ", "1")][..], "shardz"),
            (&[("TILLSTREAM__NATS__URL", "x"), ("TILLSTREAM__SHARDS", "many")][..], "shards"),
        ] {
            let error = read(None, variables).expect_err("is wrong");
            let line = format!("{error:#}");
            assert!(line.contains(named) && line.contains("example"), "{line}");
        }
        let missing = load::<Example>("example", Some(Path::new("/nowhere/at/all.toml")));
        assert!(format!("{:#}", missing.expect_err("no file")).contains("/nowhere/at/all.toml"));
    }
}
