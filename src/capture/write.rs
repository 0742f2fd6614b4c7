//! Writes a pcapng: packets made around byte streams, with the TLS secrets in front of them.
