//! A reader written after `docs/format.md` alone. It shares no code with the crate: only JSON,
//! base64 and the primitives SHA-256, HMAC, AES-256-GCM and ChaCha20-Poly1305.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use symlog_crypto::{Algorithm, Key, Nonce, default_provider, hmac_sha256, sha256};

/// Where the keys come from that the keyring holds.
pub(crate) trait Keys {
    fn period(&mut self, id: [u8; 16]) -> [u8; 32];
    fn unit(&mut self, id: [u8; 16]) -> [u8; 32];
}

/// What was found in a log.
#[derive(Default)]
pub(crate) struct Found {
    /// One object for each line, with every intermediate value.
    pub(crate) lines: Vec<Value>,
    pub(crate) leaves: Vec<[u8; 32]>,
    /// By id: the plaintexts of request and response, and the metadata in clear.
    pub(crate) requests: BTreeMap<String, (Value, Value)>,
    pub(crate) responses: BTreeMap<String, (Value, Value)>,
    chunks: BTreeMap<(String, String), Vec<u8>>,
    /// The segment's number, its first line's body and its secrets by class.
    segment: Option<(u64, Value, BTreeMap<u64, [u8; 32]>)>,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unbase64(value: &Value) -> Vec<u8> {
    base64_simd::STANDARD
        .decode_to_vec(value.as_str().unwrap())
        .unwrap()
}

fn uuid(value: &Value) -> [u8; 16] {
    let digits = value.as_str().unwrap().replace('-', "");
    u128::from_str_radix(&digits, 16).unwrap().to_be_bytes()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    hmac_sha256(&Key::try_from_slice(key).unwrap(), parts)
}

/// HKDF (RFC 5869); here every salt and every PRK has 32 bytes.
fn extract(salt: &[u8], ikm: &[u8]) -> [u8; 32] {
    hmac(salt, &[ikm])
}

fn expand(prk: &[u8; 32], info: &[u8], len: usize) -> Vec<u8> {
    let first = hmac(prk, &[info, &[1]]);
    let second = hmac(prk, &[&first, info, &[2]]);
    [first, second].concat()[..len].to_vec()
}

fn open(algorithm: &str, key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        "AES-256-GCM" => Algorithm::Aes256Gcm,
        "ChaCha20-Poly1305" => Algorithm::ChaCha20Poly1305,
        other => panic!("{other}"),
    };
    let mut buffer = sealed.to_vec();
    default_provider()
        .aead(algorithm)
        .open(
            &Key::try_from_slice(key).unwrap(),
            &Nonce::try_from_slice(nonce).unwrap(),
            aad,
            &mut buffer,
        )
        .expect("the envelope opens");
    buffer
}

/// `LP(x)` of section "Conventions".
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// `ENV(e)` of section 6.
fn put_envelope(out: &mut Vec<u8>, envelope: &Value) {
    if envelope.is_null() {
        return put(out, b"");
    }
    for name in ["algorithm", "kdf"] {
        put(out, envelope[name].as_str().unwrap().as_bytes());
    }
    put(out, &unbase64(&envelope["nonce"]));
    put(out, &unbase64(&envelope["salt"]));
    put(out, &sha256(&[&unbase64(&envelope["ciphertext"])]));
    let mut chunks = Vec::new();
    if let Some(chain) = envelope.get("chunks") {
        chunks.extend_from_slice(&number(&chain["first"]).to_be_bytes());
        chunks.extend_from_slice(&(number(&chain["count"]) as u32).to_be_bytes());
    }
    put(out, &chunks);
}

const META: [&str; 12] = [
    "agent_id",
    "interaction_type",
    "latency_ms",
    "model_identifier",
    "metadata",
    "error",
    "token_usage",
    "conversation",
    "tenant",
    "trace",
    "parent",
    "masked",
];

/// The text that the metadata digest is over, without the salt.
fn meta_text(line: &Value) -> String {
    let members: Vec<String> = META
        .iter()
        .map(|name| format!("\"{name}\":{}", line[name]))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The text of the members that only some readers know.
fn extensions(line: &Value) -> String {
    let members = line.as_object().unwrap().iter();
    let members = members.filter(|(name, _)| name.starts_with("x-") || name.starts_with("c-"));
    let members: Vec<String> = members
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    members.join(",")
}

/// RFC 6962, section 2.1.
pub(crate) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

/// One envelope of a line.
struct Envelope<'a> {
    field: u8,
    algorithm: &'a str,
    salt: Vec<u8>,
    ciphertext: Vec<u8>,
    nonce: Option<Vec<u8>>,
    id: [u8; 16],
    digest: [u8; 32],
    chunk: u32,
    last: bool,
}

