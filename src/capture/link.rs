//! Link and network layers: from a captured packet to a TCP segment.
