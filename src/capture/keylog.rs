//! TLS secrets in the NSS key log format: from files that may still grow, and from inside a pcapng.