impl Found {
    pub(crate) fn object(&mut self, name: &str, text: &str, keys: &mut dyn Keys) {
        for line in text.strip_suffix('\n').unwrap().split('\n') {
            let value: Value = serde_json::from_str(line).unwrap();
            assert_eq!(value.to_string(), line, "canonical");
            assert_eq!(value["v"], 1);
            assert_eq!(value["seq"], self.leaves.len(), "no gaps");
            let mut entry = json!({"object": name, "seq": value["seq"]});
            self.line(&value, keys, &mut entry);
            self.lines.push(entry);
        }
    }

    fn log(&self) -> [u8; 16] {
        uuid(&self.segment.as_ref().unwrap().1["log"])
    }

    fn line(&mut self, line: &Value, keys: &mut dyn Keys, out: &mut Value) {
        if line["control"] == "segment" {
            self.segment(line, keys, out);
        }
        let mut envelopes = Vec::new();
        let (kind, digest) = if line.get("control").is_some() {
            (3, [0; 32])
        } else if line.get("chunk").is_some() {
            let text = format!("{{\"chunk\":{}}}", line["chunk"]);
            let salt = unbase64(&line["data"]["salt"]);
            (2, sha256(&[&salt, text.as_bytes()]))
        } else {
            let some = ["request_data", "response_data"]
                .into_iter()
                .find(|name| !line[name].is_null())
                .unwrap();
            let salt = unbase64(&line[some]["salt"]);
            (1, sha256(&[&salt, meta_text(line).as_bytes()]))
        };

        let mut record = b"symlog-leaf-v1".to_vec();
        put(&mut record, &self.log());
        put(&mut record, &number(&line["seg"]).to_be_bytes());
        put(&mut record, &number(&line["seq"]).to_be_bytes());
        put(&mut record, line["timestamp"].as_str().unwrap().as_bytes());
        put(&mut record, &[kind]);
        if kind == 3 {
            put(&mut record, line["control"].as_str().unwrap().as_bytes());
            put(&mut record, &[u8::from(line["critical"] == true)]);
            put(&mut record, line["body"].to_string().as_bytes());
        } else {
            put(&mut record, &uuid(&line["id"]));
            put(&mut record, &(number(&line["class"]) as u16).to_be_bytes());
            put(&mut record, &unbase64(&line["unit"]));
            put(&mut record, &digest);
            let names: &[&str] = if kind == 1 {
                &["request_data", "response_data"]
            } else {
                &["data"]
            };
            for name in names {
                put_envelope(&mut record, &line[name]);
            }
        }
        put(&mut record, extensions(line).as_bytes());
        let mut durable = Vec::new();
        if let Some(number) = line["durable"].as_u64() {
            durable.extend_from_slice(&number.to_be_bytes());
        }
        let mut preimage = vec![0];
        put(&mut preimage, &sha256(&[&record]));
        put(&mut preimage, &durable);
        let leaf = sha256(&[&preimage]);
        assert_eq!(unbase64(&line["leaf"]), leaf, "leaf of {}", line["seq"]);
        self.leaves.push(leaf);
        out["record"] = json!(hex(&record));
        out["leaf"] = json!(hex(&leaf));

        match kind {
            1 => self.entry(line, digest, keys, &mut envelopes),
            2 => self.chunk(line, digest, keys, &mut envelopes),
            _ if line["control"] == "unit" => self.unit(line, keys, &mut envelopes),
            _ => {}
        }
        if !envelopes.is_empty() {
            out["envelopes"] = json!(envelopes);
        }
    }

