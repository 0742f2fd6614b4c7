//! What a server can find wrong with a Call Connected. MS-SSTP 3.3.5.2.3.

/// The attributes are not those of the message.
pub const FORM_WRONG: &str = "not one Crypto Binding attribute";
/// The hash protocol is none or was not offered.
pub const HASH_WRONG: &str = "wrong hash protocol";
/// The nonce is not that of the Call Connect Ack.
pub const NONCE_WRONG: &str = "wrong nonce";
/// The hash is not that of the certificate.
pub const CERT_HASH_WRONG: &str = "wrong certificate hash";
/// It came before the client was known.
pub const TOO_EARLY: &str = "before the login";
/// The MAC is right under a key of zeros.
pub const ZERO_KEY: &str = "MAC under a key of zeros";
/// The MAC is right under the key with its halves in the wrong order.
pub const KEY_SWAPPED: &str = "MAC under a key with its halves swapped";
/// The MAC is wrong under every key.
pub const MAC_WRONG: &str = "wrong MAC";
