//! The login with AWS credentials: Vault is given a signed request to AWS STS, which says who signed it.
//!
//! AWS Signature Version 4, for the one request there is: `GetCallerIdentity`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use symlog_crypto::{SecretBytes, hmac_sha256_bytes, sha256};
use vaultrs::api::AuthInfo;
use vaultrs::auth::aws;
use vaultrs::client::VaultClient;

use super::fault::Fault;
use crate::base64;
use crate::environment::Environment;

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// What Vault wants in the signed header where the server is configured to check it.
const SERVER_ID: &str = "x-vault-aws-iam-server-id";

/// What a request is signed with.
pub(super) struct Credentials {
    access_key: String,
    secret_key: SecretBytes,
    session_token: Option<SecretBytes>,
}

impl Credentials {
    /// From the variables that AWS's own programs read.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, Fault> {
        let text = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let access_key = text("AWS_ACCESS_KEY_ID").ok_or(Fault::Settings(
            "auth.method = \"aws\" without AWS_ACCESS_KEY_ID in the environment",
        ))?;
        let secret_key = text("AWS_SECRET_ACCESS_KEY").ok_or(Fault::Settings(
            "auth.method = \"aws\" without AWS_SECRET_ACCESS_KEY in the environment",
        ))?;
        Ok(Self {
            access_key: access_key
                .expose_str()
                .map_err(|_| Fault::Settings("AWS_ACCESS_KEY_ID"))?
                .to_owned(),
            secret_key,
            session_token: text("AWS_SESSION_TOKEN"),
        })
    }
}

/// Where and as what to log in.
pub(super) struct Login<'a> {
    pub(super) mount: &'a str,
    pub(super) role: &'a str,
    pub(super) region: &'a str,
    pub(super) server_id: Option<&'a str>,
}

impl Login<'_> {
    pub(super) async fn log_in(
        &self,
        client: &VaultClient,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<AuthInfo, Fault> {
        let host = match self.region {
            "us-east-1" => "sts.amazonaws.com".to_owned(),
            region => format!("sts.{region}.amazonaws.com"),
        };
        let mut headers = vec![
            ("content-type", CONTENT_TYPE.to_owned()),
            ("host", host.clone()),
            ("x-amz-date", moment(now)),
        ];
        if let Some(token) = &credentials.session_token {
            let token = token
                .expose_str()
                .map_err(|_| Fault::Settings("AWS_SESSION_TOKEN"))?;
            headers.push(("x-amz-security-token", token.to_owned()));
        }
        if let Some(server_id) = self.server_id {
            headers.push((SERVER_ID, server_id.to_owned()));
        }
        headers.sort_unstable();
        let authorization = authorization(credentials, self.region, "sts", &headers, BODY);
        let all: serde_json::Map<String, serde_json::Value> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![value.clone()].into()))
            .chain([("authorization".to_owned(), vec![authorization].into())])
            .collect();
        let headers = serde_json::Value::Object(all).to_string();
        aws::iam_login(
            client,
            self.mount,
            "POST",
            &base64::encode(format!("https://{host}/").as_bytes()),
            &base64::encode(headers.as_bytes()),
            &base64::encode(BODY.as_bytes()),
            Some(self.role),
        )
        .await
        .map_err(Fault::from)
    }
}

/// `20150830T123600Z`
fn moment(now: SystemTime) -> String {
    let seconds = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a civil date, with years that begin in March (H. Hinnant, "chrono-compatible low-level date
    // algorithms").
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// The header of that name. `headers` are sorted and have `x-amz-date` among them.
fn authorization(
    credentials: &Credentials,
    region: &str,
    service: &str,
    headers: &[(&str, String)],
    body: &str,
) -> String {
    let date_time = headers
        .iter()
        .find(|(name, _)| *name == "x-amz-date")
        .map_or("", |(_, value)| value.as_str());
    let date = date_time.get(..8).unwrap_or_default();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut request = "POST\n/\n\n".to_owned();
    for (name, value) in headers {
        request.push_str(&format!("{name}:{}\n", value.trim()));
    }
    request.push_str(&format!("\n{names}\n{}", hex(&sha256(&[body.as_bytes()]))));
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date_time}\n{scope}\n{}",
        hex(&sha256(&[request.as_bytes()]))
    );
    let mut first = zeroize::Zeroizing::new(b"AWS4".to_vec());
    first.extend_from_slice(credentials.secret_key.expose());
    let mut key = zeroize::Zeroizing::new(hmac_sha256_bytes(&first, &[date.as_bytes()]));
    for part in [region, service, "aws4_request"] {
        key = zeroize::Zeroizing::new(hmac_sha256_bytes(&*key, &[part.as_bytes()]));
    }
    let signature = hmac_sha256_bytes(&*key, &[to_sign.as_bytes()]);
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        credentials.access_key,
        hex(&signature)
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn moments_are_written_as_aws_has_them() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (4_102_444_799, "20991231T235959Z"),
        ] {
            assert_eq!(moment(at(seconds)), expected);
        }
    }

    /// `post-x-www-form-urlencoded` of AWS's test suite for Signature Version 4.
    #[test]
    fn the_published_request_is_signed() {
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: SecretBytes::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: None,
        };
        let headers = [
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("host", "example.amazonaws.com".to_owned()),
            ("x-amz-date", moment(at(1_440_938_160))),
        ];
        let header = authorization(
            &credentials,
            "us-east-1",
            "service",
            &headers,
            "Param1=value1",
        );
        assert_eq!(
            header,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }
}
