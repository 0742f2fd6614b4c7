//! Reads captures and hands out one transcript for every connection that may be SSTP.
