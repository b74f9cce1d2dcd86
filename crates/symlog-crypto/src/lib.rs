//! AEAD, KDF, signature and secret-key types behind one swappable provider.
