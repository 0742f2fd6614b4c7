//! Capture files: pcap and pcapng, plain or compressed, from files or from standard input.
