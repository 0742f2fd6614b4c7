//! One TCP connection of a capture: proxy, TLS, and what is in it.
