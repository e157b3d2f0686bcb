//! TLS 1.2 with each peer, both ways.
