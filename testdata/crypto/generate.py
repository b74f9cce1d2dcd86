#!/usr/bin/env python3
"""Writes the vectors beside it with pyca/cryptography, an implementation that shares no code with symlog's.

Everything is derived from fixed text, so that running it again changes nothing.
"""
import base64
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = pathlib.Path(__file__).parent
AEADS = {"AES-256-GCM": AESGCM, "ChaCha20-Poly1305": ChaCha20Poly1305}


def derived(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


def b64(data):
    return base64.b64encode(data).decode()


def argon2id(passphrase, salt, memory, passes, lanes):
    return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(passphrase)


def envelope(name, algorithm, size, aad, kdf, key=None):
    key = key or derived(name + " key", 32)
    nonce, salt = derived(name + " nonce", 12), derived(name + " salt", 32)
    plaintext = derived(name + " plaintext", size)
    return {
        "name": name,
        "key": key.hex(),
        "aad": aad.hex(),
        "plaintext": plaintext.hex(),
        "envelope": {
            "ciphertext": b64(AEADS[algorithm](key).encrypt(nonce, plaintext, aad or None)),
            "nonce": b64(nonce),
            "salt": b64(salt),
            "algorithm": algorithm,
            "kdf": kdf,
        },
    }


def passphrase(label, text, memory, passes, lanes):
    salt = derived(label + text, 32)
    return {
        "label": label,
        "passphrase": text,
        "salt": salt.hex(),
        "key": argon2id(text.encode(), salt, memory, passes, lanes).hex(),
    }


def hkdf(name, size, parts):
    ikm, salt = derived(name + " ikm", 32), derived(name + " salt", 16)
    info = b"".join(parts)
    okm = HKDF(hashes.SHA256(), size, salt, info).derive(ikm)
    return {"name": name, "ikm": ikm.hex(), "salt": salt.hex(), "info": [p.hex() for p in parts], "okm": okm.hex()}


def mac(name, size):
    key, message = derived(name + " key", 32), derived(name + " message", size)
    state = hmac.HMAC(key, hashes.SHA256())
    state.update(message)
    return {"name": name, "key": key.hex(), "message": message.hex(), "tag": state.finalize().hex()}


def signature(name, size):
    seed, message = derived(name + " seed", 32), derived(name + " message", size)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return {
        "name": name,
        "seed": seed.hex(),
        "public": key.public_key().public_bytes_raw().hex(),
        "message": message.hex(),
        "signature": key.sign(message).hex(),
    }


def write(path, vectors):
    path.write_text(json.dumps(vectors, indent=1) + "\n")


write(
    HERE / "envelopes.json",
    [
        envelope(f"{algorithm} {size} {'bound' if aad else 'free'}", algorithm, size, aad, "HKDF-SHA256")
        for algorithm in AEADS
        for size in (0, 1, 16, 1000)
        for aad in (b"", b"log 7, entry 42")
    ],
)
write(
    HERE / "argon2id.json",
    [
        passphrase("Argon2", "test_key_123", 19456, 2, 1),
        passphrase("Argon2id-m65536-t3-p1", "test_key_123", 65536, 3, 1),
        passphrase("Argon2id-m65536-t3-p1", "pässwörd ☀", 65536, 3, 1),
        passphrase("Argon2id-m19456-t2-p4", "four lanes", 19456, 2, 4),
    ],
)
write(
    HERE / "hkdf-sha256.json",
    [
        hkdf("one key", 32, [b"symlog"]),
        hkdf("key and nonce", 44, [b"log", b"segment", b"7"]),
        hkdf("no info", 44, []),
        hkdf("longest", 8160, [b"long"]),
    ],
)
write(HERE / "hmac-sha256.json", [mac(f"{size} bytes", size) for size in (0, 1, 64, 1000)])
write(HERE / "ed25519.json", [signature(f"{size} bytes", size) for size in (0, 1, 64, 1000)])

# A secrets file as `[security.secrets.encryption]` describes it.
secrets = json.dumps({"symbiont/logging/encryption_key": "the logging key", "other": "another secret"}).encode()
file_salt, file_nonce = derived("secrets file salt", 32), derived("secrets file nonce", 12)
file_key = argon2id(b"the file's passphrase", file_salt, 65536, 3, 1)
(HERE.parent / "keys" / "secrets.encrypted.json").write_text(
    json.dumps(
        {
            "ciphertext": b64(AESGCM(file_key).encrypt(file_nonce, secrets, None)),
            "nonce": b64(file_nonce),
            "salt": b64(file_salt),
            "algorithm": "AES-256-GCM",
            "kdf": "Argon2id-m65536-t3-p1",
        }
    )
    + "\n"
)