    fn segment(&mut self, line: &Value, keys: &mut dyn Keys, out: &mut Value) {
        let body = &line["body"];
        let previous = &body["previous"];
        assert_eq!(previous["size"], self.leaves.len());
        assert_eq!(unbase64(&previous["root"]), root(&self.leaves));
        let mut secrets = BTreeMap::new();
        let mut shown = Vec::new();
        for item in body["classes"].as_array().unwrap() {
            for (role, name) in [(1u8, "secret"), (2, "search")] {
                let mut context = uuid(&body["log"]).to_vec();
                context.extend_from_slice(&number(&line["seg"]).to_be_bytes());
                context.extend_from_slice(&(number(&item["class"]) as u16).to_be_bytes());
                context.push(role);
                let wrap = item[name]["wraps"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|wrap| wrap["alg"] == "AES-256-GCM" && wrap["role"] == "period")
                    .unwrap();
                let key = keys.period(unbase64(&wrap["key_id"]).try_into().unwrap());
                let aad = [b"symlog/v1/wrap".as_slice(), &context].concat();
                let bytes = unbase64(&wrap["bytes"]);
                let secret = open("AES-256-GCM", &key, &bytes[..12], &aad, &bytes[12..]);
                let commitment = expand(&extract(&secret, b"symlog/v1/commit"), &context, 32);
                assert_eq!(unbase64(&item[name]["commitment"]), commitment);
                shown.push(json!({
                    "class": item["class"], "role": name, "aad": hex(&aad), "secret": hex(&secret)
                }));
                if role == 1 {
                    secrets.insert(number(&item["class"]), secret.try_into().unwrap());
                }
            }
        }
        out["secrets"] = json!(shown);
        self.segment = Some((number(&line["seg"]), body.clone(), secrets));
    }

    /// Opens one envelope of `line` and shows how.
    fn open(&self, line: &Value, prk: &[u8; 32], sealed: &Envelope<'_>) -> (Vec<u8>, Value) {
        let mut place = self.log().to_vec();
        place.extend_from_slice(&number(&line["seg"]).to_be_bytes());
        place.extend_from_slice(&number(&line["seq"]).to_be_bytes());
        place.push(sealed.field);
        place.extend_from_slice(&sealed.chunk.to_be_bytes());
        place.push(u8::from(sealed.last));
        let info = [b"symlog/v1/key".as_slice(), &place, &sealed.salt].concat();
        let okm = expand(prk, &info, 44);
        let aad = [
            b"symlog/v1/aad".as_slice(),
            &place,
            &sealed.id,
            &sealed.digest,
        ]
        .concat();
        if let Some(nonce) = &sealed.nonce {
            assert_eq!(*nonce, okm[32..], "the nonce is the derived one");
        }
        let plaintext = open(
            sealed.algorithm,
            &okm[..32],
            &okm[32..],
            &aad,
            &sealed.ciphertext,
        );
        let shown = json!({
            "field": sealed.field, "prk": hex(prk), "key": hex(&okm[..32]),
            "nonce": hex(&okm[32..]), "aad": hex(&aad), "plaintext": hex(&plaintext)
        });
        (plaintext, shown)
    }

    fn secret(&self, class: &Value) -> [u8; 32] {
        self.segment.as_ref().unwrap().2[&number(class)]
    }

    fn without_unit(&self, class: &Value) -> [u8; 32] {
        extract(&self.secret(class), b"symlog/v1/none")
    }

    /// The PRK of an entry or chunk line, by way of its sealed unit.
    fn prk(
        &self,
        line: &Value,
        salt: &[u8],
        digest: [u8; 32],
        keys: &mut dyn Keys,
        envelopes: &mut Vec<Value>,
    ) -> [u8; 32] {
        let none = self.without_unit(&line["class"]);
        let sealed = Envelope {
            field: 4,
            algorithm: "AES-256-GCM",
            salt: salt.to_vec(),
            ciphertext: unbase64(&line["unit"]),
            nonce: None,
            id: uuid(&line["id"]),
            digest,
            chunk: 0,
            last: false,
        };
        let (unit, shown) = self.open(line, &none, &sealed);
        envelopes.push(shown);
        if unit == [0; 16] {
            return none;
        }
        let key = keys.unit(unit.try_into().unwrap());
        let ikm = [b"symlog/v1/unit".as_slice(), &key].concat();
        extract(&self.secret(&line["class"]), &ikm)
    }

