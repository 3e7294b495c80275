//! The URL of a prefix in an object store, and the client that reaches it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use reqwest::Url;
use rustls::crypto::ring;

use super::Shard;

/// How long a request is tried again for: stores have moments in which they answer nobody, and hours of work may hang on
/// it. A wrong address should still be told within a minute.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bucket, or what begins with a prefix in it: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As given, without a slash at its end.
    url: String,
    scheme: ObjectStoreScheme,
    prefix: Path,
}

impl Address {
    /// Reads a URL of S3, of Google Cloud Storage or of Azure Blob Storage; other schemes that the crate `object_store`
    /// has for them, such as `s3a` and `abfss`, and `https` addresses of their makers are read too.
    ///
    /// # Errors
    /// A sentence if it is none of these.
    pub fn parse(text: &str) -> Result<Address, String> {
        use ObjectStoreScheme::{AmazonS3, GoogleCloudStorage, MicrosoftAzure};
        let wanted = "an object store is s3://bucket/prefix, gs://bucket/prefix or az://container/prefix; a folder is \
                      named by its path";
        let url: Url = text.parse().map_err(|error| format!("{error}; {wanted}"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a prefix holds no \"?\" and no \"#\"".to_owned());
        }
        match ObjectStoreScheme::parse(&url) {
            Ok((scheme @ (AmazonS3 | GoogleCloudStorage | MicrosoftAzure), prefix)) => {
                Ok(Address { url: text.trim_end_matches('/').to_owned(), scheme, prefix })
            }
            _ => Err(wanted.to_owned()),
        }
    }

    /// The URL of a shard's object.
    pub fn entry(&self, shard: Shard) -> String {
        format!("{self}/{}", object(shard))
    }

    /// Variables of the environment by which a store is commonly opened.
    pub fn variables(&self) -> &'static [&'static str] {
        match self.scheme {
            ObjectStoreScheme::GoogleCloudStorage => &["GOOGLE_SERVICE_ACCOUNT_KEY"],
            ObjectStoreScheme::MicrosoftAzure => &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"],
            _ => &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"],
        }
    }

    /// Within its bucket.
    pub(super) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// A client with the credentials and options of the environment. Reaches for nothing yet.
    pub(super) fn client(&self) -> object_store::Result<Arc<dyn ObjectStore>> {
        // Whoever came first has set the same one.
        _ = ring::default_provider().install_default();
        let retry = RetryConfig { retry_timeout: PATIENCE, max_retries: usize::MAX, ..RetryConfig::default() };
        Ok(match self.scheme {
            ObjectStoreScheme::GoogleCloudStorage => {
                Arc::new(GoogleCloudStorageBuilder::from_env().with_url(&self.url).with_retry(retry).build()?)
            }
            ObjectStoreScheme::MicrosoftAzure => {
                Arc::new(MicrosoftAzureBuilder::from_env().with_url(&self.url).with_retry(retry).build()?)
            }
            _ => Arc::new(AmazonS3Builder::from_env().with_url(&self.url).with_retry(retry).build()?),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// What a shard's object is called below the prefix.
pub(super) fn object(shard: Shard) -> String {
    shard.name() + ".json"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_shards() {
        let shard = Shard::new(3, 64).expect("a shard");
        let check = |text: &str, prefix: &str| {
            let address = Address::parse(text).expect("an address");
            assert_eq!(address.prefix().as_ref(), prefix, "{text}");
            let url = text.trim_end_matches('/');
            assert_eq!(address.entry(shard), format!("{url}/shard=00003-of-00064.json"));
        };
        check("s3://bucket/a/b", "a/b");
        check("s3a://bucket/", "");
        check("gs://bucket/a/", "a");
        check("az://container/a", "a");
        check("abfss://container@account.dfs.core.windows.net/a", "a");
        check("https://bucket.s3.eu-west-1.amazonaws.com/a", "a");
        for text in ["s3://", "s3:///a", "memory:///a", "file:///a", "https://example.com/a", "s3://b/a?x=1"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