    fn entry(
        &mut self,
        line: &Value,
        digest: [u8; 32],
        keys: &mut dyn Keys,
        envelopes: &mut Vec<Value>,
    ) {
        let id = line["id"].as_str().unwrap().to_owned();
        let salt = ["request_data", "response_data"]
            .into_iter()
            .find(|name| !line[name].is_null())
            .map(|name| unbase64(&line[name]["salt"]))
            .unwrap();
        let prk = self.prk(line, &salt, digest, keys, envelopes);
        let envelope = |field, value: &'_ Value, digest| {
            let value = value.clone();
            (field, value, digest)
        };
        let mut all = Vec::new();
        if let Some(sealed) = line["metadata"].get("sealed").filter(|v| v.is_object()) {
            all.push(envelope(3, sealed, [0; 32]));
        }
        for (field, name) in [(1, "request_data"), (2, "response_data")] {
            if !line[name].is_null() {
                all.push(envelope(field, &line[name], digest));
            }
        }
        let mut meta: Value = serde_json::from_str(&meta_text(line)).unwrap();
        for (field, value, digest) in all {
            let sealed = Envelope {
                field,
                algorithm: value["algorithm"].as_str().unwrap(),
                salt: unbase64(&value["salt"]),
                ciphertext: unbase64(&value["ciphertext"]),
                nonce: Some(unbase64(&value["nonce"])),
                id: uuid(&line["id"]),
                digest,
                chunk: 0,
                last: false,
            };
            assert_eq!(sealed.salt, salt, "one salt for the line");
            let (plaintext, shown) = self.open(line, &prk, &sealed);
            envelopes.push(shown);
            let mut content: Value = serde_json::from_slice(&plaintext).unwrap();
            if field == 3 {
                meta = content;
                continue;
            }
            let part = if field == 1 { "request" } else { "response" };
            if let Some(chain) = value.get("chunks") {
                let whole = self.chunks.remove(&(id.clone(), part.to_owned())).unwrap();
                assert_eq!(content["first"], chain["first"]);
                assert_eq!(content["count"], chain["count"]);
                assert_eq!(content["bytes"], whole.len());
                assert_eq!(content["sha256"], hex(&sha256(&[&whole])));
                content = serde_json::from_slice(&whole).unwrap();
            }
            let found = if field == 1 {
                &mut self.requests
            } else {
                &mut self.responses
            };
            found.insert(id.clone(), (content, meta.clone()));
        }
    }

    fn chunk(
        &mut self,
        line: &Value,
        digest: [u8; 32],
        keys: &mut dyn Keys,
        envelopes: &mut Vec<Value>,
    ) {
        let (place, data) = (&line["chunk"], &line["data"]);
        let salt = unbase64(&data["salt"]);
        let prk = self.prk(line, &salt, digest, keys, envelopes);
        let sealed = Envelope {
            field: if place["field"] == "request" { 1 } else { 2 },
            algorithm: data["algorithm"].as_str().unwrap(),
            salt,
            ciphertext: unbase64(&data["ciphertext"]),
            nonce: Some(unbase64(&data["nonce"])),
            id: uuid(&line["id"]),
            digest,
            chunk: number(&place["index"]) as u32,
            last: place["last"] == true,
        };
        let (plaintext, shown) = self.open(line, &prk, &sealed);
        envelopes.push(shown);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.chunks
            .entry((text(&line["id"]), text(&place["field"])))
            .or_default()
            .extend(plaintext);
    }

    fn unit(&self, line: &Value, keys: &mut dyn Keys, envelopes: &mut Vec<Value>) {
        let body = &line["body"];
        let sealed = Envelope {
            field: 5,
            algorithm: "AES-256-GCM",
            salt: unbase64(&body["salt"]),
            ciphertext: unbase64(&body["unit"]),
            nonce: None,
            id: [0; 16],
            digest: [0; 32],
            chunk: 0,
            last: false,
        };
        let (plaintext, shown) = self.open(line, &self.without_unit(&body["class"]), &sealed);
        envelopes.push(shown);
        assert_eq!(plaintext.len(), 16 + 32);
        let key = keys.unit(plaintext[..16].try_into().unwrap());
        let commitment = hmac(&key, &[b"symlog unit commitment v1", &self.log(), &[1]]);
        assert_eq!(unbase64(&body["commitment"]), commitment);
    }
}
